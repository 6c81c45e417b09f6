import { describe, expect, it } from 'vitest';
import { playback, type PlaybackSettings } from '../../../src/source/capture/playback.ts';
import type { Frame } from '../../../src/source/capture/frame.ts';
import { ManualClock } from '../manual-clock.ts';

const noon = Date.UTC(2026, 10, 20, 12);
const frameAt = (milliseconds: number): Frame => ({
  name: `at-${milliseconds}`,
  at: {
    wallMilliseconds: noon + milliseconds,
    monotonicNanoseconds: 77n + BigInt(milliseconds) * 1_000_000n,
  },
});

/** What is shown at each of these times after the opening: the frame, and milliseconds on its two clocks. */
function shownAt(times: readonly number[], settings: Partial<PlaybackSettings>): readonly string[] {
  const clock = new ManualClock();
  const frames: PlaybackSettings['frames'] = [frameAt(0), frameAt(1000), frameAt(2000), frameAt(4000)];
  const player = playback({ frames, isLoop: false, standStillAt: undefined, ...settings }, clock);
  let passed = 0;
  return times.map((time) => {
    clock.advance(time - passed);
    passed = time;
    const { frame, at } = player.play();
    return `${frame.name} ${at.wallMilliseconds - noon} ${(at.monotonicNanoseconds - 77n) / 1_000_000n}`;
  });
}

describe('a playback', () => {
  it('starts with the first read, plays at the recorded pace, and stays at the last frame', () => {
    expect(shownAt([60_000, 60_999, 61_000, 63_999, 64_000, 999_000], {})).toEqual([
      'at-0 0 0',
      'at-0 0 0',
      'at-1000 1000 1000',
      'at-2000 2000 2000',
      'at-4000 4000 4000',
      'at-4000 4000 4000',
    ]);
  });

  it('does not start when only the current frame is queried', () => {
    const clock = new ManualClock();
    const player = playback(
      { frames: [frameAt(0), frameAt(1000)], isLoop: false, standStillAt: undefined },
      clock,
    );
    const peeked = () => player.peek().frame.name;
    expect(peeked()).toBe('at-0');
    clock.advance(5000);
    expect([peeked(), player.play().frame.name]).toEqual(['at-0', 'at-0']);
    clock.advance(1000);
    expect([peeked(), player.play().frame.name]).toEqual(['at-1000', 'at-1000']);
  });

  it('with a loop starts over after one more average interval, while time advances', () => {
    expect(shownAt([0, 4000, 4999, 5000, 6000, 9000, 10_000, 51_000], { isLoop: true })).toEqual([
      'at-0 0 0',
      'at-4000 4000 4000',
      'at-4000 4000 4000',
      'at-0 5000 5000',
      'at-1000 6000 6000',
      'at-4000 9000 9000',
      'at-0 10000 10000',
      'at-1000 51000 51000',
    ]);
  });

  it('stays at a selected frame', () => {
    expect(shownAt([0, 60_000], { standStillAt: 2, isLoop: true })).toEqual([
      'at-2000 2000 2000',
      'at-2000 2000 2000',
    ]);
  });

  it('of a single frame stays at that frame, with a loop as well', () => {
    const settings = { frames: [frameAt(0)], isLoop: true } satisfies Partial<PlaybackSettings>;
    expect(shownAt([0, 60_000], settings)).toEqual(['at-0 0 0', 'at-0 0 0']);
  });
});
