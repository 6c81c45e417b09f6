/** One look at a source for all who ask at the same moment, or a moment later. */
import type { HvqlError } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
import { readingKey, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { Round } from './round.ts';

/** How long a look serves those who come later. */
export interface OneLookOptions {
  readonly clock: Clock;
  /** From the moment that the look began; 0 for only those who ask in the same turn. */
  readonly windowMilliseconds: number;
}

/**
 * The source, asked once by those who ask in one turn: each object is read once, and each asker given its own. Who asks
 * for nothing but what the last look has seen, and soon enough, is given that; `at` says when it was. A look that is
 * rejected serves nobody later. The source's signal is aborted when nobody waits any more.
 */
export function oneLook(source: Source, { clock, windowMilliseconds }: OneLookOptions): Source {
  const windowNanoseconds = BigInt(Math.round(windowMilliseconds * 1e6));
  const now = (): bigint => clock.now().monotonicNanoseconds;
  const isFresh = (begun: bigint): boolean => {
    const age = now() - begun;
    return windowNanoseconds > 0n && age >= 0n && age <= windowNanoseconds;
  };
  let listed: { readonly begun: bigint; readonly topology: Topology } | null = null;
  let listing: Round<Topology> | null = null;
  let seen: Seen | null = null;
  let reading: ReadingRound | null = null;

  const list = async (signal: AbortSignal): Promise<Topology> => {
    const begun = now();
    const topology = await source.topology(signal);
    listed = { begun, topology };
    return topology;
  };
  const look = async (objects: readonly ObjectName[], signal: AbortSignal): Promise<Seen> => {
    const begun = now();
    seen = new Seen(begun, { objects, readings: await source.read(objects, signal) });
    return seen;
  };
  return {
    kind: source.kind,
    description: source.description,
    get unreadableLines() {
      return source.unreadableLines ?? null;
    },
    get areas() {
      return source.areas ?? null;
    },
    async topology(signal) {
      signal.throwIfAborted();
      if (listed !== null && isFresh(listed.begun)) return listed.topology;
      if (listing?.isOpen !== true) listing = new Round(list);
      return listing.join(signal);
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      const held = seen !== null && isFresh(seen.begun) ? seen.of(objects) : null;
      if (held !== null) return held;
      if (reading?.isOpen !== true) reading = new ReadingRound(look);
      return reading.join(objects, signal);
    },
    async close() {
      listed = null;
      seen = null;
      await source.close();
    },
  };
}

/** What several ask to have read in one go. */
class ReadingRound {
  readonly #asked: (readonly ObjectName[])[] = [];
  readonly #round: Round<Seen>;

  constructor(look: (objects: readonly ObjectName[], signal: AbortSignal) => Promise<Seen>) {
    this.#round = new Round((signal) => look(this.#objects(), signal));
  }

  get isOpen(): boolean {
    return this.#round.isOpen;
  }

  async join(objects: readonly ObjectName[], signal: AbortSignal): Promise<Readings> {
    this.#asked.push(objects);
    const readings = (await this.#round.join(signal)).of(objects);
    if (readings === null) throw new TypeError('A look lacks what it was to see');
    return readings;
  }

  #objects(): readonly ObjectName[] {
    const [first = [], ...others] = this.#asked;
    if (others.length === 0) return first;
    return [...new Map(this.#asked.flat().map((object) => [readingKey(object), object])).values()];
  }
}

/** A look that was taken, for whoever wants some of it. */
class Seen {
  readonly begun: bigint;
  readonly #objects: readonly ObjectName[];
  readonly #readings: Readings;
  #byKey: Map<string, Reading | HvqlError> | null = null;

  constructor(begun: bigint, taken: { objects: readonly ObjectName[]; readings: Readings }) {
    this.begun = begun;
    this.#objects = taken.objects;
    this.#readings = taken.readings;
  }

  /** The outcomes of these objects; null where one of them was not looked at. */
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
