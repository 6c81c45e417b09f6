/** The reader of one live event: everything in it was read by its tick. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { Reading, Outcome } from '../../snapshot/reading.ts';
import { changeOf, type ReadingChange } from '../change/change.ts';
import { noHistory } from '../read/history-sample.ts';
import { requestText, type SnapshotReader, type Over, type Ranking } from '../read/snapshot-reader.ts';
import { firstOf } from '../read/rank.ts';
import type { Snapshot } from '../read/snapshot.ts';
import type { Tick } from './tick.ts';

/**
 * Changes are taken from the previous event, or from an earlier reading if a time is requested or there was no
 * previous event.
 */
export class LiveSnapshotReader implements SnapshotReader {
  readonly defaultOver = 'PREVIOUS_EVENT';
  readonly history = noHistory;
  readonly #tick: Tick;
  readonly #previous: Snapshot | null;
  /** Deltas and rates of an object are made from one change. */
  readonly #changes = new Map<Over, Map<Granted, Outcome<ReadingChange>>>();

  /** `previous` is the snapshot of the previous event; null for a first event. */
  constructor(tick: Tick, previous: Snapshot | null) {
    this.#tick = tick;
    this.#previous = previous;
  }

  moment(): Moment {
    const { at } = this.#tick.snapshot;
    if (at instanceof HvqlError) throw at;
    return at;
  }

  reading(object: Granted): Outcome<Reading> {
    const sample = this.#tick.snapshot.sampleOf(object);
    // The tick read what the plan of the same operation needs.
    if (sample === null) throw new TypeError(`${requestText({ object, over: null })} was not planned`);
    return sample instanceof HvqlError ? sample : sample.reading;
  }

  change(object: Granted, over: Over): Outcome<ReadingChange> {
    let changes = this.#changes.get(over);
    if (changes === undefined)
      this.#changes.set(over, (changes = new Map<Granted, Outcome<ReadingChange>>()));
    const known = changes.get(object);
    if (known !== undefined) return known;
    const later = this.#tick.snapshot.sampleOf(object);
    const earlier = this.#tick.earlier(object, over === 'PREVIOUS_EVENT' ? this.#previous : over);
    const change = changeOf(object.object, { earlier, later });
    changes.set(object, change);
    return change;
  }

  first<Item>(items: readonly Item[], ranking: Ranking<Item>): readonly Item[] {
    return firstOf(this, { items, ...ranking });
  }
}
