/** Sources with invalid answers cause no wrong number, no unexpected error and no long wait. */
import { beforeEach, describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Readings } from '../../../src/snapshot/reading.ts';
import { topologyOf, type PartitionEntry, type Topology } from '../../../src/snapshot/topology.ts';
import { ask, caller, errorsOf, samplerOf, type Answer } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

let source: FakeSource;
let changes: (HvqlError | null)[];
let sampler: Sampler;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
  changes = [];
  sampler = new Sampler({
    source,
    clock: source,
    timeoutMilliseconds: 5000,
    wait: source.wait,
    onHealthChange: (failure) => changes.push(failure),
  });
});

const honestRead = (objects: readonly ObjectName[]): Promise<Readings> =>
  FakeSource.prototype.read.call(source, objects);
const query = `{ partition(id: 5) { name counters { gpaPages } virtualProcessors { counters { hypercalls } } } }`;
const askRoot = (text = query): Promise<Answer> => ask({ source, sampler, query: text });

/** What was logged. */
const reasons = (): unknown[] =>
  changes.map((failure) => (failure?.cause as Error | undefined)?.message ?? null);

describe('an invalid topology', () => {
  const lists = { logicalProcessors: [], partitions: [], partition: () => undefined };
  const withPartitions = (...partitions: unknown[]): unknown =>
    topologyOf([], partitions as PartitionEntry[]);
  const five = partitionEntry(5n, 1n);
  it.each<[string, unknown]>([
    ['the topology is missing', undefined],
    ['the topology is missing', null],
    ['the topology is missing', 5],
    ['the topology has no lists', {}],
    ['the topology has no lists', { ...lists, partitions: null }],
    ['the topology cannot find partitions', { ...lists, partition: 5 }],
    ['listError of the topology is not a PAGE_UNAVAILABLE error', { ...lists, listError: 'because' }],
    ['the logical processors are not ascending indexes', { ...lists, logicalProcessors: [0, 0] }],
    ['the logical processors are not ascending indexes', { ...lists, logicalProcessors: [1, 0] }],
    ['the logical processors are not ascending indexes', { ...lists, logicalProcessors: [-1] }],
    ['the logical processors are not ascending indexes', { ...lists, logicalProcessors: [0.5] }],
    ['the logical processors are not ascending indexes', { ...lists, logicalProcessors: [2 ** 31] }],
    ['the logical processors are not ascending indexes', { ...lists, logicalProcessors: ['0'] }],
    ['there are more than 100000 objects', { ...lists, logicalProcessors: new Array(2 ** 32 - 1) }],
    ['there are more than 100000 objects', { ...lists, partitions: new Array(2 ** 32 - 1) }],
    ['a partition is not an object', { ...lists, partitions: [null] }],
    ['a partition has no valid id', withPartitions({ ...five, id: 5 })],
    ['a partition has no valid id', withPartitions({ ...five, id: 0n })],
    ['a partition has no valid id', withPartitions({ ...five, id: 2n ** 64n })],
    ['the parent of partition 5 is not a valid id', withPartitions({ ...five, parent: undefined })],
    ['the name of partition 5 is not a string', withPartitions({ ...five, name: 5 })],
    ['partition 5 has no list of virtual processors', withPartitions({ ...five, virtualProcessors: 2 })],
    [
      'the virtual processors of partition 5 are not ascending indexes',
      withPartitions({ ...five, virtualProcessors: [NaN] }),
    ],
    [
      'there are more than 100000 objects',
      withPartitions({ ...five, virtualProcessors: new Array(2 ** 32 - 1) }),
    ],
    [
      'listError of partition 5 is not a PAGE_UNAVAILABLE error',
      withPartitions({ ...five, listError: new Error('x') }),
    ],
    ['partition 5 comes after 5', withPartitions(five, five)],
    ['partition 5 is not found by its id', { ...lists, partitions: [five], partition: () => ({ ...five }) }],
    [
      '2 partitions have no parent, but only the root has none',
      withPartitions(partitionEntry(1n, null), partitionEntry(5n, null)),
    ],
  ])('is PAGE_UNAVAILABLE, with the reason in the log only: %s', async (problem, topology) => {
    source.topology = async () => topology as Topology;
    const answer = await askRoot();
    expect(answer).toMatchObject({
      data: { partition: null },
      errors: [
        {
          message: 'The source gave an invalid answer.',
          path: ['partition'],
          extensions: { code: 'PAGE_UNAVAILABLE' },
        },
      ],
    });
    expect(JSON.stringify(answer)).not.toContain(problem);
    expect(reasons()).toEqual([`The source gave an invalid answer: ${problem}.`]);
  });

  it('gives no caller the rights of the root, and the root keeps them when the topology is valid again', async () => {
    source.topology = async () =>
      topologyOf([0], [partitionEntry(1n, null), partitionEntry(5n, null)]) satisfies Topology;
    const text = '{ hypervisor { counters { totalPages } } }';
    const guest = await ask({ source, sampler, caller: caller(5n), query: text });
    expect(errorsOf(guest)).toEqual(['hypervisor PAGE_UNAVAILABLE']);
    source.topology = () => FakeSource.prototype.topology.call(source);
    expect((await askRoot(text)).errors).toBeUndefined();
    expect(errorsOf(await ask({ source, sampler, caller: caller(5n), query: text }))).toEqual([
      'hypervisor.counters ACCESS_DENIED NOT_ROOT',
    ]);
  });

  it('is checked once while the source returns the same object', async () => {
    const topology = topologyOf([0, 1], source.partitions);
    let found = 0;
    const counting: Topology = {
      ...topology,
      partition(id) {
        found += 1;
        return topology.partition(id);
      },
    };
    source.topology = async () => counting;
    await sampler.topology(new AbortController().signal);
    expect(found).toBe(2);
    await sampler.topology(new AbortController().signal);
    expect(found).toBe(2);
  });
});

describe('invalid readings', () => {
  const at = new FakeSource().now();
  const lies: readonly [string, (readings: Readings) => unknown][] = [
    ['the readings are missing', () => undefined],
    ['the readings are missing', () => null],
    ['the readings are missing', () => 'readings'],
    ['the readings have no valid moment', ({ outcomes }) => ({ outcomes })],
    ['the readings have no valid moment', (readings) => ({ ...readings, at: null })],
    [
      'the readings have no valid moment',
      (readings) => ({ ...readings, at: { ...at, monotonicNanoseconds: 5 } }),
    ],
    [
      'the readings have no valid moment',
      (readings) => ({ ...readings, at: { ...at, wallMilliseconds: NaN } }),
    ],
    [
      'the readings have no valid moment',
      (readings) => ({ ...readings, at: { ...at, wallMilliseconds: 1e16 } }),
    ],
    ['the outcomes are not a list', (readings) => ({ ...readings, outcomes: { length: 3 } })],
    [
      '3 objects were asked for, but 2 outcomes came',
      (readings) => ({ ...readings, outcomes: readings.outcomes.slice(1) }),
    ],
    [
      '3 objects were asked for, but 4 outcomes came',
      (readings) => ({ ...readings, outcomes: [...readings.outcomes, readings.outcomes[0]] }),
    ],
    ['3 objects were asked for, but 0 outcomes came', (readings) => ({ ...readings, outcomes: [] })],
  ];
  it.each(lies)('make the whole read fail, with the reason in the log only: %s', async (problem, lie) => {
    source.read = async (objects) => lie(await honestRead(objects)) as Readings;
    const answer = await askRoot();
    const [first, second] = answer.data.partition.virtualProcessors;
    expect([answer.data.partition.name, answer.data.partition.counters, first, second]).toEqual([
      'p5',
      null,
      { counters: null },
      { counters: null },
    ]);
    expect(errorsOf(answer)).toEqual([
      'partition.counters PAGE_UNAVAILABLE',
      'partition.virtualProcessors.0.counters PAGE_UNAVAILABLE',
      'partition.virtualProcessors.1.counters PAGE_UNAVAILABLE',
    ]);
    expect(JSON.stringify(answer)).not.toContain(problem);
    expect(reasons()).toEqual([`The source gave an invalid answer: ${problem}.`]);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['without values', { page: null }],
    ['with an invalid page', { page: {}, value: () => 7n }],
    ['an error that is not about pages', new HvqlError('ACCESS_DENIED', 'Not for you.')],
    ['an error of any kind', new Error('secret')],
  ])('make one object fail: %s', async (_what, outcome) => {
    source.read = async (objects) => {
      const { at: now, outcomes } = await honestRead(objects);
      return { at: now, outcomes: outcomes.map((honest, n) => (n === 1 ? (outcome as HvqlError) : honest)) };
    };
    const answer = await askRoot();
    expect(answer.errors).toMatchObject([
      {
        message: 'The source returned no reading of virtual processor 0 of partition 5.',
        path: ['partition', 'virtualProcessors', 0, 'counters'],
        extensions: { code: 'PAGE_UNAVAILABLE' },
      },
    ]);
    expect(answer.data.partition.virtualProcessors[1].counters.hypercalls).toBe('0');
    expect(changes).toEqual([]);
  });

  it('make the read fail if the list has holes', async () => {
    source.read = async (objects) => {
      const outcomes = [...(await honestRead(objects)).outcomes];
      // eslint-disable-next-line @typescript-eslint/no-array-delete -- that is the point
      delete outcomes[2];
      return { at: source.now(), outcomes };
    };
    expect(errorsOf(await askRoot())).toEqual(['partition.virtualProcessors.1.counters PAGE_UNAVAILABLE']);
  });
});

describe('a source clock that goes backwards', () => {
  const rates = '{ partition(id: 5) { virtualProcessor(index: 0) { rates(over: "1s") { hypercalls } } } }';

  it('makes one read fail, and no change is computed from earlier readings', async () => {
    source.milliseconds = 100_000;
    await askRoot();
    source.milliseconds = 99_000;
    expect(errorsOf(await askRoot())).toContain('partition.counters PAGE_UNAVAILABLE');
    expect(reasons()).toEqual(['The source gave an invalid answer: its clock went back by 1000000000 ns.']);
    // The reading from before would be 5 s old by this clock.
    source.milliseconds = 105_000;
    const answer = await askRoot(rates);
    expect(answer.data.partition.virtualProcessor.rates.hypercalls).toBe(3000);
    expect(source.milliseconds).toBe(106_000);
    expect(changes.at(-1)).toBeNull();
  });

  it('is not detected when a slow reading ends after a quick one that began later', async () => {
    const ends: (() => void)[] = [];
    source.read = async (objects) => {
      const readings = await honestRead(objects);
      await new Promise<void>((resolve) => ends.push(resolve));
      return readings;
    };
    const slow = askRoot();
    await expect.poll(() => ends.length).toBe(1);
    source.milliseconds = 1000;
    const quick = askRoot();
    await expect.poll(() => ends.length).toBe(2);
    ends[1]?.();
    expect((await quick).errors).toBeUndefined();
    ends[0]?.();
    expect((await slow).errors).toBeUndefined();
  });
});

describe('a response that arrives too late', () => {
  it('is discarded, and a rejection that comes too late has no effect', async () => {
    const impatient = samplerOf(source, 20);
    const ends: ((readings: Promise<Readings>) => void)[] = [];
    source.read = () => new Promise((resolve) => ends.push(resolve));
    const text = '{ partition(id: 5) { counters { gpaPages } } }';
    for (let n = 0; n < 2; n += 1) {
      const answer = await ask({ source, sampler: impatient, query: text });
      expect(answer.errors?.[0]?.message).toBe('The source did not respond within 20 ms.');
    }
    const { lastReadAt } = impatient.health;
    source.milliseconds = 3000;
    ends[0]?.(honestRead([{ object: 'PARTITION', partitionId: 5n }]));
    ends[1]?.(Promise.reject(new Error('late')));
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(impatient.health).toMatchObject({ isAnswering: false, lastReadAt });
    // It is not held for a rate either: this query waits for a second reading of its own.
    source.read = honestRead;
    source.milliseconds = 10_000;
    await ask({
      source,
      sampler: impatient,
      query: '{ partition(id: 5) { rates(over: "1s") { interval { from } } } }',
    });
    expect(source.milliseconds).toBe(11_000);
  });
});

describe('a source that hangs when it reads, but not when it lists objects', () => {
  it('is not called for readings while it hangs, however many callers there are', async () => {
    const impatient = samplerOf(source, 30);
    let reads = 0;
    source.read = () => {
      reads += 1;
      return new Promise(() => undefined);
    };
    const text = '{ partition(id: 5) { name counters { gpaPages } } }';
    const asked = Array.from({ length: 1000 }, () => ask({ source, sampler: impatient, query: text }));
    const answers = await Promise.all(asked);
    expect(reads).toBeLessThanOrEqual(40);
    for (const answer of answers) {
      expect(answer.data).toEqual({ partition: { name: 'p5', counters: null } });
      expect(errorsOf(answer)).toEqual(['partition.counters PAGE_UNAVAILABLE']);
    }
  });
});

describe('readiness', () => {
  const check = (): Promise<void> =>
    sampler.checkReady({ signal: new AbortController().signal, maximumAgeMilliseconds: 5000 });

  it('does not call a source that has responded recently', async () => {
    await askRoot();
    expect([source.topologies, source.batches.length]).toEqual([1, 1]);
    source.milliseconds += 5000;
    await check();
    expect([source.topologies, source.batches.length]).toEqual([1, 1]);
    source.milliseconds += 1;
    await check();
    expect([source.topologies, source.batches.length]).toEqual([2, 2]);
  });

  it('ends with the first failure, however recently the source responded, and returns after a successful trial', async () => {
    await askRoot();
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The folder is gone.'));
    await askRoot();
    await expect(check()).rejects.toThrow(/^The folder is gone\.$/);
    await expect(check()).rejects.toThrow('The folder is gone.');
    const asked = source.topologies;
    await expect(check()).rejects.toThrow('The source has failed 3 times in a row');
    await expect(check()).rejects.toMatchObject({ code: 'PAGE_UNAVAILABLE' });
    expect(source.topologies).toBe(asked);
    source.broken.clear();
    await expect
      .poll(() =>
        check().then(
          () => 'ready',
          () => 'not ready',
        ),
      )
      .toBe('ready');
    expect(source.topologies).toBe(asked + 1);
    expect(changes).toMatchObject([{ message: 'The folder is gone.' }, null]);
    expect(sampler.health.isAnswering).toBe(true);
  });
});
