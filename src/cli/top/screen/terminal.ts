/** Controls the terminal: raw keys, the alternate screen, and restoring it in every case. */
import { writeSync } from 'node:fs';
import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { restoreSequence, Screen } from './screen.ts';

/** A key that was pressed: its name ("up", "return", "c-c" with Ctrl), or the character itself. */
export type PressedKey = string;

/** The terminal's streams. */
export interface TerminalStreams {
  readonly stdin: ReadStream;
  /** Has the descriptor of the terminal, like `process.stdout`. */
  readonly stdout: WriteStream & { readonly fd: number };
}

/** The events of a terminal. */
export interface TerminalListener {
  key(key: PressedKey): void;
  resize(): void;
}

/** A terminal in raw mode. */
export class Terminal {
  readonly screen: Screen;
  readonly #streams: TerminalStreams;
  readonly #listener: TerminalListener;
  readonly #onKey = (text: string | undefined, key: Key): void => {
    const name = keyName(text, key);
    if (name !== null) this.#listener.key(name);
  };
  readonly #onResize = (): void => {
    this.screen.invalidate();
    this.#listener.resize();
  };
  /** Also runs for an uncaught error, before Node prints it, so that it can be read. */
  readonly #onEnd = (): void => this.restore();
  readonly #onContinue = (): void => {
    this.#take();
    this.#listener.resize();
  };
  #isTaken = false;

  constructor(streams: TerminalStreams, listener: TerminalListener) {
    this.#streams = streams;
    this.#listener = listener;
    this.screen = new Screen(streams.stdout);
  }

  get columns(): number {
    return this.#streams.stdout.columns;
  }

  get rows(): number {
    return this.#streams.stdout.rows;
  }

  /** Takes over the terminal until `close`. */
  open(): void {
    const { stdin, stdout } = this.#streams;
    emitKeypressEvents(stdin);
    stdin.on('keypress', this.#onKey);
    stdout.on('resize', this.#onResize);
    process.on('exit', this.#onEnd);
    process.on('uncaughtExceptionMonitor', this.#onEnd);
    this.#take();
  }

  /** Restores and releases the terminal. */
  close(): void {
    const { stdin, stdout } = this.#streams;
    this.restore();
    stdin.off('keypress', this.#onKey);
    stdout.off('resize', this.#onResize);
    process.off('exit', this.#onEnd);
    process.off('uncaughtExceptionMonitor', this.#onEnd);
    process.off('SIGCONT', this.#onContinue);
    stdin.pause();
  }

  /** Restores the terminal synchronously, because the process may end directly afterwards. */
  restore(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    const { stdin, stdout } = this.#streams;
    try {
      stdin.setRawMode(false);
      // Bypasses the stream, whose queue is lost if the process ends now.
      writeSync(stdout.fd, restoreSequence);
    } catch {
      // The terminal is closed, so there is nothing to restore.
    }
  }

  /** Stops the program until it is continued, as Ctrl-Z does in a shell. */
  suspend(): void {
    this.restore();
    process.once('SIGCONT', this.#onContinue);
    // Signals the whole group, like the terminal, so that npm and its shell stop too.
    process.kill(0, 'SIGTSTP');
  }

  #take(): void {
    this.#isTaken = true;
    this.#streams.stdin.setRawMode(true);
    this.#streams.stdin.resume();
    this.screen.enter();
  }
}

/** The name of a key: Node's for special keys, the character for others; null for none. */
export function keyName(text: string | undefined, key: Key): PressedKey | null {
  const { name, ctrl, meta, sequence } = key;
  if (ctrl === true && name !== undefined) return `c-${name}`;
  if (meta === true && name !== 'escape') return null;
  if (name !== undefined && (name.length > 1 || sequence === undefined))
    return name === 'enter' ? 'return' : name;
  const character = text ?? sequence;
  return character === undefined || character === '' ? null : character;
}
