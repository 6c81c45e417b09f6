import { describe, expect, it } from 'vitest';
import { describeStorm } from './report.ts';
import { runStorm } from './storm-run.ts';
import { problemsOf } from './verdict.ts';

describe('a short storm', () => {
  it.each([
    ['with the hot path', 'on'],
    ['all through Yoga', 'off'],
  ] as const)(
    'gets only expected answers, and leaves nothing behind: %s',
    { timeout: 900_000 },
    async (_, hotPath) => {
      const report = await runStorm({
        hotPath,
        seconds: 15,
        seed: 1,
        warmAttempts: 0,
        troubleMilliseconds: 1_000,
        calmMilliseconds: 500,
        quietMilliseconds: 1_000,
        say: () => undefined,
      });
      const table = describeStorm(report);
      // Too short for what memory comes to, and for clients that hold a connection for as long as they can.
      const problems = problemsOf(report, { memoryPart: null, latencyRatio: null, isThorough: false });
      expect(problems, table).toEqual([]);
      expect(report.tally.attempts).toBeGreaterThan(100);
    },
  );
});
