/** A service with two workers, of which everything around them fails in turn: keys, disk, descriptors, and themselves. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from '../../end-to-end/process-tree.ts';
import { processFigures } from '../../soak/process-figures.ts';
import { nodeFlags } from '../../built-program.ts';
import { BuiltProgram } from '../program.ts';
import { pause } from '../kind.ts';
import { ServiceLog } from '../service-log.ts';
import { KeyServer } from './key-server.ts';

const workerCount = 2;
/** Messages that it may log at level error while something fails. */
const expectedComplaints =
  /^(?:the audit trail (?:cannot be (?:written|reopened))|the end of the audit trail could not be written|the key set could not be fetched for too long.*)$/;
/** How long the service may take to recover, on a busy machine. */
const recoveryLimitMilliseconds = 180_000;

/** Figures of its primary process. */
export interface OutageFigures {
  readonly residentKilobytes: number;
  readonly descriptors: number;
  readonly workers: number;
}

/** The service, and what it depends on. */
export class OutageService {
  readonly keys: KeyServer;
  readonly port: number;
  readonly log: ServiceLog;
  /** A symbolic link, so that another file can be put in the place of the audit trail. */
  readonly #auditTrail: string;
  readonly #program: BuiltProgram;

  private constructor(parts: {
    keys: KeyServer;
    port: number;
    log: ServiceLog;
    auditTrail: string;
    program: BuiltProgram;
  }) {
    this.keys = parts.keys;
    this.port = parts.port;
    this.log = parts.log;
    this.#auditTrail = parts.auditTrail;
    this.#program = parts.program;
  }

  /** Starts it; its audit trail goes into this folder. */
  static async start(base: string): Promise<OutageService> {
    const keys = await KeyServer.start();
    const log = new ServiceLog(expectedComplaints);
    const auditTrail = join(base, 'outage-audit.jsonl');
    writeFileSync(`${auditTrail}.file`, '');
    symlinkSync(`${auditTrail}.file`, auditTrail);
    const program = new BuiltProgram({
      execArgv: ['--trace-warnings', ...nodeFlags],
      args: [
        ...['serve', '--port', '0', '--source', 'simulator?seed=1', '--workers', String(workerCount)],
        ...['--jwks-url', keys.url, '--audit', auditTrail],
        // The primary keeps the past, and would grow for longer than the warm-up.
        ...['--history-bytes', '4MB'],
      ],
      onErrorLine: (line) => log.take(line),
    });
    try {
      const [, port] = await program.prints(/^hvql listening on http:\/\/127\.0\.0\.1:(\d+)\/graphql\n/m);
      return new OutageService({ keys, port: Number(port), log, auditTrail, program });
    } catch (thrown) {
      await program.stop('SIGKILL');
      await keys.goAway();
      throw thrown;
    }
  }

  /** The primary process, and the workers. */
  get pids(): readonly number[] {
    return [this.#program.pid, ...this.workers];
  }

  get workers(): readonly number[] {
    return childrenOf(this.#program.pid);
  }

  get isAlive(): boolean {
    const { exitCode, signalCode } = this.#program.child;
    return exitCode === null && signalCode === null;
  }

  /** The file that takes the audit trail, whole. */
  get auditFile(): string {
    return `${this.#auditTrail}.file`;
  }

  /** Writes the audit trail to another file from now on; null for its own. */
  moveAuditTrail(path: string | null): void {
    symlinkSync(path ?? this.auditFile, `${this.#auditTrail}.new`);
    renameSync(`${this.#auditTrail}.new`, this.#auditTrail);
    this.#program.child.kill('SIGHUP');
  }

  /** Allows each process only this many descriptors more than it has; returns what allows as many as before. */
  limitDescriptors(more: number): () => void {
    const limited = this.pids.map((pid) => {
      const [, soft = '', hard = ''] =
        /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
      const open = readdirSync(`/proc/${pid}/fd`).length;
      setLimit(pid, `${open + more}:${hard}`);
      return { pid, limit: `${soft}:${hard}` };
    });
    return () => {
      const { pids } = this;
      for (const { pid, limit } of limited) if (pids.includes(pid)) setLimit(pid, limit);
    };
  }

  /** Waits until it answers on new connections of both workers, again and again. Throws where it does not. */
  async recovers(): Promise<void> {
    const giveUpAt = performance.now() + recoveryLimitMilliseconds;
    for (let answered = 0; answered < 4 * workerCount;) {
      if (performance.now() > giveUpAt) throw new Error('The service has not recovered from an outage');
      const isAnswered = this.workers.length === workerCount && (await this.#answers());
      answered = isAnswered ? answered + 1 : 0;
      if (!isAnswered) await pause(200, new AbortController().signal);
    }
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await this.keys.sign('1')}`,
          connection: 'close',
        },
        body: '{"query":"{ viewer { isRoot } }"}',
        signal: AbortSignal.timeout(recoveryLimitMilliseconds),
      });
      return (await response.text()) === '{"data":{"viewer":{"isRoot":true}}}';
    } catch {
      return false;
    }
  }

  figures(): OutageFigures {
    const { pid } = this.#program;
    return {
      residentKilobytes: processFigures(pid).residentKilobytes,
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      workers: this.workers.length,
    };
  }

  /** Stops it as an operator does; returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    await this.keys.goAway();
    return this.#program.stop(signal);
  }
}

function setLimit(pid: number, limit: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}`]);
}
