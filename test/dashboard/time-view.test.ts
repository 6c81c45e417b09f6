import { afterEach, describe, expect, it } from 'vitest';
import {
  isPaused,
  noteMoment,
  pause,
  resetTime,
  resume,
  shown,
} from '../../src/dashboard/reading/time-view.ts';

const minutes = 60_000;

describe('the time range of the page', () => {
  afterEach(resetTime);

  it('stays where it was paused, and follows the snapshots again when it is live', () => {
    noteMoment(10 * minutes);
    pause();
    noteMoment(11 * minutes);
    expect(shown.value).toEqual([5 * minutes, 10 * minutes]);
    resume();
    expect(shown.value).toEqual([6 * minutes, 11 * minutes]);
  });

  it('freezes at the first snapshot if it was paused before', () => {
    pause();
    expect(isPaused.value).toBe(true);
    noteMoment(10 * minutes);
    noteMoment(11 * minutes);
    expect(shown.value).toEqual([5 * minutes, 10 * minutes]);
  });
});
