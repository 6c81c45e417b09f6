/** Which frame of a capture is current, and its moment. */
import type { Clock, Moment } from '../../snapshot/moment.ts';
import type { Frame } from './frame.ts';

/** How a capture is played. */
export interface PlaybackSettings {
  readonly frames: readonly [Frame, ...Frame[]];
  /** Start over after the last frame instead of holding it. */
  readonly isLoop: boolean;
  /** The number of the frame to stand still at. */
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
}

const nanosecondsPerMillisecond = 1e6;

/**
 * Plays frames at their own pace from the first `play`. Moments are the frames' own; each further round of a loop is
 * shifted by the length of the capture and one usual interval, so that time advances when the counters start over.
 */
export function playback({ frames, isLoop, standStillAt }: PlaybackSettings, clock: Clock): Playback {
  const first = frames[0];
  const starts = frames.map(({ at }) => at.monotonicNanoseconds - first.at.monotonicNanoseconds);
  const period = (starts.at(-1) ?? 0n) + usualInterval(starts);
  let startedAt: bigint | undefined;

  function shownAt(now: bigint): ShownFrame {
    if (standStillAt !== undefined) return held(frames[standStillAt] ?? first);
    const elapsed = startedAt === undefined ? 0n : now - startedAt;
    if (!isLoop || frames.length === 1) return held(frames[lastStarted(starts, elapsed)] ?? first);
    const { frame, at } = held(frames[lastStarted(starts, elapsed % period)] ?? first);
    const shift = (elapsed / period) * period;
    return {
      frame,
      at: {
        wallMilliseconds: at.wallMilliseconds + Math.round(Number(shift) / nanosecondsPerMillisecond),
        monotonicNanoseconds: at.monotonicNanoseconds + shift,
      },
    };
  }

  return {
    peek: () => shownAt(clock.now().monotonicNanoseconds),
    play() {
      const now = clock.now().monotonicNanoseconds;
      startedAt ??= now;
      return shownAt(now);
    },
  };
}

function held(frame: Frame): ShownFrame {
  return { frame, at: frame.at };
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
