/** Readings of several objects over time, for charts. A missing reading is NaN. */
import { signal, type ReadonlySignal } from '@preact/signals';

/** The readings of one moment. */
export interface Frame {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The interval of the rates in the frame; null for current values. */
  seconds: number | null;
  /** Values by the row of the object; NaN or absent if not known. */
  readonly values: number[];
  /** Rows whose totals were reset in the interval. */
  resets: Set<number> | null;
}

/** One value of one object. */
export interface Sample {
  readonly at: number;
  readonly seconds?: number | null | undefined;
  readonly value: number | null | undefined;
  readonly reset?: boolean | undefined;
}

interface Interval {
  readonly seconds: number;
  readonly reset: boolean;
}
interface RunTime {
  readonly at: string;
  readonly interval?: Interval | null;
  readonly rates: { readonly totalRunTime: number | null; readonly interval?: Interval } | null;
}

/** The default time range of a page. */
export const windowMilliseconds = 300_000;
/** The maximum number of kept frames, regardless of how long the page is paused. */
const maxFrames = 1_800;
/** The number of unused rows that are removed together, because partitions appear and disappear. */
const maxIdleRows = 64;

/** Frames in chronological order, of objects that are identified by keys. `commit` announces changes. */
export class Frames {
  #keys: string[] = [];
  #rows = new Map<string, number>();
  #frames: Frame[] = [];
  readonly #version = signal(0);

  /** Changes with each commit. */
  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  get all(): readonly Frame[] {
    return this.#frames;
  }

  /** The time of the newest frame; null without one. */
  get latest(): number | null {
    return this.#frames.at(-1)?.at ?? null;
  }

  /** The row of an object, which is created if necessary. */
  rowOf(key: string): number {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = this.#keys.push(key) - 1;
      this.#rows.set(key, row);
    }
    return row;
  }

  /** Does not replace a known value by an unknown one: an event and a sample of one reading have the same time. */
  add(key: string, { at, seconds = null, value, reset = false }: Sample): void {
    if (!Number.isFinite(at)) return;
    const row = this.rowOf(key);
    const frame = this.#frameAt(at);
    frame.seconds ??= seconds;
    if (value != null) frame.values[row] = value;
    else frame.values[row] ??= Number.NaN;
    if (reset) (frame.resets ??= new Set()).add(row);
  }

  /** Announces added frames, and removes frames from before `since`. */
  commit(since: number): void {
    let dropped = this.#frames.findIndex(({ at }) => at >= since);
    if (dropped === -1) dropped = this.#frames.length;
    dropped = Math.max(dropped, this.#frames.length - maxFrames);
    if (dropped > 0) this.#frames.splice(0, dropped);
    this.#dropIdleRows();
    this.#version.value += 1;
  }

  /** Removes everything, for another object or another sort order. */
  clear(): void {
    this.#keys = [];
    this.#rows.clear();
    this.#frames = [];
    this.#version.value += 1;
  }

  #frameAt(at: number): Frame {
    let index = this.#frames.length;
    while (index > 0 && (this.#frames[index - 1]?.at ?? 0) > at) index -= 1;
    const before = this.#frames[index - 1];
    if (before?.at === at) return before;
    const frame: Frame = { at, seconds: null, values: [], resets: null };
    this.#frames.splice(index, 0, frame);
    return frame;
  }

  #dropIdleRows(): void {
    if (this.#keys.length < maxIdleRows) return;
    const kept = this.#keys.filter((_, row) => this.#frames.some(({ values }) => values[row] !== undefined));
    if (this.#keys.length - kept.length < maxIdleRows) return;
    const oldRows = kept.map((key) => this.rowOf(key));
    this.#frames = this.#frames.map((frame) => {
      const values: number[] = [];
      for (const [row, oldRow] of oldRows.entries()) {
        const value = frame.values[oldRow];
        // A value that was not read in this frame stays absent: NaN would cause a gap between the adjacent frames.
        if (value !== undefined) values[row] = value;
      }
      return {
        ...frame,
        values,
        resets: frame.resets && new Set(oldRows.flatMap((row, n) => (frame.resets?.has(row) ? n : []))),
      };
    });
    this.#keys = kept;
    this.#rows = new Map(kept.map((key, row) => [key, row]));
  }
}

/** The percentage of time that an object ran, from an event or from a sample of the history. */
export function addRunTime(frames: Frames, key: string, { at, interval, rates }: RunTime): void {
  const { seconds, reset } = interval ?? rates?.interval ?? {};
  frames.add(key, { at: Date.parse(at), seconds, value: rates?.totalRunTime, reset });
}

/** The frames of a time range. */
export function framesWithin(
  frames: readonly Frame[],
  [from, to]: readonly [number, number],
): readonly Frame[] {
  return frames.filter(({ at }) => at >= from && at <= to);
}
