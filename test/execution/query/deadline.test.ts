import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'graphql';
import { executeOperation, operationContext } from '../../../src/execution/execute.ts';
import type { Introspection } from '../../../src/graph/context.ts';
import { createSchema } from '../../../src/graph/schema.ts';
import { HvqlError } from '../../../src/errors.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { caller, testLimits, testHost } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

const schema = createSchema();
let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
});

/** Runs an operation as the service does. */
async function run(
  query: string,
  options: { by?: bigint; introspection?: Introspection; signal?: AbortSignal; takenAt?: number } = {},
) {
  const { by = 1n, introspection = 'on', signal = new AbortController().signal, takenAt = null } = options;
  const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  const sampler = new Sampler({ source, clock: source, wait, timeoutMilliseconds: 60_000 });
  const service = {
    version: '',
    host: testHost,
    limits: { ...testLimits, maxTimeMilliseconds: 2_000 },
    introspection,
    health: () => sampler.health,
  };
  const request = { caller: caller(by), signal, takenAt };
  const contextValue = operationContext({ sampler, service }, request);
  const result = await executeOperation({ schema, document: parse(query), contextValue });
  if (result.data != null) result.data = JSON.parse(JSON.stringify(result.data));
  return result;
}

describe('the deadline of an operation', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('aborts its reads and is reported as one error', async () => {
    let aborted: unknown;
    source.read = (_objects: unknown, signal?: AbortSignal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          aborted = signal.reason;
          reject(new Error('aborted'));
        });
      });
    const answer = run('{ partition { counters { virtualProcessors } virtualProcessors { index } } }');
    await vi.advanceTimersByTimeAsync(2_000);
    const { data, errors } = await answer;
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]).toMatchObject({
      message:
        'The operation took longer than 2s, not counting the time that it asked to wait: request fewer objects, or retry later.',
      extensions: { code: 'LIMIT_EXCEEDED', limit: '2s', actual: 'more than 2s' },
    });
    expect(aborted).toBeInstanceOf(HvqlError);
  });

  it('also ends the wait for the topology', async () => {
    source.topology = () => new Promise(() => {});
    const answer = run('{ partition { name } }');
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await answer).errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }]);
  });

  it('starts when the operation was received, if the transport recorded that time', async () => {
    source.topology = () => new Promise(() => {});
    const answer = run('{ partition { name } }', { takenAt: performance.now() - 1_500 });
    let isAnswered = false;
    void answer.then(() => (isAnswered = true));
    await vi.advanceTimersByTimeAsync(499);
    expect(isAnswered).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isAnswered).toBe(true);
    expect((await answer).errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }]);
  });

  it('does not include the wait that the operation requests', async () => {
    const answer = run('{ partition { rates(over: "30s") { gpaSpaceModifications interval { seconds } } } }');
    for (let n = 0; n < 32; n += 1) {
      source.milliseconds += 1_000;
      await vi.advanceTimersByTimeAsync(1_000);
    }
    const { data, errors } = await answer;
    expect(errors).toBeUndefined();
    expect(data?.['partition']).toMatchObject({
      rates: { interval: { seconds: expect.toSatisfy((n: number) => n >= 29 && n <= 31) } },
    });
  });

  it('is not the error of an operation that ends because its client disconnects', async () => {
    const gone = new AbortController();
    source.topology = () => new Promise(() => {});
    const answer = run('{ partition { name } }', { signal: gone.signal });
    gone.abort();
    expect((await answer).errors?.map(({ extensions }) => extensions['code'])).not.toContain(
      'LIMIT_EXCEEDED',
    );
  });
});

describe('introspection', () => {
  const schemaOf = '{ __schema { queryType { name } } }';
  const typeOf =
    '{ partition { name ... { partitionId } } ...f } fragment f on Query { __type(name: "Query") { name } }';

  it('is allowed to all callers if it is on', async () => {
    expect((await run(schemaOf, { by: 5n })).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
  });

  it.each([schemaOf, typeOf])(
    'is allowed only to the root partition if it is set to root: %s',
    async (query) => {
      expect((await run(query, { introspection: 'root' })).errors).toBeUndefined();
      const { data, errors } = await run(query, { by: 5n, introspection: 'root' });
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([
        {
          message: 'Access denied: only the root partition may use introspection.',
          extensions: { code: 'ACCESS_DENIED', reason: 'NOT_ROOT' },
        },
      ]);
    },
  );

  it('does not include __typename', async () => {
    const answer = await run('{ __typename partition { __typename } }', { by: 5n, introspection: 'root' });
    expect(answer.data).toEqual({ __typename: 'Query', partition: { __typename: 'Partition' } });
  });

  it('fails with the error of the source if the topology is not available', async () => {
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'gone'));
    const { errors } = await run(schemaOf, { introspection: 'root' });
    expect(errors).toMatchObject([{ extensions: { code: 'PAGE_UNAVAILABLE' } }]);
  });
});
