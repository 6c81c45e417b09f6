import { describe, expect, it } from 'vitest';
import { HealthCollection } from '../../../src/cli/workers/health-collection.ts';

const report = (name: string) => [{ name, help: '', type: 'gauge', values: [] }] as const;

describe('the health of all workers', () => {
  it('has the report of each, for each request of its own', async () => {
    const collection = new HealthCollection<string>();
    const asked: [string, number][] = [];
    const ask = (worker: string, number: number): void => void asked.push([worker, number]);
    const [first, second] = [collection.collect(['a', 'b'], ask), collection.collect(['a', 'b'], ask)];
    expect(new Set(asked.map(([, number]) => number)).size).toBe(2);
    for (const [worker, number] of asked)
      collection.note(worker, { number, report: report(`${worker}${number}`) });
    expect(await first).toEqual([report('a1'), report('b1')]);
    expect(await second).toEqual([report('a2'), report('b2')]);
  });

  it('lacks that of a worker that ends, and does not wait for it', async () => {
    const collection = new HealthCollection<string>();
    const collected = collection.collect(['a', 'b'], () => undefined);
    collection.note('a', { number: 1, report: report('a') });
    collection.forget('b');
    expect(await collected).toEqual([report('a')]);
    collection.note('b', { number: 1, report: report('b') });
  });

  it('counts an answer once, and is empty without workers', async () => {
    const collection = new HealthCollection<string>();
    expect(await collection.collect([], () => undefined)).toEqual([]);
    const collected = collection.collect(['a', 'b'], () => undefined);
    for (let n = 0; n < 2; n += 1) collection.note('a', { number: 2, report: report('a') });
    collection.note('b', { number: 2, report: report('b') });
    expect(await collected).toEqual([report('a'), report('b')]);
  });
});
