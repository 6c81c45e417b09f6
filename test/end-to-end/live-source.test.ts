/** Streams over a source that fails and recovers: none ends, and none has false values. */
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program, serve, type Served } from './program.ts';
import { transports, type Watcher } from './watcher.ts';

/** The changes of all processors in an event. */
function changesOf({ data }: any): any[] {
  return data.hypervisor.logicalProcessors;
}

/** Whether all of an event's processors have rates, and some of them have done something. */
const isAlive = (event: any): boolean =>
  event.errors === undefined &&
  changesOf(event).every(({ rates }) => rates?.totalRunTime != null) &&
  changesOf(event).some(({ deltas }) => BigInt(deltas.totalRunTime) > 0n);

const isStill = (event: any): boolean =>
  event.errors === undefined && changesOf(event).every(({ deltas }) => deltas?.totalRunTime === '0');

const isReset = (event: any): boolean =>
  event.errors === undefined && changesOf(event).some(({ deltas }) => deltas?.interval.reset === true);

const isAway = (event: any): boolean => event.data === null;

/** Every event is either a whole answer or an error, and no growth is below zero or beyond what time allows. */
function checkHonesty(events: readonly any[]): void {
  for (const event of events) {
    if (event.errors !== undefined) {
      expect(event).toMatchObject({
        data: null,
        errors: [{ path: ['hypervisor'], extensions: { code: 'PAGE_UNAVAILABLE' } }],
      });
      continue;
    }
    for (const { counters, deltas, rates } of changesOf(event)) {
      expect(BigInt(counters.totalRunTime)).toBeGreaterThanOrEqual(0n);
      if (deltas === null) {
        expect(rates).toBeNull();
      } else if (deltas.interval.reset) {
        expect([deltas.totalRunTime, rates.totalRunTime, rates.contextSwitches]).toEqual([null, null, null]);
      } else {
        expect(BigInt(deltas.totalRunTime)).toBeGreaterThanOrEqual(0n);
        expect(rates.contextSwitches).toBeGreaterThanOrEqual(0);
        // Null if the processor's own clock did not advance.
        if (rates.totalRunTime === null) continue;
        expect(rates.totalRunTime).toBeGreaterThanOrEqual(0);
        expect(rates.totalRunTime).toBeLessThanOrEqual(100.001);
      }
    }
  }
}

describe('streams over a page folder', () => {
  let base: string;
  let folder: string;
  let served: Served;
  let simulator: Program;
  let watchers: Watcher[];

  const simulate = async (): Promise<void> => {
    simulator = new Program([
      'simulate',
      ...['--source', 'simulator?seed=1&lps=2&partitions=3&vps=2', '--every', '100ms', '--out', folder],
    ]);
    await simulator.prints(/^Writing/m);
  };
  const all = (isWanted: (event: any) => boolean): Promise<any[]> =>
    Promise.all(watchers.map((watcher) => watcher.next(isWanted)));

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'hvql-live-'));
    folder = join(base, 'pages');
    await simulate();
    served = await serve(['--source', `pages:${folder}`]);
    const query = `subscription { hypervisor(every: "200ms") { sampledAt logicalProcessors {
      index counters { totalRunTime }
      deltas { interval { seconds reset } totalRunTime }
      rates { totalRunTime contextSwitches }
    } } }`;
    watchers = Object.values(transports).map((watch) =>
      watch({ url: served.url, token: served.tokens[0], query }),
    );
    await all(isAlive);
  });
  afterAll(async () => {
    await Promise.all([simulator.stop('SIGKILL'), served.program.stop()]);
    await rm(base, { recursive: true, force: true });
  });

  it('have unchanged values while the writing process is dead, and a reset when its totals start again', async () => {
    await simulator.stop('SIGKILL');
    const still = await all(isStill);
    for (const event of still)
      for (const { rates } of changesOf(event)) expect(rates.contextSwitches).toBe(0);
    const resets = all(isReset);
    await simulate();
    await resets;
    await all(isAlive);
  });

  it('have errors while the folder is missing, and values once it is back', async () => {
    await simulator.stop('SIGKILL');
    await rename(folder, join(base, 'away'));
    for (const event of await all(isAway)) expect(JSON.stringify(event)).not.toContain(base);
    await all(isAway);
    const backs = all((event) => !isAway(event));
    await rename(join(base, 'away'), folder);
    // Changes are unknown until there are two readings again.
    for (const event of await backs) {
      expect(changesOf(event).map(({ deltas, rates }) => [deltas, rates])).toEqual([
        [null, null],
        [null, null],
      ]);
    }
    await all(isStill);
    await simulate();
    await all(isAlive);
  });

  it('have no false values, and do not end', () => {
    for (const { events, ending } of watchers) {
      checkHonesty(events);
      expect(ending).toBeNull();
    }
  });
});

describe('a partition that stops during subscriptions', () => {
  let folder: string;
  let served: Served;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-live-'));
    await cp('test/fixtures/small-host', folder, { recursive: true });
    served = await serve(['--source', `pages:${folder}`]);
  });
  afterAll(async () => {
    await served.program.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends its own streams, each with an error that explains it, and no others', async () => {
    const [root, guest] = served.tokens;
    const counters = 'counters { virtualProcessors } virtualProcessors { counters { hypercalls } }';
    const open = (token: string | undefined, query: string): Watcher[] =>
      Object.values(transports).map((watch) => watch({ url: served.url, token, query }));
    const own = [
      ...open(root, `subscription { partition(id: 5, every: "200ms") { ${counters} } }`),
      ...open(guest, `subscription { partition(every: "300ms", suppressUnchanged: true) { ${counters} } }`),
    ];
    const others = [
      ...open(root, `subscription { partition(id: 9, every: "200ms") { ${counters} } }`),
      ...open(
        root,
        `subscription { hypervisor(every: "200ms") { partitions { nodes { partitionId ${counters} } } } }`,
      ),
    ];
    await Promise.all([...own, ...others].map((watcher) => watcher.event(0)));
    await rename(join(folder, 'partition/5'), join(folder, 'partition/.gone-5'));
    for (const watcher of own) {
      expect(await watcher.end()).toEqual({ kind: 'complete' });
      expect(watcher.last).toMatchObject({
        data: null,
        errors: [{ path: ['partition'], extensions: { code: 'PAGE_UNAVAILABLE' } }],
      });
      expect(watcher.events.slice(0, -1).flatMap(({ errors }) => errors ?? [])).toEqual([]);
      expect(watcher.events.filter(({ data }) => data === null)).toHaveLength(1);
    }
    await Promise.all(others.map((watcher) => watcher.next()));
    await Promise.all(others.map((watcher) => watcher.next()));
    for (const { events, ending } of others) {
      expect(events.flatMap(({ errors }) => errors ?? [])).toEqual([]);
      expect(ending).toBeNull();
    }
    const listed = others.at(-1)?.last.data.hypervisor.partitions.nodes;
    expect(listed.map(({ partitionId }: any) => partitionId)).toEqual(['1', '9']);
  });
});
