import { describe, expect, it } from 'vitest';
import { describeStorm } from './report.ts';
import { runStorm } from './storm-run.ts';
import { problemsOf } from './verdict.ts';

describe('a short storm', () => {
  // `npm run storm -- --hot-path off` sends all of it through Yoga.
  it('gets only expected responses, and leaves nothing behind', { timeout: 900_000 }, async () => {
    const report = await runStorm({
      hotPath: 'on',
      // Three processes more, and outages that last: `npm run storm` has them.
      hasOutages: false,
      seconds: 8,
      seed: 1,
      warmAttempts: 0,
      warmsEveryKind: false,
      troubleMilliseconds: 1_000,
      calmMilliseconds: 500,
      quietMilliseconds: 1_000,
      measuresMemoryAndTime: false,
      say: () => undefined,
    });
    const table = describeStorm(report);
    // Too short for what memory comes to, and for clients that hold a connection for as long as they can.
    const problems = problemsOf(report, { memoryPart: null, latencyRatio: null, isThorough: false });
    expect(problems, table).toEqual([]);
    expect(report.tally.attempts).toBeGreaterThan(100);
  });
});
