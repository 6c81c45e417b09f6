import { describe, expect, it } from 'vitest';
import type { SimulatedHost } from '../../../src/source/simulator/simulated-host.ts';
import { hostOf, lookAt, minute, second } from './host-look.ts';

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
    for (const object of lookAt(host).values()) {
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
  const looks = watch(hostOf('seed=3'), { every: second, until: 60n * minute });
  const lives = [...new Set(looks.flat())];

  it('start with the root and partition 2, which never stop', () => {
    expect(looks.filter((look) => look[0] !== '1 root' || !look[1]?.startsWith('2 '))).toEqual([]);
  });

  it('stop and are replaced under new ids and names', () => {
    expect(lives.length).toBeGreaterThan(20);
    const ids = lives.map((life) => life.split(' ')[0]);
    const names = lives.map((life) => life.split(' ')[1]);
    expect(new Set(ids).size).toBe(lives.length);
    expect(new Set(names).size).toBe(lives.length);
  });

  it('never come back', () => {
    for (const life of lives) {
      const exists = looks.map((look) => look.includes(life));
      expect(exists.slice(exists.indexOf(true), exists.lastIndexOf(true))).not.toContain(false);
    }
  });

  it('get ascending ids', () => {
    const ids = lives.map((life) => BigInt(life.split(' ')[0] ?? 0));
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a - b)));
  });

  it('leave a short gap before they are replaced', () => {
    const counts = looks.map((look) => look.length);
    expect(Math.max(...counts)).toBe(8);
    expect(Math.min(...counts)).toBeLessThan(8);
    expect(counts.filter((count) => count === 8).length).toBeGreaterThan(counts.length / 2);
  });

  it('are named after what they do', () => {
    const names = hostOf('partitions=3').topology.partitions.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(['root', 'web-1']);
    expect(lives.every((life) => /^\d+ (root|(web|db|build|cache|batch)-\d+)$/.test(life))).toBe(true);
  });

  it('are children of the root, but the nested ones of partition 2', () => {
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
  const steady = loads.map((look) => look.get('2') ?? 0);

  it('changes between idle and busy', () => {
    expect(steady.filter((load) => load < 20).length).toBeGreaterThan(60);
    expect(steady.filter((load) => load > 120).length).toBeGreaterThan(60);
    expect(Math.max(...steady)).toBeLessThanOrEqual(400);
  });

  it('is high while it boots', () => {
    const known = new Set(loads[0]?.keys());
    const boots = loads.flatMap((look, n) => {
      const born = [...look.keys()].filter((id) => !known.has(id));
      for (const id of born) known.add(id);
      return born.map((id) => loads[n + 5]?.get(id) ?? 0);
    });
    expect(boots.length).toBeGreaterThan(5);
    expect(Math.min(...boots)).toBeGreaterThan(80);
  });

  it('is by turns the highest of all', () => {
    const busiest = loads.map((look) => [...look].sort((a, b) => b[1] - a[1])[0]?.[0]);
    expect(new Set(busiest).size).toBeGreaterThan(5);
  });

  it('wavers from second to second', () => {
    expect(steady.filter((load, n) => load !== steady[n - 1]).length).toBeGreaterThan(800);
  });
});
