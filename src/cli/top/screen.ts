/** The screen of a terminal: shows a frame with one write of the lines that have changed. */
import type { Writable } from 'node:stream';

/** What leaves the terminal as it was: the cursor, the colours, the shell's own screen (xterm's 1049). */
export const restoreSequence = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';
/** A screen of its own without a cursor, on which long lines do not wrap. */
const enterSequence = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';

/** Shows frames. */
export class Screen {
  readonly #output: Pick<Writable, 'write' | 'once' | 'writableNeedDrain'>;
  #shown: readonly string[] = [];
  #waiting: readonly string[] | null = null;

  constructor(output: Pick<Writable, 'write' | 'once' | 'writableNeedDrain'>) {
    this.#output = output;
  }

  /** Takes the terminal's screen. */
  enter(): void {
    this.#shown = [];
    this.#output.write(enterSequence);
  }

  /** Makes the next frame write all its lines, for a terminal that was resized or written to by others. */
  invalidate(): void {
    this.#shown = [];
  }

  /**
   * Shows these lines. A terminal that is slower than the frames, such as one over ssh, gets the newest frame once it has
   * taken the one before.
   */
  show(lines: readonly string[]): void {
    if (this.#output.writableNeedDrain) {
      if (this.#waiting === null) this.#output.once('drain', () => this.#showWaiting());
      this.#waiting = lines;
      return;
    }
    const text = changes(this.#shown, lines);
    this.#shown = lines;
    if (text !== '') this.#output.write(text);
  }

  #showWaiting(): void {
    const lines = this.#waiting;
    this.#waiting = null;
    if (lines !== null) this.show(lines);
  }
}

/** Moves to each line that differs, writes it and erases its rest; erases lines that are no more. */
function changes(before: readonly string[], after: readonly string[]): string {
  let text = '';
  const count = Math.max(before.length, after.length);
  for (let row = 0; row < count; row += 1) {
    const line = after[row] ?? '';
    if (line !== (before[row] ?? null)) text += `\u001b[${row + 1};1H${line}\u001b[K`;
  }
  return text;
}
