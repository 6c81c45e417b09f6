/** The look behind one event of a live stream: everything in it was read by its tick. */
import type { Granted } from '../access/access.ts';
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import type { Reading } from '../snapshot/reading.ts';
import { growthOf, type ReadingGrowth } from './growth.ts';
import { requestText, type Look, type Over, type Ranking } from './look.ts';
import type { Outcome } from './outcome.ts';
import { firstOf } from './rank.ts';
import type { Sight } from './sight.ts';
import type { Tick } from './tick.ts';

/**
 * A look at a tick. Growth is taken against the event before, or an earlier reading where a time is asked for or there
 * was no event before.
 */
export class LiveLook implements Look {
  readonly defaultOver = 'PREVIOUS_EVENT';
  readonly #tick: Tick;
  readonly #previous: Sight | null;
  /** So that an object's deltas and rates are made from one growth. */
  readonly #growths = new Map<Over, Map<Granted, Outcome<ReadingGrowth>>>();

  /** `previous` is what the event before was made from; null for a first event. */
  constructor(tick: Tick, previous: Sight | null) {
    this.#tick = tick;
    this.#previous = previous;
  }

  moment(): Moment {
    const { at } = this.#tick.sight;
    if (at instanceof HvqlError) throw at;
    return at;
  }

  reading(object: Granted): Outcome<Reading> {
    const sample = this.#tick.sight.sampleOf(object);
    // The tick read what the plan of the same operation had asked for.
    if (sample === null) throw new TypeError(`${requestText({ object, over: null })} was not planned`);
    return sample instanceof HvqlError ? sample : sample.reading;
  }

  growth(object: Granted, over: Over): Outcome<ReadingGrowth> {
    let growths = this.#growths.get(over);
    if (growths === undefined)
      this.#growths.set(over, (growths = new Map<Granted, Outcome<ReadingGrowth>>()));
    const known = growths.get(object);
    if (known !== undefined) return known;
    const later = this.#tick.sight.sampleOf(object);
    const earlier = this.#tick.earlier(object, over === 'PREVIOUS_EVENT' ? this.#previous : over);
    const growth = growthOf(object.object, { earlier, later });
    growths.set(object, growth);
    return growth;
  }

  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[] {
    return firstOf(this, { items, ...ranking });
  }
}
