/** The screen of a terminal. Shows a frame with one write of the changed lines. */
import type { Writable } from 'node:stream';

/** Restores the terminal: the cursor, the colours, the shell's own screen (xterm's 1049). */
export const restoreSequence = '\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Switches to the alternate screen, without a cursor and without wrapping of long lines. */
const enterSequence = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';

/** Shows frames on a terminal. */
export class Screen {
  readonly #output: Pick<Writable, 'write' | 'once' | 'writableNeedDrain'>;
  #shown: readonly string[] = [];
  #waiting: readonly string[] | null = null;

  constructor(output: Pick<Writable, 'write' | 'once' | 'writableNeedDrain'>) {
    this.#output = output;
  }

  /** Switches to the alternate screen. */
  enter(): void {
    this.#shown = [];
    this.#output.write(enterSequence);
  }

  /** Makes the next frame write all its lines, for a terminal that was resized or written to by others. */
  invalidate(): void {
    this.#shown = [];
  }

  /**
   * Shows these lines. A slow terminal, for example over ssh, gets the newest frame after it has accepted the previous one.
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

/** Moves to each changed line, writes it and erases its rest; erases lines that no longer exist. */
function changes(before: readonly string[], after: readonly string[]): string {
  let text = '';
  const count = Math.max(before.length, after.length);
  for (let row = 0; row < count; row += 1) {
    const line = after[row] ?? '';
    if (line !== (before[row] ?? null)) text += `\u001b[${row + 1};1H${line}\u001b[K`;
  }
  return text;
}
