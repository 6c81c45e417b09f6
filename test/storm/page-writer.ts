/** The program that keeps the page folder alive: `hvql simulate`, which can be stopped, killed and replaced. */
import { BuiltProgram } from './program.ts';

/** 64 partitions, four of them the children of another guest; see the limit on pages in stormed-service.ts. */
const host = 'lps=16&partitions=64&vps=2&nested=4';
const every = '200ms';

/** Writes pages to a folder. */
export class PageWriter {
  readonly #folder: string;
  #program: BuiltProgram | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts one, with a host of this seed; resolves once the pages are there. */
  async start(seed: number): Promise<void> {
    const source = `simulator?seed=${seed}&${host}`;
    const lines: string[] = [];
    this.#program = new BuiltProgram({
      args: ['simulate', '--source', source, '--every', every, '--out', this.#folder],
      onErrorLine: (line) => lines.push(line),
    });
    const began = this.#program.prints(/^Writing/m);
    await began.catch((error: unknown) => {
      throw new Error(`The pages cannot be written: ${String(error)} ${lines.join(' ')}`);
    });
  }

  /** It stops writing until `goOn`. A signal takes some time. */
  standStill(): void {
    this.#program?.child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#program?.child.kill('SIGCONT');
  }

  /** Whether it has ended by itself. */
  get hasEnded(): boolean {
    return this.#program !== null && this.#program.child.exitCode !== null;
  }

  async kill(): Promise<void> {
    await this.#program?.stop('SIGKILL');
    this.#program = null;
  }
}
