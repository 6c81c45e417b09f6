/** Progress and failures of a long-running command. */
import type { TextStream } from '../command-context.ts';
import { formatCount, printable } from '../format.ts';

/** One line that is rewritten in place. */
export interface Progress {
  show(text: string): void;
  /** Removes the line before other output. */
  clear(): void;
}

/** Moves to the start of the line and erases it (ECMA-48: CR, then EL). */
const wipe = '\r\u001b[K';

/** Shows progress on a terminal; writes nothing to a file or a pipe. */
export function progress(stream: TextStream): Progress {
  if (stream.isTTY !== true) return { show: () => {}, clear: () => {} };
  let isShown = false;
  return {
    show(text) {
      // A wrapped line could not be erased.
      const width = (stream.columns ?? 80) - 1;
      stream.write(`${wipe}${text.slice(0, width)}`);
      isShown = true;
    },
    clear() {
      if (isShown) stream.write(wipe);
      isShown = false;
    },
  };
}

const reasonsKept = 3;

/** Counts failures, and keeps the first distinct reasons. */
export class Tally {
  readonly #what: string;
  readonly #reasons = new Set<string>();
  #count = 0;

  /** `what` is the kind of thing that fails, in the singular: "page". */
  constructor(what: string) {
    this.#what = what;
  }

  add(reason: string): void {
    this.#count++;
    if (this.#reasons.size < reasonsKept) this.#reasons.add(reason);
  }

  /** A summary: the number of failures and the first distinct reasons; '' if nothing failed. */
  report(): string {
    if (this.#count === 0) return '';
    const lines = [`${formatCount(this.#count, this.#what)} could not be read:`];
    for (const reason of this.#reasons) lines.push(`  ${printable(reason)}`);
    if (this.#count > this.#reasons.size) lines.push('  …');
    return `${lines.join('\n')}\n`;
  }
}
