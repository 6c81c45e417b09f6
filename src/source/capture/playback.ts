/** Which frame of a capture is current, and its time. */
import type { Clock, Moment } from '../../snapshot/moment.ts';
import type { Frame } from './frame.ts';

/** How a capture is played. */
export interface PlaybackSettings {
  readonly frames: readonly [Frame, ...Frame[]];
  /** Start over after the last frame instead of holding it. */
  readonly isLoop: boolean;
  /** The number of the only frame to show. */
  readonly standStillAt: number | undefined;
}

/** The current frame, and the moment of its readings. */
export interface ShownFrame {
  readonly frame: Frame;
  readonly at: Moment;
}

/** A capture that is played. */
export interface Playback {
  /** The current frame: the first one until `play`. Does not start to play. */
  peek(): ShownFrame;
  /** The current frame, to read it; the first call starts to play. */
  play(): ShownFrame;
  /** The current frame and those before it, the newest first: back to the beginning of the capture, or of its first round. */
  past(): Iterable<ShownFrame>;
}

const nanosecondsPerMillisecond = 1e6;

/**
 * Plays frames in real time from the first `play`. Times are those of the frames; each further round of a loop is
 * shifted by the length of the capture and one usual interval, so that time advances when the counters start over.
 */
export function playback({ frames, isLoop, standStillAt }: PlaybackSettings, clock: Clock): Playback {
  const first = frames[0];
  const starts = frames.map(({ at }) => at.monotonicNanoseconds - first.at.monotonicNanoseconds);
  const period = (starts.at(-1) ?? 0n) + usualInterval(starts);
  let startedAt: bigint | undefined;

  /** The number of the current frame, and of the round. */
  function placeAt(now: bigint): { readonly number: number; readonly round: bigint } {
    if (standStillAt !== undefined) return { number: standStillAt, round: 0n };
    const elapsed = startedAt === undefined ? 0n : now - startedAt;
    if (!isLoop || frames.length === 1) return { number: lastStarted(starts, elapsed), round: 0n };
    return { number: lastStarted(starts, elapsed % period), round: elapsed / period };
  }

  function shown({ number, round }: ReturnType<typeof placeAt>): ShownFrame {
    const frame = frames[number] ?? first;
    const { at } = frame;
    if (round === 0n) return { frame, at };
    const shift = round * period;
    return {
      frame,
      at: {
        wallMilliseconds: at.wallMilliseconds + Math.round(Number(shift) / nanosecondsPerMillisecond),
        monotonicNanoseconds: at.monotonicNanoseconds + shift,
      },
    };
  }

  return {
    peek: () => shown(placeAt(clock.now().monotonicNanoseconds)),
    play() {
      const now = clock.now().monotonicNanoseconds;
      startedAt ??= now;
      return shown(placeAt(now));
    },
    *past() {
      const current = placeAt(clock.now().monotonicNanoseconds);
      for (let { round } = current; round >= 0n; round -= 1n)
        for (
          let number = round === current.round ? current.number : frames.length - 1;
          number >= 0;
          number -= 1
        )
          yield shown({ number, round });
    },
  };
}

/** The median, so that a frame that was left out while recording does not count. */
function usualInterval(starts: readonly bigint[]): bigint {
  const intervals = starts.slice(1).map((start, n) => start - (starts[n] ?? 0n));
  intervals.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return intervals[Math.floor(intervals.length / 2)] ?? 0n;
}

/** The number of the last frame that has started by then, by halving. */
function lastStarted(starts: readonly bigint[], elapsed: bigint): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0n) <= elapsed) low = middle;
    else high = middle - 1;
  }
  return low;
}
