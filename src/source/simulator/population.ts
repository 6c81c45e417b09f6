/** The set of existing partitions: they stop, and after a while others take their places. */
import { mix, pick } from './random.ts';
import { startLifetime, type Lifetime } from './lifetime.ts';
import type { SimulatorSettings } from './settings.ts';

const gapInSeconds = { from: 3, to: 12 };

/** Places for partitions, as many as the settings say. Each place is empty or holds one partition after another. */
export class Population {
  /** The partition in each place; null while the place waits for its next partition. */
  readonly lifetimes: (Lifetime | null)[];
  readonly #settings: SimulatorSettings;
  /** The second of the next change in each place: its partition stops or a new one starts. */
  readonly #changesAtSecond: Float64Array;
  #nextChangeAtSecond = 0;
  #nextId = 1;

  constructor(settings: SimulatorSettings) {
    this.#settings = settings;
    this.lifetimes = Array.from({ length: settings.partitions }, () => null);
    this.#changesAtSecond = new Float64Array(settings.partitions);
  }

  /** Advances to this second, which must follow the last one, and returns the places whose partition changed. */
  enter(second: number): readonly number[] {
    if (second < this.#nextChangeAtSecond) return [];
    const changed: number[] = [];
    for (let place = 0; place < this.lifetimes.length; place++) {
      if (second < (this.#changesAtSecond[place] ?? Infinity)) continue;
      this.#changesAtSecond[place] = this.#turnOver(place, second);
      changed.push(place);
    }
    this.#nextChangeAtSecond = this.#changesAtSecond.reduce((a, b) => Math.min(a, b), Infinity);
    return changed;
  }

  /** Stops the place's partition or starts one, and returns the second of the next change. */
  #turnOver(place: number, second: number): number {
    const lifetime = this.lifetimes[place];
    if (lifetime) {
      this.lifetimes[place] = null;
      return second + pick(mix(lifetime.seed, 4), gapInSeconds);
    }
    const { seed, partitions, nested } = this.#settings;
    const next = startLifetime({ seed, id: this.#nextId++, second, isNested: place >= partitions - nested });
    this.lifetimes[place] = next;
    return next.stopsAtSecond;
  }
}
