/** A terminal for tests: a pane of tmux, which shows what a person would see. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtProgram } from '../../built-program.ts';
import { findProgram } from '../../debian-program.ts';
import { until } from '../../until.ts';

/** null where tmux is not installed. */
export const tmuxPath = findProgram('tmux');

/** How a pane is opened. */
export interface PaneOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A pane in which a shell runs the program. */
export class Pane {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hvql-top-'));
  readonly #raw = join(this.#folder, 'raw');

  /** Runs `hvql top` with these arguments after a line of the shell's own, and then the shell again. */
  constructor(args: readonly string[], { columns = 80, rows = 24, env = {} }: PaneOptions = {}) {
    const program = [process.execPath, builtProgram, 'top', ...args].map(quoted).join(' ');
    // The shell's line has to be there again when the program has given the screen back.
    const script = [
      "printf 'before top\\n'",
      `tmux -S ${quoted(this.#socket)} pipe-pane -o 'cat >${this.#raw}'`,
      `${program} & echo $! >${this.#folder}/pid`,
      'fg >/dev/null',
      'code=$?',
      // Stopped by SIGTSTP: continues when Enter is pressed. bash leaves a list of commands whose job is stopped.
      '[ $code != 148 ] || { echo stopped; read -r; fg >/dev/null; code=$?; }',
      `echo "ended $code: $(stty -a | grep -ow -e '-*icanon' -e '-*echo' | tr '\\n' ' ')"`,
      'exec cat',
    ].join('\n');
    const variables = Object.entries({ TERM: 'screen-256color', ...env }).flatMap(([name, value]) => [
      '-e',
      `${name}=${value}`,
    ]);
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...variables, 'bash', '-mc', script);
  }

  get #socket(): string {
    return join(this.#folder, 'tmux');
  }

  /** What a person sees: a line for each row, without spaces at the ends. */
  lines(): readonly string[] {
    return this.#tmux('capture-pane', '-p').replace(/\n$/, '').split('\n');
  }

  /** The same with its colours as escape sequences. */
  painted(): string {
    return this.#tmux('capture-pane', '-ep');
  }

  /** Everything that was written to the terminal. */
  written(): string {
    return readFileSync(this.#raw, 'utf8');
  }

  /** Presses keys, as tmux names them: "q", "Enter", "C-c". */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  /** Types a text. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Of the program's process. */
  get pid(): number {
    return Number(readFileSync(join(this.#folder, 'pid'), 'utf8'));
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** "alternate cursor": whether a program has the screen, and whether there is a cursor, as 0 or 1. */
  modes(): string {
    return this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}').trim();
  }

  /** Resolves with the screen once it matches, as lines or as text without its line breaks. */
  async shows(...patterns: readonly RegExp[]): Promise<string> {
    let screen = '';
    await until(
      () => {
        screen = this.lines().join('\n');
        const text = screen.replaceAll('\n', ' ');
        return patterns.every((pattern) => pattern.test(screen) || pattern.test(text));
      },
      () => `${patterns.join(' ')} in\n${screen}`,
    );
    return screen;
  }

  close(): void {
    try {
      this.#tmux('kill-server');
    } catch {
      // The server ends with its last pane.
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync(tmuxPath ?? 'tmux', ['-S', this.#socket, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
