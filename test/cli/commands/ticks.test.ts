import { describe, expect, it } from 'vitest';
import { systemWait } from '../../../src/cli/command-context.ts';
import { ticks, countTicks } from '../../../src/cli/commands/ticks.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

/** The ticks and their times if the work at each takes these times. */
async function run(
  settings: { every: number; for: number },
  work: readonly number[] = [],
): Promise<string[]> {
  const { clock, wait, signal } = new CommandOnTrial();
  const start = clock.now().wallMilliseconds;
  const seen: string[] = [];
  for await (const number of ticks({ ...settings, clock, wait, signal })) {
    seen.push(`${number} at ${clock.now().wallMilliseconds - start}`);
    clock.advance(work[seen.length - 1] ?? 0);
  }
  return seen;
}

describe('a series of ticks', () => {
  it('has a tick at 0, at its end, and at each step between', async () => {
    expect(await run({ every: 250, for: 1000 })).toEqual([
      '0 at 0',
      '1 at 250',
      '2 at 500',
      '3 at 750',
      '4 at 1000',
    ]);
    expect(await run({ every: 300, for: 1000 })).toEqual(['0 at 0', '1 at 300', '2 at 600', '3 at 900']);
    expect(await run({ every: 300, for: 0 })).toEqual(['0 at 0']);
  });

  it('does not drift when work is slow, and skips ticks that are missed', async () => {
    expect(await run({ every: 100, for: 700 }, [99, 100, 250, 10])).toEqual([
      '0 at 0',
      '1 at 100',
      '2 at 200',
      '5 at 500',
      '6 at 600',
      '7 at 700',
    ]);
  });

  it('knows how many ticks it has', () => {
    expect(countTicks({ every: 1000, for: 30_000 })).toBe(31);
    expect(countTicks({ every: 1000 })).toBeUndefined();
  });

  it('waits in several steps for times beyond the range of a timer', async () => {
    const { clock, signal } = new CommandOnTrial();
    const waits: number[] = [];
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds);
      clock.advance(milliseconds);
    };
    const points = ticks({ every: 2 ** 31 + 5, for: 2 ** 31 + 5, clock, wait, signal });
    expect((await points.next()).value).toBe(0);
    expect((await points.next()).value).toBe(1);
    expect(waits).toEqual([2 ** 31 - 1, 6]);
  });

  it('ends immediately when the signal is aborted, with real timers as well', async () => {
    const controller = new AbortController();
    const points = ticks({
      every: 3_600_000,
      clock: systemClock,
      wait: systemWait,
      signal: controller.signal,
    });
    expect((await points.next()).value).toBe(0);
    const next = points.next();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
