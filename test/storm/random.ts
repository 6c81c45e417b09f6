/** Random numbers from one seed. */
import { fraction, mix } from '../../src/source/simulator/random.ts';

/** Draws numbers; what comes depends on the seed and on how many were drawn before. */
export class Random {
  readonly #seed: number;
  #drawn = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(fraction(mix(this.#seed, this.#drawn++)) * (to - from + 1));
  }

  one<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('There is nothing to choose from.');
    return items[this.whole(0, items.length - 1)] as Item;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) bytes[at] = this.whole(0, 255);
    return bytes;
  }

  /** A word that is most likely new. */
  word(): string {
    return `w${this.whole(0, 0x7fff_ffff).toString(36)}`;
  }
}
