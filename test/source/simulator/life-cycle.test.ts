import { describe, expect, it } from 'vitest';
import type { SimulatedHost } from '../../../src/source/simulator/simulated-host.ts';
import { hostOf, readSimulatedHost, minute, second } from './read-host.ts';

/** The host's partitions at each step of a time. */
function watch(host: SimulatedHost, time: { every: bigint; until: bigint }): (readonly string[])[] {
  const seen: (readonly string[])[] = [];
  for (let elapsed = 0n; elapsed <= time.until; elapsed += time.every) {
    host.advanceTo(elapsed);
    seen.push(host.topology.partitions.map(({ id, name }) => `${id} ${name ?? ''}`));
  }
  return seen;
}

/** Percent of a virtual processor that each partition uses in each second, by partition id. */
function watchLoad(host: SimulatedHost, seconds: number): ReadonlyMap<string, number>[] {
  const runTimes = (): Map<string, bigint> => {
    const sums = new Map<string, bigint>();
    for (const object of readSimulatedHost(host).values()) {
      if (object.name.object !== 'VIRTUAL_PROCESSOR') continue;
      const id = String(object.name.partitionId);
      sums.set(id, (sums.get(id) ?? 0n) + object.value('totalRunTime'));
    }
    return sums;
  };
  let before = runTimes();
  return Array.from({ length: seconds }, (_, n) => {
    host.advanceTo(BigInt(n + 1) * second);
    const after = runTimes();
    const loads = new Map([...after].map(([id, run]) => [id, Number(run - (before.get(id) ?? 0n)) / 1e5]));
    before = after;
    return loads;
  });
}

describe('the partitions of a simulated host', () => {
  const snapshots = watch(hostOf('seed=3'), { every: second, until: 60n * minute });
  const lifetimes = [...new Set(snapshots.flat())];

  it('start with the root and partition 2, which never stop', () => {
    expect(
      snapshots.filter((snapshot) => snapshot[0] !== '1 root' || !snapshot[1]?.startsWith('2 ')),
    ).toEqual([]);
  });

  it('stop and are replaced with new ids and names', () => {
    expect(lifetimes.length).toBeGreaterThan(20);
    const ids = lifetimes.map((lifetime) => lifetime.split(' ')[0]);
    const names = lifetimes.map((lifetime) => lifetime.split(' ')[1]);
    expect(new Set(ids).size).toBe(lifetimes.length);
    expect(new Set(names).size).toBe(lifetimes.length);
  });

  it('never return with the same id', () => {
    for (const lifetime of lifetimes) {
      const exists = snapshots.map((snapshot) => snapshot.includes(lifetime));
      expect(exists.slice(exists.indexOf(true), exists.lastIndexOf(true))).not.toContain(false);
    }
  });

  it('get ascending ids', () => {
    const ids = lifetimes.map((lifetime) => BigInt(lifetime.split(' ')[0] ?? 0));
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a - b)));
  });

  it('are replaced after a short time', () => {
    const counts = snapshots.map((snapshot) => snapshot.length);
    expect(Math.max(...counts)).toBe(8);
    expect(Math.min(...counts)).toBeLessThan(8);
    expect(counts.filter((count) => count === 8).length).toBeGreaterThan(counts.length / 2);
  });

  it('are named after their work', () => {
    const names = hostOf('partitions=3').topology.partitions.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['root', 'web-1']);
    expect(lifetimes.every((lifetime) => /^\d+ (root|(web|db|build|cache|batch)-\d+)$/.test(lifetime))).toBe(
      true,
    );
  });

  it('are children of the root, except for the nested ones of partition 2', () => {
    const host = hostOf('partitions=6&nested=2');
    for (let elapsed = 0n; elapsed < 30n * minute; elapsed += minute) {
      host.advanceTo(elapsed);
      const parents = host.topology.partitions.map(({ parent }) => parent);
      expect(parents.slice(0, 2)).toEqual([null, 1n]);
      expect(parents.filter((parent) => parent === 2n).length).toBeLessThanOrEqual(2);
      expect(parents.filter((parent) => parent === 1n).length).toBeLessThanOrEqual(3);
    }
    expect(host.topology.partitions.filter(({ parent }) => parent === 2n)).not.toEqual([]);
  });
});

describe('the load of a partition', () => {
  const loads = watchLoad(hostOf('seed=3'), 900);
  const steady = loads.map((snapshot) => snapshot.get('2') ?? 0);

  it('changes between idle and busy', () => {
    expect(steady.filter((load) => load < 20).length).toBeGreaterThan(60);
    expect(steady.filter((load) => load > 120).length).toBeGreaterThan(60);
    expect(Math.max(...steady)).toBeLessThanOrEqual(400);
  });

  it('is high while it boots', () => {
    const known = new Set(loads[0]?.keys());
    const boots = loads.flatMap((snapshot, n) => {
      const born = [...snapshot.keys()].filter((id) => !known.has(id));
      for (const id of born) known.add(id);
      return born.map((id) => loads[n + 5]?.get(id) ?? 0);
    });
    expect(boots.length).toBeGreaterThan(5);
    expect(Math.min(...boots)).toBeGreaterThan(80);
  });

  it('is at some time the highest of all partitions', () => {
    const busiest = loads.map((snapshot) => [...snapshot].sort((a, b) => b[1] - a[1])[0]?.[0]);
    expect(new Set(busiest).size).toBeGreaterThan(5);
  });

  it('varies from second to second', () => {
    expect(steady.filter((load, n) => load !== steady[n - 1]).length).toBeGreaterThan(800);
  });
});
