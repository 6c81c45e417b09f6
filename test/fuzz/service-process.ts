/** The built program as processes of their own, and what they hold once no client is connected. */
import { readdirSync, readlinkSync } from 'node:fs';
import { serve, type Served } from '../end-to-end/program.ts';
import { Inspector } from '../storm/inspector.ts';

/** What a process holds. */
export interface Holdings {
  /** What each open descriptor is, without numbers (proc_pid_fd(5)): 'socket:[]'. */
  readonly descriptors: readonly string[];
  /** In the heap and in buffers, after garbage was collected. */
  readonly bytes: number;
}

/** A service that is inspected. */
export class ServiceProcess {
  readonly served: Served;

  private constructor(served: Served) {
    this.served = served;
  }

  static async start(args: readonly string[]): Promise<ServiceProcess> {
    // The inspector is not part of the service: it measures the heap, and is idle until then.
    return new ServiceProcess(await serve(args, {}, ['--inspect=127.0.0.1:0']));
  }

  /** Throws where it has ended. */
  expectAlive(): void {
    const { exitCode, signalCode } = this.served.program.child;
    if (exitCode !== null || signalCode !== null)
      throw new Error(`the service has ended (${exitCode ?? signalCode})`);
  }

  /** The end of what it has written to standard error; with why it has ended, where it has or is about to. */
  async lastWords(): Promise<string> {
    const { program } = this.served;
    await Promise.race([program.exited, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    return program.stderr.slice(-2_000);
  }

  async holdings(): Promise<Holdings> {
    this.expectAlive();
    const [, address = ''] = /Debugger listening on (ws:\S+)/.exec(this.served.program.stderr) ?? [];
    const inspector = await Inspector.open(address);
    try {
      await inspector.collectGarbage();
      await inspector.collectGarbage();
      const bytes = await inspector.evaluate<number>(
        '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())',
      );
      return { bytes, descriptors: descriptorsOf(this.served.program.child.pid) };
    } finally {
      inspector.close();
    }
  }
}

function descriptorsOf(pid: number | undefined): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  const kinds = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).replaceAll(/\d/g, '');
    } catch {
      // Closed meanwhile.
      return 'closed';
    }
  });
  return kinds.sort();
}
