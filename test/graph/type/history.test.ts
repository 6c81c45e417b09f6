import { parse, type DocumentNode } from 'graphql';
import { beforeEach, describe, expect, it } from 'vitest';
import { executeOperation, operationContext } from '../../../src/execution/execute.ts';
import { createSchema } from '../../../src/graph/schema.ts';
import { resultBytes } from '../../../src/server/result-bytes.ts';
import type { Sampler } from '../../../src/sampling/sampler.ts';
import { ask, caller, errorsOf, samplerOf, testHost, testLimits } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

const schema = createSchema();
let source: FakeSource;
let sampler: Sampler;

beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(6n, 1n)];
  sampler = samplerOf(source);
});

const everything = `{ hypervisor {
  counters { __typename }
  logicalProcessors { counters { __typename } }
  partitions { nodes { counters { __typename } virtualProcessors { counters { __typename } } } }
} }`;

/** Reads everything as root each second, from now on. */
async function readFor(seconds: number, query = everything): Promise<void> {
  for (let n = 0; n < seconds; n += 1) {
    await ask({ source, sampler, query });
    await source.wait(1_000);
  }
}

async function question(query: string, by = 1n) {
  return ask({ source, sampler, query, caller: caller(by) });
}

/** The seconds since the start at which partition 5 has samples. */
async function secondsOf(args = ''): Promise<number[]> {
  const { data } = await question(`{ partition(id: 5) { history${args} { at } } }`);
  return data.partition.history.map(({ at }: { at: string }) => (Date.parse(at) - 1_700_000_000_000) / 1_000);
}

describe('the history of an object', () => {
  it('has its past readings, oldest first, each with the change since the one before', async () => {
    await readFor(3);
    const { data, errors } = await question(`{ partition(id: 5) { virtualProcessor(index: 1) {
      history { at interval { seconds reset } counters { hypercalls } deltas { hypercalls } rates { hypercalls } }
    } } }`);
    expect(errors).toBeUndefined();
    const history = data.partition.virtualProcessor.history;
    const slope = BigInt(history[1].deltas.hypercalls);
    expect(history.map((sample: { counters: { hypercalls: string } }) => sample.counters.hypercalls)).toEqual(
      [0n, slope, 2n * slope].map(String),
    );
    expect(history[0]).toMatchObject({ interval: null, deltas: null, rates: null });
    for (const sample of history.slice(1))
      expect(sample).toMatchObject({
        interval: { seconds: 1, reset: false },
        deltas: { hypercalls: String(slope) },
        rates: { hypercalls: Number(slope) },
      });
  });

  it('reads nothing itself', async () => {
    await readFor(2);
    const { length } = source.batches;
    await secondsOf();
    expect(source.batches).toHaveLength(length);
  });

  it('is limited by last and thinned by step, with changes over the longer time', async () => {
    await readFor(10);
    expect(await secondsOf()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await secondsOf('(last: "4s")')).toEqual([6, 7, 8, 9]);
    expect(await secondsOf('(step: "3s")')).toEqual([0, 3, 6, 9]);
    expect(await secondsOf('(last: "5s", step: "2s")')).toEqual([5, 7, 9]);
    const { data } = await question(
      '{ partition(id: 5) { history(last: "4s", step: "2s") { interval { seconds } } } }',
    );
    expect(data.partition.history).toEqual([{ interval: { seconds: 1 } }, { interval: { seconds: 2 } }]);
  });

  it('shows a time without readings as a gap', async () => {
    await readFor(2);
    await source.wait(30_000);
    await readFor(2);
    expect(await secondsOf()).toEqual([0, 1, 32, 33]);
  });

  it('covers the five minutes before the query, not before the last reading', async () => {
    await readFor(2);
    await source.wait(299_000);
    expect(await secondsOf()).toEqual([1]);
    await source.wait(2_000);
    expect(await secondsOf()).toEqual([]);
  });

  it('contains nothing from before an absence of the object', async () => {
    await readFor(3);
    const [root, , other] = source.partitions;
    source.partitions = [root, other].flatMap((each) => each ?? []);
    await readFor(1);
    source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(6n, 1n)];
    expect(await secondsOf()).toEqual([]);
    await readFor(2);
    expect(await secondsOf()).toEqual([4, 5]);
  });

  it('contains nothing from before the partition got another parent', async () => {
    await readFor(3);
    source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 6n), partitionEntry(6n, 1n)];
    const past = '{ partition(id: 5) { history { at } } }';
    expect((await question(past, 6n)).data.partition.history).toEqual([]);
    // What the same query reads is part of it.
    const query = '{ partition(id: 5) { sampledAt counters { __typename } history { at } } }';
    const { partition } = (await question(query, 6n)).data;
    expect(partition.history).toEqual([{ at: partition.sampledAt }]);
  });

  it('contains nothing of any object from before another partition became the root', async () => {
    await readFor(3);
    source.partitions = [partitionEntry(5n, null), partitionEntry(1n, 5n), partitionEntry(6n, 5n)];
    const past = `{
      hypervisor { history { at } logicalProcessors { history { at } } logicalProcessorTotals { history { at } } }
      partition { virtualProcessors { history { at } } virtualProcessorTotals { history { at } } }
    }`;
    const { data, errors } = await question(past, 5n);
    expect(errors).toBeUndefined();
    const { hypervisor, partition } = data;
    const objects = [hypervisor, ...hypervisor.logicalProcessors, ...partition.virtualProcessors];
    for (const { history } of [
      ...objects,
      hypervisor.logicalProcessorTotals,
      partition.virtualProcessorTotals,
    ])
      expect(history).toEqual([]);
  });

  it.each([
    [2, [3, 4, 5, 6, 7]],
    // Not settled yet when it is asked for.
    [7, [7]],
  ])('contains nothing from before the last reset, which is at second %i', async (second, expected) => {
    const { value } = source;
    source.value = (counter, name, milliseconds) =>
      value(counter, name, milliseconds) + (milliseconds < second * 1_000 ? 10_000_000n : 0n);
    await readFor(8);
    const seconds = await secondsOf();
    expect(seconds).toEqual(second === 2 ? [2, ...expected] : expected);
    const { data } = await question('{ partition(id: 5) { history { interval { reset } } } }');
    expect(data.partition.history[0]).toEqual({ interval: null });
  });

  it.each([
    ['(step: "1500ms")', 'step needs to be one or more whole seconds, but is 1500ms.'],
    ['(step: "0s")', 'step needs to be one or more whole seconds, but is 0ms.'],
    ['(last: "5s", step: "10s")', 'step needs to be at most as long as last, 5s, but is 10s.'],
  ])('returns an error for %s', async (args, message) => {
    await readFor(1);
    const { data, errors } = await question(`{ partition(id: 5) { partitionId history${args} { at } } }`);
    expect(data.partition).toEqual({ partitionId: '5', history: null });
    expect(errors).toMatchObject([
      {
        message,
        path: ['partition', 'history'],
        extensions: { code: 'INVALID_PARAMETER', argument: 'step' },
      },
    ]);
  });

  it('counts its samples towards the limit before it runs, without those that step leaves out', async () => {
    await readFor(10);
    const limited = (query: string) => ask({ source, sampler, query, limits: { maxValues: 40 } });
    const fields =
      '{ at counters { hypercallIntercepts: hypercalls controlRegisterAccesses pageInvalidations } }';
    const virtualProcessor = (args: string) =>
      `{ partition(id: 5) { virtualProcessor(index: 0) { history${args} ${fields.replace('hypercallIntercepts: ', '')} } } }`;
    expect((await limited(virtualProcessor('(step: "2s")'))).errors).toBeUndefined();
    await readFor(2);
    const { errors } = await limited(virtualProcessor(''));
    expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 40, actual: 48 } }]);
    // Of totals each member counts.
    const totals = `{ partition(id: 5) { virtualProcessorTotals { history { counters { hypercalls pageInvalidations } } } } }`;
    expect((await limited(totals)).errors).toMatchObject([{ extensions: { actual: 48 } }]);
  });
});

describe('the history of totals', () => {
  it('has the number of processors that were read at each time, and the sum of their changes', async () => {
    await readFor(2);
    await readFor(1, '{ partition(id: 5) { virtualProcessor(index: 0) { counters { hypercalls } } } }');
    await readFor(1);
    const { data } = await question(`{ partition(id: 5) {
      virtualProcessors { history { deltas { hypercalls } } }
      virtualProcessorTotals { history { of readable interval { seconds } counters { hypercalls } deltas { hypercalls } } }
    } }`);
    const { history } = data.partition.virtualProcessorTotals;
    expect(history.map(({ of, readable }: { of: number; readable: number }) => [of, readable])).toEqual([
      [2, 2],
      [2, 2],
      [2, 1],
      [2, 2],
    ]);
    type Sample = { deltas: { hypercalls: string } | null };
    const deltas = (samples: readonly Sample[]): number[] =>
      samples.map((sample) => Number(sample.deltas?.hypercalls ?? 0));
    const [one = [], two = []]: number[][] = data.partition.virtualProcessors.map(
      (each: { history: Sample[] }) => deltas(each.history),
    );
    // The second was not read in the third second.
    two.splice(2, 0, 0);
    expect(deltas(history)).toEqual(one.map((delta, n) => delta + (two[n] ?? 0)));
    expect(history[3].interval.seconds).toBe(2);
  });

  it('contains samples of a processor only since its reset, and all samples of the others', async () => {
    const { value } = source;
    source.value = (counter, name, milliseconds) =>
      value(counter, name, milliseconds) +
      ('index' in name && name.index === 0 && milliseconds < 3_000 ? 10_000_000n : 0n);
    await readFor(6);
    const { data } = await question(`{ partition(id: 5) { virtualProcessorTotals {
      history { readable interval { reset } deltas { hypercalls } } } } }`);
    const { history } = data.partition.virtualProcessorTotals;
    expect(history.map(({ readable }: { readable: number }) => readable)).toEqual([1, 1, 1, 2, 2, 2]);
    const [, one, , first, both] = history.map((each: any) => Number(each.deltas?.hypercalls ?? Number.NaN));
    // That of the second processor alone, as the first one has no earlier reading.
    expect([first, both]).toEqual([one, 2 * one]);
    for (const { interval } of history.slice(1)) expect(interval.reset).toBe(false);
  });

  it('has a gap if none of them was read, and is limited and thinned like the history of one object', async () => {
    await readFor(3);
    await source.wait(20_000);
    await readFor(6);
    const secondsIn = async (args: string): Promise<number[]> => {
      const { data } = await question(
        `{ partition(id: 5) { virtualProcessorTotals { history${args} { at } } } }`,
      );
      const { history } = data.partition.virtualProcessorTotals;
      return history.map(({ at }: { at: string }) => (Date.parse(at) - 1_700_000_000_000) / 1_000);
    };
    for (const args of ['', '(last: "4s")', '(step: "2s")', '(last: "30s", step: "10s")'])
      expect(await secondsIn(args)).toEqual(await secondsOf(args));
    expect(await secondsIn('')).toEqual([0, 1, 2, 23, 24, 25, 26, 27, 28]);
  });

  it('prefers times at which more of them were read', async () => {
    await readFor(1, '{ partition(id: 5) { virtualProcessor(index: 0) { counters { hypercalls } } } }');
    await readFor(5);
    const { data } = await question(
      '{ partition(id: 5) { virtualProcessorTotals { history(step: "3s") { readable } } } }',
    );
    expect(data.partition.virtualProcessorTotals.history).toEqual([{ readable: 2 }, { readable: 2 }]);
  });
});

describe('access to history', () => {
  const query = `{
    hypervisor { history { at } logicalProcessor(index: 0) { history { at } } logicalProcessorTotals { history { at } } }
    own: partition { history { at } virtualProcessorTotals { history { at } } }
    other: partition(id: 6) { history { at } }
  }`;

  it('requires access to the object itself at the time of the query', async () => {
    await readFor(2);
    await ask({ source, sampler, query: '{ partition { counters { __typename } } }', caller: caller(5n) });
    const guest = await question(query, 5n);
    expect(errorsOf(guest)).toEqual([
      'hypervisor.history ACCESS_DENIED NOT_ROOT',
      'hypervisor.logicalProcessor ACCESS_DENIED NOT_ROOT',
      'hypervisor.logicalProcessorTotals ACCESS_DENIED NOT_ROOT',
      'other ACCESS_DENIED NOT_SELF_OR_PARENT',
    ]);
    // What the guest is shown of itself, not what its parent is.
    expect(guest.data.own.history).toHaveLength(1);
    const root = await question(query);
    expect(errorsOf(root)).toEqual([]);
    expect(root.data.other.history).toHaveLength(2);
    const powerless = await ask({ source, sampler, query, caller: caller(5n, ['ACCESS_STATS']) });
    expect(powerless.data).toMatchObject({ own: null, other: null });
  });
});

describe('a history that is written as bytes', () => {
  const query = `query ($last: Duration, $step: Duration) { hypervisor {
    history(last: $last, step: $step) { at counters { logicalProcessors partitions } }
    logicalProcessors { history(last: $last, step: $step) { at interval { from to seconds reset } counters { totalRunTime } rates { totalRunTime } deltas { totalRunTime hardwareInterrupts } } }
    logicalProcessorTotals { history(last: $last, step: $step) { at of readable interval { seconds } counters { totalRunTime } rates { totalRunTime } deltas { totalRunTime } } }
    partitions { nodes { history { at counters { virtualProcessors } } virtualProcessors { history { at rates { hypercalls } counters { hypercalls totalRunTime } } } } }
  } }`;

  it.each([{}, { last: '5s' }, { last: '6s', step: '2s' }])(
    'equals the history that graphql-js writes, with %j',
    async (variableValues) => {
      const { value } = source;
      source.value = (counter, name, milliseconds) =>
        (value(counter, name, milliseconds) * 0x1234_5678_9abcn) & 0x7fff_ffff_ffff_ffffn;
      await readFor(9);
      const answers = [];
      for (const writesBytes of [true, false, true])
        answers.push(await bytesOf(parse(query), { variableValues, writesBytes }));
      expect(answers[0]).toContain('"history":[{"at":');
      expect(answers[1]).toBe(answers[0]);
      expect(answers[2]).toBe(answers[0]);
    },
  );

  it('is computed for the time of the query, also if the same operation is repeated', async () => {
    await readFor(3);
    const document = parse('{ partition(id: 5) { history { at } } }');
    const count = async () => JSON.parse(await bytesOf(document, {})).data.partition.history.length;
    expect([await count(), await count(), await count()]).toEqual([3, 3, 3]);
    await readFor(2);
    expect(await count()).toBe(5);
  });
});

/** The response to a caller with all rights. */
async function bytesOf(
  document: DocumentNode,
  { writesBytes = true, ...args }: { writesBytes?: boolean; variableValues?: Record<string, unknown> },
): Promise<string> {
  const service = {
    version: '1',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const request = { caller: caller(1n), signal: new AbortController().signal };
  const contextValue = operationContext({ sampler, service, writesBytes }, request);
  return resultBytes(await executeOperation({ schema, document, contextValue, ...args })).toString();
}
