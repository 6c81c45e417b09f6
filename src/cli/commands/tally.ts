/** Keeps count of what failed, with the first reasons. */
import { formatCount } from '../format.ts';
import { printable } from '../printable.ts';

const reasonsKept = 3;

/** How often something failed, and why. */
export class Tally {
  readonly #what: string;
  readonly #reasons = new Set<string>();
  #count = 0;

  /** What it is that fails, in the singular: "page". */
  constructor(what: string) {
    this.#what = what;
  }

  add(reason: string): void {
    this.#count++;
    if (this.#reasons.size < reasonsKept) this.#reasons.add(reason);
  }

  /** Lines for a person: how many failed, and the first different reasons; '' where nothing failed. */
  report(): string {
    if (this.#count === 0) return '';
    const lines = [`${formatCount(this.#count, this.#what)} could not be read:`];
    for (const reason of this.#reasons) lines.push(`  ${printable(reason)}`);
    if (this.#count > this.#reasons.size) lines.push('  …');
    return `${lines.join('\n')}\n`;
  }
}
