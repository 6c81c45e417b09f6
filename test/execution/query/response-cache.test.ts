import { parse, type DocumentNode, type ExecutionResult } from 'graphql';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Caller } from '../../../src/access/caller.ts';
import { HvqlError } from '../../../src/errors.ts';
import { executeOperation, operationContext, type ServiceContext } from '../../../src/execution/execute.ts';
import { createSchema } from '../../../src/graph/schema.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { sameOrNext, type Topology } from '../../../src/snapshot/topology.ts';
import type { Source } from '../../../src/source/source.ts';
import { writtenDataOf, type WrittenData } from '../../../src/writer/written-data.ts';
import { caller, testLimits, testHost } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

const schema = createSchema();
let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [
    partitionEntry(1n, null),
    partitionEntry(5n, 1n),
    partitionEntry(7n, 5n),
    partitionEntry(9n, 1n),
  ];
});

/** A service over the source that shares snapshots for this time. */
function serviceOver(given: Source, shareMilliseconds: number): ServiceContext {
  const sampler = new Sampler({
    source: given,
    clock: source,
    wait: source.wait,
    timeoutMilliseconds: 5_000,
    shareMilliseconds,
  });
  const service = {
    version: '1.2.3',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  return { sampler, service };
}

interface Question {
  readonly by?: Caller;
  readonly operationName?: string;
  readonly variableValues?: Record<string, unknown>;
}

function run(world: ServiceContext, document: DocumentNode, { by = caller(1n), ...more }: Question = {}) {
  const request = { caller: by, signal: new AbortController().signal };
  return executeOperation({ schema, document, contextValue: operationContext(world, request), ...more });
}

const plain = (result: ExecutionResult): unknown => JSON.parse(JSON.stringify(result));

/** The fake source without promises. */
function synchronous(): Source {
  let latest: Topology | undefined;
  const topology = (): Topology => (latest = sameOrNext(latest, source.topologyNow()));
  return {
    kind: 'fake',
    description: 'fake',
    topology: async () => topology(),
    read: (objects) => source.read(objects),
    sync: { topology, read: (objects) => source.readNow(objects) },
    close: async () => {},
  };
}

const everything = `{
  viewer { partitionId isRoot privileges }
  hypervisor {
    sampledAt counters { totalPages } logicalProcessors { counters { totalRunTime } }
    partitions { totalCount nodes { partitionId counters { gpaPages } virtualProcessors { counters { hypercalls } } } }
  }
  partition { name counters { gpaPages } }
}`;
const own = '{ viewer { partitionId privileges } partition(id: 7) { sampledAt counters { gpaPages } } }';
const readable =
  '{ viewer { partitionId privileges } hypervisor { sampledAt partitions { nodes { partitionId } } } }';

const callers: Record<string, () => Caller> = {
  'the root': () => caller(1n),
  'the root without the privilege of a parent': () => caller(1n, ['ACCESS_STATS_MSR']),
  'the root without the privilege of itself': () => caller(1n, ['ACCESS_STATS']),
  'a parent': () => caller(5n),
  'the parent with one privilege': () => caller(5n, ['ACCESS_STATS']),
  'its child': () => caller(7n),
  'another guest': () => caller(9n),
  'a guest without privileges': () => caller(9n, []),
};
const names = Object.keys(callers);
const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));

/** The data as a client sees it. */
function dataOf({ data }: ExecutionResult): Record<string, unknown> {
  return JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
}

describe('equal operations on one snapshot', () => {
  it.each(pairs)('return the response of their own caller: %s, then %s', async (first, second) => {
    for (const text of [everything, own, readable]) {
      const document = parse(text);
      const alone = (who: string) =>
        run(serviceOver(source, 0), document, { by: callers[who]?.() ?? caller(1n) });
      const expected = [plain(await alone(first)), plain(await alone(second)), plain(await alone(first))];
      const world = serviceOver(source, 1_000);
      const answers: ExecutionResult[] = [];
      for (const who of [first, second, first]) {
        answers.push(await run(world, document, { by: callers[who]?.() ?? caller(1n) }));
      }
      expect(answers.map(plain)).toEqual(expected);
      if (first !== second) expect(answers[0]).not.toBe(answers[1]);
    }
  });

  it('return one result object to callers with equal rights, from one reading', async () => {
    const world = serviceOver(source, 1_000);
    const document = parse(readable);
    const first = await run(world, document);
    expect(await run(world, document, { by: caller(1n) })).toBe(first);
    expect(source.batches).toHaveLength(1);
  });

  it('are read again when the snapshot is too old, and each time if snapshots are not shared', async () => {
    const document = parse(readable);
    const shared = serviceOver(source, 10);
    const first = await run(shared, document);
    source.milliseconds = 10;
    expect(await run(shared, document)).toBe(first);
    source.milliseconds = 11;
    const next = await run(shared, document);
    expect(next).not.toBe(first);
    expect(dataOf(next)['hypervisor']).toMatchObject({ sampledAt: '2023-11-14T22:13:20.011Z' });
    const never = serviceOver(source, 0);
    source.batches.length = 0;
    expect(await run(never, document)).not.toBe(await run(never, document));
    expect(source.batches).toHaveLength(2);
  });

  it('run again after an error, so that each denial is reported', async () => {
    const world = serviceOver(source, 1_000);
    const document = parse('{ hypervisor { sampledAt counters { totalPages } } }');
    const by = caller(5n);
    const [first, second] = [await run(world, document, { by }), await run(world, document, { by })];
    expect([first.errors?.length, second.errors?.length]).toEqual([1, 1]);
    expect(second).not.toBe(first);
    expect(source.batches).toHaveLength(1);
  });

  it('are read again after a failed snapshot', async () => {
    const world = serviceOver(source, 1_000);
    const document = parse(readable);
    source.read = async () => {
      throw new HvqlError('PAGE_UNAVAILABLE', 'gone');
    };
    expect((await run(world, document)).errors).toHaveLength(1);
    source.read = FakeSource.prototype.read.bind(source);
    expect((await run(world, document)).errors).toBeUndefined();
  });

  it('are not equal with other variables or another operation name, or if they select the service field', async () => {
    const world = serviceOver(source, 1_000);
    const document = parse(`
      query A($id: UInt64!) { partition(id: $id) { partitionId sampledAt } }
      query B($id: UInt64!) { partition(id: $id) { name sampledAt } }
      query C { service { source { lastReadAt } } partition { sampledAt } }`);
    const ask = (operationName: string, id: unknown) =>
      run(world, document, { operationName, variableValues: { id } });
    const five = await ask('A', '5');
    expect(dataOf(five)['partition']).toMatchObject({ partitionId: '5' });
    expect(dataOf(await ask('A', '9'))['partition']).toMatchObject({ partitionId: '9' });
    expect(dataOf(await ask('B', '5'))['partition']).toMatchObject({ name: 'p5' });
    expect((await ask('A', Infinity)).errors).toHaveLength(1);
    expect((await ask('A', null)).errors).toHaveLength(1);
    expect(await ask('A', '5')).toBe(five);
    expect(await run(world, document, { operationName: 'C' })).not.toBe(
      await run(world, document, { operationName: 'C' }),
    );
  });
});

describe('the bytes of a cached response', () => {
  const document = parse(readable);
  const other = parse('{ partition(id: 5) { partitionId sampledAt } }');
  const written = (result: ExecutionResult): WrittenData => {
    const data = writtenDataOf(result);
    if (data === null) throw new Error('the answer is not written');
    return data;
  };
  const ask = async (world: ServiceContext, asked = document): Promise<WrittenData> =>
    written(await run(world, asked));

  it('do not change before their last reference is released, and are reused after that', async () => {
    const world = serviceOver(source, 1_000);
    const [first, second] = [await ask(world), await ask(world)];
    expect(second).toBe(first);
    const { buffer } = first.response;
    const text = first.response.toString();
    first.release();
    source.milliseconds = 2_000;
    const next = [await ask(world), await ask(world, other)];
    expect(next.map(({ response: answer }) => answer.buffer)).not.toContain(buffer);
    expect(first.response.toString()).toBe(text);
    second.release();
    source.milliseconds = 4_000;
    expect((await ask(world, other)).response.buffer).toBe(buffer);
  });

  it('are kept as long as the snapshot, even if no client is receiving them', async () => {
    const world = serviceOver(source, 1_000);
    const first = await ask(world);
    const text = first.response.toString();
    first.release();
    const { buffer } = first.response;
    expect((await ask(world, other)).response.buffer).not.toBe(buffer);
    expect((await ask(world)).response.toString()).toBe(text);
  });

  it('are released by the first operation after the snapshot, even if that operation fails', async () => {
    const world = serviceOver(source, 1_000);
    const first = await ask(world);
    first.release();
    source.milliseconds = 2_000;
    const refused = await run(world, parse('{ partition(id: 77) { name } }'));
    expect(refused.errors).toHaveLength(1);
    expect(written(refused).response.buffer).toBe(first.response.buffer);
  });

  it('are released soon after the snapshot if no operation follows', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const first = await ask(serviceOver(source, 1_000));
    first.release();
    const { buffer } = first.response;
    vi.advanceTimersByTime(1_000);
    // It is still shared: another service is given other memory.
    const second = await ask(serviceOver(source, 1_000));
    expect(second.response.buffer).not.toBe(buffer);
    source.milliseconds = 2_000;
    vi.advanceTimersByTime(1_000);
    expect((await ask(serviceOver(source, 1_000))).response.buffer).toBe(buffer);
  });

  it('are never reused if a reference is not released', async () => {
    const world = serviceOver(source, 1_000);
    const first = await ask(world);
    await ask(world);
    first.release();
    const { buffer } = first.response;
    for (let n = 1; n < 5; n += 1) {
      source.milliseconds += 2_000;
      const next = await ask(world);
      expect(next.response.buffer).not.toBe(buffer);
      next.release();
    }
  });
});

describe('an operation on a snapshot that was read for another one', () => {
  it('uses its readings if it has all of them, and otherwise reads all again', async () => {
    const world = serviceOver(source, 1_000);
    await run(world, parse(everything));
    source.milliseconds = 5;
    const part = await run(world, parse('{ partition(id: 9) { sampledAt counters { gpaPages } } }'));
    expect(dataOf(part)['partition']).toMatchObject({ sampledAt: '2023-11-14T22:13:20.000Z' });
    expect(source.batches).toHaveLength(1);
    await run(world, parse('{ partition(id: 5) { page { bytes } parent { counters { gpaPages } } } }'));
    expect(source.batches).toHaveLength(1);
    const narrow = serviceOver(source, 1_000);
    source.batches.length = 0;
    await run(narrow, parse('{ partition(id: 9) { counters { gpaPages } } }'));
    await run(
      narrow,
      parse(
        '{ nine: partition(id: 9) { counters { gpaPages } } five: partition(id: 5) { counters { gpaPages } } }',
      ),
    );
    expect(source.batches).toEqual([['partition/9'], ['partition/9', 'partition/5']]);
  });

  it('joins a snapshot that is still being read', async () => {
    const world = serviceOver(source, 1_000);
    let finish = (): void => {};
    let reads = 0;
    source.read = async (objects) => {
      reads += 1;
      await new Promise<void>((resolve) => (finish = resolve));
      return FakeSource.prototype.read.call(source, objects);
    };
    const document = parse(readable);
    const first = run(world, document);
    for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve));
    const second = run(world, document, { by: caller(9n) });
    for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect(dataOf(await first)['hypervisor']).toMatchObject({ sampledAt: '2023-11-14T22:13:20.000Z' });
    expect(dataOf(await second)['hypervisor']).toMatchObject({ sampledAt: '2023-11-14T22:13:20.000Z' });
    expect(reads).toBe(1);
  });

  it('has the same changes as all operations that share it', async () => {
    const world = serviceOver(source, 1_000);
    const change = (name: string) =>
      parse(`{ partition(id: 9) { ${name}: deltas { interval { seconds } gpaSpaceModifications } } }`);
    const first = await run(world, change('a'));
    const second = await run(world, change('b'));
    expect(Object.values(Object(dataOf(first)['partition']) as object)).toEqual(
      Object.values(Object(dataOf(second)['partition']) as object),
    );
    expect(source.milliseconds).toBe(1_000);
  });
});

describe('a plan', () => {
  it('is never reused for another topology', async () => {
    const given = synchronous();
    const world = serviceOver(given, 0);
    const document = parse('{ hypervisor { partitions { nodes { counters { gpaPages } } } } }');
    const count = async () => {
      source.batches.length = 0;
      const { hypervisor } = dataOf(await run(world, document));
      const { partitions } = hypervisor as { partitions: { nodes: unknown[] } };
      return [partitions.nodes.length, source.batches[0]?.length];
    };
    expect(await count()).toEqual([3, 3]);
    source.partitions = [...source.partitions, partitionEntry(11n, 1n)];
    expect(await count()).toEqual([4, 4]);
    source.partitions = source.partitions.slice(0, 2);
    expect(await count()).toEqual([2, 2]);
  });
});

describe('a synchronous source', () => {
  it('is read without a promise', () => {
    const world = serviceOver(synchronous(), 0);
    const document = parse(everything);
    expect(run(world, document)).not.toBeInstanceOf(Promise);
    expect(run(world, document)).not.toBeInstanceOf(Promise);
  });

  it('has its failures counted like those of an asynchronous source', async () => {
    const world = serviceOver(synchronous(), 0);
    const document = parse('{ hypervisor { sampledAt } }');
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The folder is gone.'));
    const messages: (string | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) messages.push((await run(world, document)).errors?.[0]?.message);
    expect(messages.slice(0, 2)).toEqual(['The folder is gone.', 'The folder is gone.']);
    expect(messages[3]).toContain('The source has failed 3 times in a row');
    expect(world.sampler.health.isAnswering).toBe(false);
  });
});
