/** Shares reads of a source among concurrent callers, and for a short time with later ones. */
import type { HvqlError } from '../../errors.ts';
import { ExpiringValue } from '../../lib/expiring-value.ts';
import { SingleFlight } from '../../lib/single-flight.ts';
import { steadyClockOf, type Clock } from '../../snapshot/moment.ts';
import { readingKey, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';

/** How long a read is shared. */
export interface ShareReadsOptions {
  readonly clock: Clock;
  /** From the start of the read; 0 shares it only among calls in the same turn of the event loop. */
  readonly windowMilliseconds: number;
}

/**
 * Reads the source once for all calls in one turn of the event loop: each object is read once, and each caller gets its
 * own. A later call whose objects were all in the last read gets them from there while that is recent enough; `at` is
 * the moment of the read. A read that rejects is not shared with later calls. The source's signal is aborted once no
 * caller waits.
 */
export function shareReads(source: Source, { clock, windowMilliseconds }: ShareReadsOptions): Source {
  const sharing = { now: steadyClockOf(clock), windowMilliseconds };
  const recentTopology = new ExpiringValue<Topology>(sharing);
  const recentReadings = new ExpiringValue<ReadSet>(sharing);
  const topologies = new SingleFlight<null, Topology>({
    combine: () => null,
    run: async (_, signal) => {
      const began = recentTopology.begin();
      return recentTopology.keep(await source.topology(signal), began);
    },
    schedule: setImmediate,
  });
  const readings = new SingleFlight<readonly ObjectName[], ReadSet>({
    combine: union,
    run: async (objects, signal) => {
      const began = recentReadings.begin();
      const taken = await source.read(objects, signal);
      return recentReadings.keep(new ReadSet(objects, taken), began);
    },
    schedule: setImmediate,
  });
  return {
    kind: source.kind,
    description: source.description,
    host: source.host ?? null,
    get unreadableLines() {
      return source.unreadableLines ?? null;
    },
    get areas() {
      return source.areas ?? null;
    },
    get held() {
      return source.held ?? null;
    },
    async topology(signal) {
      signal.throwIfAborted();
      return recentTopology.value ?? topologies.load(null, signal);
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      const held = recentReadings.value?.of(objects) ?? null;
      if (held !== null) return held;
      const read = (await readings.load(objects, signal)).of(objects);
      if (read === null) throw new TypeError('A shared read lacks objects that were requested');
      return read;
    },
    ...(source.past === undefined
      ? {}
      : { past: (questions, options) => source.past?.(questions, options) ?? Promise.resolve([]) }),
    async close() {
      recentTopology.forget();
      recentReadings.forget();
      await source.close();
    },
  };
}

/** The objects of several calls, each once. */
function union(batches: readonly (readonly ObjectName[])[]): readonly ObjectName[] {
  const [first = [], ...others] = batches;
  if (others.length === 0) return first;
  return [...new Map(batches.flat().map((object) => [readingKey(object), object])).values()];
}

/** The result of one read, from which callers get their objects. */
class ReadSet {
  readonly #objects: readonly ObjectName[];
  readonly #readings: Readings;
  #byKey: Map<string, Reading | HvqlError> | null = null;

  constructor(objects: readonly ObjectName[], readings: Readings) {
    this.#objects = objects;
    this.#readings = readings;
  }

  /** The outcomes of these objects; null if one of them was not read. */
  of(objects: readonly ObjectName[]): Readings | null {
    if (objects === this.#objects) return this.#readings;
    const { at, outcomes } = this.#readings;
    this.#byKey ??= new Map(
      this.#objects.flatMap((object, n) => {
        const outcome = outcomes[n];
        return outcome === undefined ? [] : [[readingKey(object), outcome] as const];
      }),
    );
    const found: (Reading | HvqlError)[] = [];
    for (const object of objects) {
      const outcome = this.#byKey.get(readingKey(object));
      if (outcome === undefined) return null;
      found.push(outcome);
    }
    return { at, outcomes: found };
  }
}
