/** Logs the first lines that a child process writes to standard error. */
import type { SourceLog } from '../source.ts';
import { BoundedLines } from './bounded-line.ts';

const maxLineBytes = 1_000;
/** The most lines of one process that are logged. */
const maxLines = 20;
/** The most last lines that are part of a failure. */
const tailLines = 5;

/** The standard error of one process. */
export class ErrorOutput {
  readonly #log: SourceLog | undefined;
  readonly #lines: BoundedLines;
  #logged = 0;
  #tail: string[] = [];

  constructor(log: SourceLog | undefined) {
    this.#log = log;
    this.#lines = new BoundedLines({
      maxBytes: maxLineBytes,
      onLine: (line) => this.#note(line),
      onTooLong: (start) => this.#note(`${start}…`),
    });
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  /** The last lines, and the text after them. */
  tail(): string {
    return [...this.#tail, this.#lines.rest()].filter((line) => line !== '').join('\n');
  }

  #note(line: string): void {
    if (line.trim() === '') return;
    this.#tail = [...this.#tail, line].slice(-tailLines);
    this.#logged += 1;
    if (this.#logged <= maxLines) this.#log?.warn({ line }, 'PowerShell says on standard error');
    if (this.#logged === maxLines)
      this.#log?.warn({ lines: maxLines }, 'what else PowerShell says is left out');
  }
}
