/** The events of many streams: which ticks each has received, and how long after the snapshot. */

/** The ticks that count: from this moment on, this many, each somewhere in its own slot. Wall clock, milliseconds. */
export interface Window {
  readonly from: number;
  readonly ticks: number;
  readonly everyMilliseconds: number;
}

/** The result of all streams together. */
export interface TallyResult {
  readonly streams: number;
  readonly events: number;
  readonly expected: number;
  readonly missed: number;
  /** More than one event in one slot. */
  readonly surplus: number;
  /** The errors, and their numbers. */
  readonly errors: Readonly<Record<string, number>>;
  readonly lagMilliseconds: {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
}

const sampledAtKey = Buffer.from('"sampledAt":"');
const unknownRates = Buffer.from('"rates":null');
/** "2026-11-20T10:00:00.000Z" */
const timestampLength = 24;
/** It is asked for first. */
const farthestSampledAt = 200;

/** Counts the events of streams that are known by their numbers. */
export class StreamTally {
  /** The time of the snapshot of the newest event of the first stream. */
  newestSampledAt = 0;
  /** Streams that have had an event with rates in it. */
  warm = 0;
  readonly #isWarm: Uint8Array;
  readonly #streams: number;
  readonly #errors = new Map<string, number>();
  #window: Window | null = null;
  #seen = new Uint8Array(0);
  #surplus = 0;
  #lags = new Float64Array(0);
  #events = 0;
  /** The last events that were looked through, one of each kind: thousands of streams are sent the same bytes. */
  readonly #known: (Known | null)[];

  /** What streams are sent is of this many kinds, which they have in turn. */
  constructor(streams: number, kinds = 1) {
    this.#streams = streams;
    this.#known = Array.from({ length: kinds }, () => null);
    this.#isWarm = new Uint8Array(streams);
  }

  /** From now on what falls into the window counts. */
  open(window: Window): void {
    this.#seen = new Uint8Array(this.#streams * window.ticks);
    this.#lags = new Float64Array(this.#streams * (window.ticks + 1));
    this.#window = window;
  }

  /** Counts an event, given as bytes. Errors are at its beginning. */
  event(stream: number, bytes: Buffer): void {
    const arrivedAt = performance.timeOrigin + performance.now();
    const kind = stream % this.#known.length;
    const last = this.#known[kind];
    const known = last?.bytes.equals(bytes) === true ? last : read(bytes);
    this.#known[kind] = known;
    if (known === null) {
      this.error(`event: ${bytes.toString('latin1', 0, 200)}`);
      return;
    }
    const { sampledAt } = known;
    if (stream === 0) this.newestSampledAt = sampledAt;
    if (!known.hasRates) {
      // Only a first event has nothing before it.
      if (this.#isWarm[stream] === 1) this.error('rates are unknown');
      return;
    }
    if (this.#isWarm[stream] === 0) {
      this.#isWarm[stream] = 1;
      this.warm += 1;
    }
    if (this.#window !== null) this.#count(this.#window, { stream, sampledAt, arrivedAt });
  }

  /** Notes unexpected events. */
  error(what: string): void {
    this.#errors.set(what, (this.#errors.get(what) ?? 0) + 1);
  }

  result(): TallyResult {
    const lags = this.#lags.subarray(0, this.#events).sort();
    const quantile = (part: number): number => lags[Math.max(0, Math.ceil(lags.length * part) - 1)] ?? NaN;
    const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
    const seen = this.#seen.reduce((sum, isSeen) => sum + isSeen, 0);
    return {
      streams: this.#streams,
      events: this.#events,
      expected: this.#seen.length,
      missed: this.#seen.length - seen,
      surplus: this.#surplus,
      errors: Object.fromEntries(this.#errors),
      lagMilliseconds: { mean, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
    };
  }

  #count(
    { from, ticks, everyMilliseconds }: Window,
    event: { stream: number; sampledAt: number; arrivedAt: number },
  ): void {
    const slot = Math.floor((event.sampledAt - from) / everyMilliseconds);
    if (slot < 0 || slot >= ticks) return;
    const place = event.stream * ticks + slot;
    if (this.#seen[place] === 1) this.#surplus += 1;
    this.#seen[place] = 1;
    if (this.#events < this.#lags.length) this.#lags[this.#events] = event.arrivedAt - event.sampledAt;
    this.#events += 1;
  }
}

/** The relevant data of an event. */
interface Known {
  readonly bytes: Buffer;
  /** Milliseconds since 1970. */
  readonly sampledAt: number;
  readonly hasRates: boolean;
}

/** Searches an event; null if it has errors or no time. */
function read(bytes: Buffer): Known | null {
  const place = bytes.indexOf(sampledAtKey);
  if (place === -1 || place > farthestSampledAt || bytes.subarray(0, place).includes('"errors"')) return null;
  const start = place + sampledAtKey.length;
  const sampledAt = Date.parse(bytes.toString('latin1', start, start + timestampLength));
  return { bytes: Buffer.from(bytes), sampledAt, hasRates: !bytes.includes(unknownRates) };
}
