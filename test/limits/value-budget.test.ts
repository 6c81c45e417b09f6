import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { limitsOf } from '../../src/cli/commands/service-limit.ts';
import { parseCommand } from '../../src/cli/settings/settings.ts';
import { ValueBudgets, type ValueReport } from '../../src/limits/value-budget.ts';
import { caller } from '../ask.ts';
import { closeBench, LiveBench, pass, threePartitions } from '../live.ts';

let now: number;
let reports: ValueReport[];
let budgets: ValueBudgets;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  now = 0;
  reports = [];
  budgets = new ValueBudgets({
    valuesPerSecond: 10,
    report: (report) => reports.push(report),
    now: () => now,
  });
});
afterEach(() => vi.useRealTimers());

/** Lets time pass, with one tick at its end. */
const passSeconds = (seconds: number): void => {
  now += seconds * 1_000;
  budgets.tick();
};

describe('a budget of values', () => {
  it('allows the values of a minute and work that has begun by then, and is refilled over time', () => {
    const budget = budgets.of('one');
    budget.charge(599);
    expect(budget.problem).toBeNull();
    budget.charge(100);
    expect(budget.problem).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      extensions: { limit: 10, retryInMilliseconds: 10_150 },
    });
    passSeconds(9.9);
    expect(budget.isSpent).toBe(true);
    passSeconds(0.1);
    expect(budget.isSpent).toBe(false);
  });

  it('counts a result that is sent again as a tenth', () => {
    const budget = budgets.of('one');
    budget.charge(5_990, true);
    expect(budget.isSpent).toBe(false);
    budget.charge(10, true);
    expect(budget.isSpent).toBe(true);
  });

  it('is shared by all users of its key, and is dropped without a timer once it is full', () => {
    const [budget, same] = [budgets.of('one'), budgets.of('one')];
    budget.charge(600);
    expect(same.isSpent).toBe(true);
    expect(budgets.of('another').isSpent).toBe(false);
    expect([budgets.size, vi.getTimerCount()]).toEqual([1, 1]);
    passSeconds(60);
    expect([budgets.size, vi.getTimerCount()]).toEqual([0, 0]);
    same.charge(600);
    expect(budget.isSpent).toBe(true);
  });

  it('is stored for at most ten thousand callers', () => {
    for (let n = 0; n <= 10_000; n += 1) budgets.of(`caller ${n}`).charge(600);
    expect(budgets.size).toBe(10_000);
    expect([0, 1, 10_000].map((n) => budgets.of(`caller ${n}`).isSpent)).toEqual([false, true, true]);
  });

  it('resumes streams in turn, and only while values are left', () => {
    const budget = budgets.of('one');
    budget.charge(601);
    const called: string[] = [];
    budget.whenFree(() => {
      called.push('first');
      budget.charge(10);
    });
    const withdraw = budget.whenFree(() => called.push('withdrawn'));
    budget.whenFree(() => called.push('last'));
    withdraw();
    passSeconds(0.2);
    expect(called).toEqual(['first']);
    passSeconds(1);
    expect(called).toEqual(['first', 'last']);
  });

  it('is reported to other processes, and reduced by their reports', () => {
    const other = new ValueBudgets({ valuesPerSecond: 10, now: () => now });
    budgets.of('one').charge(400);
    other.of('one').charge(250);
    passSeconds(1);
    expect(reports).toEqual([[['one', 400]]]);
    for (const report of reports) other.note(report);
    expect(other.of('one').isSpent).toBe(true);
    budgets.note([['one', 210]]);
    expect(budgets.of('one').isSpent).toBe(true);
    passSeconds(1);
    // What another process reported is not reported back.
    expect(reports).toHaveLength(1);
  });
});

describe('ten thousand streams of one caller', () => {
  const command = parseCommand(['serve'], {});
  if (command.name !== 'serve') throw new TypeError('Another command');
  const limits = limitsOf(command.settings);

  it('stay within the default limits once a second and together with streams of others, but not ten times a second', async () => {
    const source = threePartitions();
    source.logicalProcessors = Array.from({ length: 16 }, (_, n) => n);
    const bench = new LiveBench(source, limits);
    const counters =
      'totalRunTime hypervisorRunTime hardwareInterrupts contextSwitches interProcessorInterrupts';
    const query = `subscription { hypervisor(every: "1s") { logicalProcessors { rates { ${counters} } } } }`;
    const preset = new ValueBudgets({ valuesPerSecond: limits.maxValuesPerSecond, now: () => now });
    const budget = preset.of('dashboard');
    const spent = (): number => preset.find('dashboard')?.spentValues ?? 0;
    let events = 0;
    const streams = 1_000;
    for (let n = 0; n < streams; n += 1) {
      const { stream } = await bench.open(query, { budget });
      stream.follow({
        event: () => (events += 1) > 0,
        done: () => undefined,
        failed: () => undefined,
      });
    }
    expect(limits).toMatchObject({ maxStreamsPerCaller: 10_000, maxStreams: 20_000 });
    await bench.open(query, { caller: caller(5n) });
    await pass(bench, 1_000);
    const before = [events, spent()] as const;
    await pass(bench, 1_000);
    // How many of the events come within a second depends on the machine; what each takes of the budget does not.
    expect(events - before[0]).toBeGreaterThan(0);
    const valuesOfTick = ((spent() - before[1]) / (events - before[0])) * limits.maxStreamsPerCaller;
    expect(valuesOfTick).toBeLessThan(limits.maxValuesPerSecond / 2);
    expect(valuesOfTick * 10).toBeGreaterThan(limits.maxValuesPerSecond);
    now += 60_000;
    preset.tick();
    await closeBench(bench);
  });
});

describe('subscriptions of a caller whose budget is exhausted', () => {
  it('have an error once, and then the newest event when values are left; those of others continue', async () => {
    const source = threePartitions();
    const bench = new LiveBench(source);
    const query = 'subscription { hypervisor(every: "100ms") { sampledAt } }';
    const [budget, whole] = [budgets.of('one'), budgets.of('another')];
    const stream = await bench.open(query, { budget });
    const other = await bench.open(query, { budget: whole });
    await Promise.all([stream.next(), other.next()]);
    budget.charge(600);
    const late = stream.next();
    for (let n = 0; n < 3; n += 1) {
      const event = other.next();
      await pass(bench, 100);
      expect(await event).toHaveProperty('data.hypervisor');
    }
    expect((await late)?.errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED', limit: 10 } }]);
    const next = stream.next();
    await pass(bench, 300);
    passSeconds(10);
    expect((await next)?.data).toEqual({ hypervisor: { sampledAt: '2023-11-14T22:13:20.600Z' } });
    passSeconds(100);
    await closeBench(bench);
  });
});
