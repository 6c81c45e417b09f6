import { describe, expect, it } from 'vitest';
import {
  WatchedOperation,
  type TickTaker,
  type WatchedOperationParts,
} from '../../src/execution/watched-operation.ts';
import type { Tick } from '../../src/sampling/tick.ts';

/** Nothing is made here: ticks are only offered. */
function operationOf(takers: readonly TickTaker[]): WatchedOperation {
  const operation = new WatchedOperation({ options: {} } as WatchedOperationParts);
  for (const taker of takers) operation.add(taker);
  return operation;
}

const tick = (): Tick => ({}) as Tick;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Taker implements TickTaker {
  readonly ticks: Tick[] = [];
  onTick: () => void = () => undefined;
  take(taken: Tick): void {
    this.ticks.push(taken);
    this.onTick();
  }
  made(): void {}
  notMade(): void {}
}

const takersOf = (count: number): Taker[] => Array.from({ length: count }, () => new Taker());
const counts = (takers: readonly Taker[]): number => takers.reduce((sum, { ticks }) => sum + ticks.length, 0);

describe('a tick of an operation that thousands watch', () => {
  it('is offered to all of them, while others have their turns in between', async () => {
    const takers = takersOf(3_500);
    const operation = operationOf(takers);
    operation.take(tick());
    const sums = [counts(takers)];
    for (let n = 0; n < 4; n += 1) {
      await turn();
      sums.push(counts(takers));
    }
    expect(sums).toEqual([1_000, 2_000, 3_000, 3_500, 3_500]);
    expect(takers.every(({ ticks }) => ticks.length === 1)).toBe(true);
  });

  it('is offered to the last of them before the next tick is, and of several that came meanwhile the newest is', async () => {
    const takers = takersOf(1_500);
    const operation = operationOf(takers);
    const ticks = [tick(), tick(), tick()] as const;
    for (const each of ticks) operation.take(each);
    for (let n = 0; n < 5; n += 1) await turn();
    const [first, , newest] = ticks;
    for (const taker of takers) expect(taker.ticks.map((taken) => ticks.indexOf(taken))).toEqual([0, 2]);
    expect(takers[0]?.ticks).toEqual([first, newest]);
  });

  it('is not offered to those who have left meanwhile, and goes on to those behind them', async () => {
    const takers = takersOf(1_200);
    const operation = operationOf(takers);
    operation.take(tick());
    for (const taker of takers.slice(1_000, 1_100)) operation.remove(taker);
    await turn();
    expect(takers.slice(1_000, 1_100).every(({ ticks }) => ticks.length === 0)).toBe(true);
    expect(takers.slice(1_100).every(({ ticks }) => ticks.length === 1)).toBe(true);
  });

  it('ends with those who left, and the next one is offered to whoever came', async () => {
    const takers = takersOf(1_001);
    const operation = operationOf(takers);
    operation.take(tick());
    for (const taker of takers) operation.remove(taker);
    await turn();
    expect(takers[1_000]?.ticks).toEqual([]);
    const late = new Taker();
    operation.add(late);
    operation.take(tick());
    expect(late.ticks).toHaveLength(1);
  });
});
