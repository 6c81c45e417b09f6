import { describe, expect, it } from 'vitest';
import { Frames } from '../../src/dashboard/reading/frames.ts';
import { alignedData } from '../../src/dashboard/chart/aligned-data.ts';

const valuesOf = (frames: Frames, key: string): (number | undefined)[] => {
  const row = frames.rowOf(key);
  return frames.all.map(({ values }) => values[row]);
};

describe('the readings of the dashboard', () => {
  it('are in order of time, also if they arrive in another order', () => {
    const frames = new Frames();
    for (const at of [3_000, 1_000, 2_000]) frames.add('0', { at, value: at / 1_000 });
    frames.commit(0);
    expect(frames.all.map(({ at }) => at)).toEqual([1_000, 2_000, 3_000]);
    expect(valuesOf(frames, '0')).toEqual([1, 2, 3]);
  });

  it('keep a known value if an event and a history sample have the same time', () => {
    const frames = new Frames();
    frames.add('0', { at: 1_000, value: 40 });
    frames.add('0', { at: 1_000, value: null });
    expect(valuesOf(frames, '0')).toEqual([40]);
    frames.add('1', { at: 1_000, value: null });
    expect(valuesOf(frames, '1')).toEqual([Number.NaN]);
    frames.add('1', { at: 1_000, value: 50 });
    expect(valuesOf(frames, '1')).toEqual([50]);
  });

  it('are dropped once they are too old', () => {
    const frames = new Frames();
    for (const at of [1_000, 2_000, 3_000]) frames.add('0', { at, value: 1 });
    frames.commit(2_000);
    expect(frames.all.map(({ at }) => at)).toEqual([2_000, 3_000]);
    frames.commit(4_000);
    expect(frames.all).toEqual([]);
    expect(frames.latest).toBeNull();
  });

  it('forget objects that no longer exist, and keep all others unchanged', () => {
    const frames = new Frames();
    for (let second = 0; second < 1_000; second += 1) {
      const at = second * 1_000;
      // One partition after another, each for ten seconds, and one that is read every other second.
      frames.add(`gone ${Math.floor(second / 10)}`, { at, value: 1 });
      if (second % 2 === 0) frames.add('steady', { at, value: second, reset: second === 998 });
      frames.commit(at - 5_000);
      expect(frames.keys.length).toBeLessThan(70);
      expect(valuesOf(frames, 'steady').some(Number.isNaN)).toBe(false);
    }
    expect(valuesOf(frames, 'steady')).toEqual([994, undefined, 996, undefined, 998, undefined]);
    expect(frames.all[4]?.resets).toEqual(new Set([frames.rowOf('steady')]));
  });
});

describe('the lines of a chart', () => {
  it('have a gap where there are no readings, and none where a rate covers the time', () => {
    const frames = new Frames();
    frames.add('a', { at: 1_000, value: 1 });
    frames.add('a', { at: 2_000, value: 2 });
    frames.add('a', { at: 7_000, value: 3 });
    frames.add('a', { at: 17_000, seconds: 10, value: 4 });
    expect(alignedData(frames, ['a'], [0, 20_000]).columns).toEqual([
      [1, 2, 2.001, 7, 17],
      [1, 2, null, 3, 4],
    ]);
  });

  it('have a point without value or line where totals were reset, and mark its time', () => {
    const frames = new Frames();
    frames.add('a', { at: 1_000, value: 1 });
    frames.add('a', { at: 2_000, value: null, reset: true });
    frames.add('b', { at: 2_000, value: 5 });
    frames.add('a', { at: 3_000, value: 3 });
    const { columns, resets } = alignedData(frames, ['a'], [0, 5_000]);
    expect(columns).toEqual([
      [1, 2, 3],
      [1, null, 3],
    ]);
    expect(resets).toEqual([2]);
    expect(alignedData(frames, ['b'], [0, 5_000]).resets).toEqual([]);
  });
});
