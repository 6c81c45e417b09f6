import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { describeSettings, simulatorSettings } from '../../../src/source/simulator/settings.ts';

function problemsOf(query: string): readonly string[] {
  try {
    simulatorSettings(new URLSearchParams(query));
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

describe("the simulator's settings", () => {
  it('have defaults', () => {
    expect(simulatorSettings(new URLSearchParams())).toEqual({
      seed: 1,
      logicalProcessors: 16,
      partitions: 8,
      virtualProcessors: 4,
      nested: 0,
      release: 2026,
    });
  });

  it('are read from a query, and described as one', () => {
    const query = 'seed=4294967295&lps=64&partitions=128&vps=8&nested=3';
    for (const each of [query, `${query}&release=2013`]) {
      expect(describeSettings(simulatorSettings(new URLSearchParams(each)))).toBe(each);
    }
  });

  it('are refused with a list of all errors', () => {
    expect(problemsOf('seed=-1&lps=0&partitions=4097&vps=2.5&partition=4&nested=&release=2019')).toEqual([
      'simulator: there is no option "partition"; there are seed, lps, partitions, vps, nested, release. Did you mean partitions?',
      'simulator: seed must be a whole number from 0 to 4294967295, but is "-1".',
      'simulator: lps must be a whole number from 1 to 2048, but is "0".',
      'simulator: partitions must be a whole number from 1 to 4096, but is "4097".',
      'simulator: vps must be a whole number from 1 to 2048, but is "2.5".',
      'simulator: nested must be a whole number from 0 to 4094, but is "".',
      'simulator: release must be 2013 or 2026, but is "2019".',
    ]);
  });

  it('accept each name only once', () => {
    expect(problemsOf('lps=4&lps=8&release=2026&release=2026')).toEqual([
      'simulator: lps is given 2 times; once is needed.',
      'simulator: release is given 2 times; once is needed.',
    ]);
  });

  it('reject more nested partitions than there are guests besides partition 2', () => {
    expect(problemsOf('partitions=3&nested=1')).toEqual([]);
    expect(problemsOf('partitions=3&nested=2')).toEqual([
      'simulator: nested must be at most 1 with partitions=3, since the root and partition 2 are not among them, but is 2.',
    ]);
    expect(problemsOf('partitions=1&nested=1')).toHaveLength(1);
  });

  it('reject more virtual processors than fit', () => {
    expect(problemsOf('partitions=4096&vps=16')).toEqual([]);
    expect(problemsOf('partitions=4096&vps=17')).toEqual([
      'simulator: partitions=4096 with vps=17 make 69632 virtual processors; at most 65536 are possible.',
    ]);
  });
});
