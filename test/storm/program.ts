/** The built program, as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { builtProgram } from '../built-program.ts';

/** What to run. */
export interface ProgramOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Called with each line of standard error. */
  readonly onErrorLine?: (line: string) => void;
}

/** A running program. */
export class BuiltProgram {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #stdout = '';

  constructor({ args, env = {}, execArgv = [], onErrorLine = () => undefined }: ProgramOptions) {
    this.child = spawn(process.execPath, [...execArgv, builtProgram, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    let rest = '';
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onErrorLine);
    });
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Resolves with the match once standard output has one; rejects if the program ends before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match !== null) return match;
      const data = once(this.child.stdout ?? this.child, 'data').then(() => undefined);
      const code = await Promise.race([this.exited, data]);
      if (code !== undefined) throw new Error(`a program exited with ${code}: ${this.#stdout}`);
    }
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    // A stopped process would not receive the signal.
    this.child.kill('SIGCONT');
    return this.exited;
  }
}
