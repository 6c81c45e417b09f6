/** Shares reads of a source among concurrent callers, and for a short time with later ones. */
import type { HvqlError } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
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
  const windowNanoseconds = BigInt(Math.round(windowMilliseconds * 1e6));
  const now = (): bigint => clock.now().monotonicNanoseconds;
  const isFresh = (startedAt: bigint): boolean => {
    const age = now() - startedAt;
    return windowNanoseconds > 0n && age >= 0n && age <= windowNanoseconds;
  };
  let listed: { readonly startedAt: bigint; readonly topology: Topology } | null = null;
  let listing: SharedRequest<Topology> | null = null;
  let latest: ReadSet | null = null;
  let reading: SharedReadings | null = null;

  const listOnce = async (signal: AbortSignal): Promise<Topology> => {
    const startedAt = now();
    const topology = await source.topology(signal);
    listed = { startedAt, topology };
    return topology;
  };
  const readOnce = async (objects: readonly ObjectName[], signal: AbortSignal): Promise<ReadSet> => {
    const startedAt = now();
    latest = new ReadSet(startedAt, { objects, readings: await source.read(objects, signal) });
    return latest;
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
      if (listed !== null && isFresh(listed.startedAt)) return listed.topology;
      if (listing?.isOpen !== true) listing = new SharedRequest(listOnce);
      return listing.join(signal);
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      const held = latest !== null && isFresh(latest.startedAt) ? latest.of(objects) : null;
      if (held !== null) return held;
      if (reading?.isOpen !== true) reading = new SharedReadings(readOnce);
      return reading.join(objects, signal);
    },
    async close() {
      listed = null;
      latest = null;
      await source.close();
    },
  };
}

/** Collects what several callers read together. */
class SharedReadings {
  readonly #batches: (readonly ObjectName[])[] = [];
  readonly #request: SharedRequest<ReadSet>;

  constructor(readOnce: (objects: readonly ObjectName[], signal: AbortSignal) => Promise<ReadSet>) {
    this.#request = new SharedRequest((signal) => readOnce(this.#objects(), signal));
  }

  get isOpen(): boolean {
    return this.#request.isOpen;
  }

  async join(objects: readonly ObjectName[], signal: AbortSignal): Promise<Readings> {
    this.#batches.push(objects);
    const readings = (await this.#request.join(signal)).of(objects);
    if (readings === null) throw new TypeError('A shared read lacks objects that were requested');
    return readings;
  }

  #objects(): readonly ObjectName[] {
    const [first = [], ...others] = this.#batches;
    if (others.length === 0) return first;
    return [...new Map(this.#batches.flat().map((object) => [readingKey(object), object])).values()];
  }
}

/** The result of one read, from which callers get their objects. */
class ReadSet {
  readonly startedAt: bigint;
  readonly #objects: readonly ObjectName[];
  readonly #readings: Readings;
  #byKey: Map<string, Reading | HvqlError> | null = null;

  constructor(startedAt: bigint, taken: { objects: readonly ObjectName[]; readings: Readings }) {
    this.startedAt = startedAt;
    this.#objects = taken.objects;
    this.#readings = taken.readings;
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

/** One request for all callers that join before the end of the turn of the event loop. */
export class SharedRequest<Answer> {
  readonly #abort = new AbortController();
  readonly #answer: Promise<Answer>;
  #callers = 0;
  #hasStarted = false;

  /** The signal of `ask` is aborted once no caller waits. */
  constructor(ask: (signal: AbortSignal) => Promise<Answer>) {
    this.#answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#hasStarted = true;
      return ask(this.#abort.signal);
    });
    // Handled, in case no caller is left.
    this.#answer.catch(() => undefined);
  }

  /** Whether a caller may join. */
  get isOpen(): boolean {
    return !this.#hasStarted && !this.#abort.signal.aborted;
  }

  /** The response; rejects with the signal's reason if that is aborted first, without effect on other callers. */
  join(signal: AbortSignal): Promise<Answer> {
    this.#callers += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#callers -= 1;
        if (this.#callers === 0) this.#abort.abort(signal.reason);
        // The reason may be any value; it is passed on.
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }
}
