/** One caller asks for as much as it can, by each transport: no other caller waits for it. */
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import { busyness } from '../execution/processor-time.ts';
import { post, serve, type Served } from './program.ts';

interface Question {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

let served: Served;
beforeAll(async () => {
  served = await serve(['--source', 'simulator?lps=64&partitions=100&vps=8']);
});
afterAll(() => served.program.stop());

const token = (): string => String(served.tokens[0]);

const transports: Record<string, (question: Question) => Promise<any>> = {
  POST: (question) => post(served.url, { token: token(), ...question }),
  WebSocket: async (question) => {
    const client = createClient({
      url: served.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${token()}` },
      retryAttempts: 0,
    });
    try {
      for await (const result of client.iterate({ ...question })) return result;
      throw new Error('There was no result.');
    } catch (thrown) {
      // The protocol sends the errors of an operation that does not run as a list.
      if (Array.isArray(thrown)) return { errors: thrown };
      throw thrown;
    } finally {
      await client.dispose();
    }
  },
};

const listItems = 5_000;
const absent = Array.from({ length: listItems }, (_, n) =>
  nodeIdOf({ object: 'PARTITION', partitionId: 1_000_000n + BigInt(n) }, 'local'),
);
const aliased = (field: string): string => Array.from({ length: 199 }, (_, n) => `a${n}: ${field}`).join(' ');

const greedy: Record<string, Question> = {
  'ids that do not exist': {
    query: `query ($ids: [ID!]!) { ${aliased('nodes(ids: $ids) { id }')} }`,
    variables: { ids: absent },
  },
  'malformed ids': {
    query: `query ($ids: [ID!]!) { ${aliased('nodes(ids: $ids) { id }')} }`,
    variables: { ids: absent.map((_, n) => `x${n}`) },
  },
  'orders of all virtual processors': {
    query: `{ hypervisor { ${aliased('virtualProcessors(first: 1, orderBy: { counter: HYPERCALLS }) { id }')} } }`,
    variables: {},
  },
  'errors of all partitions': {
    query: `{ hypervisor { ${aliased('partitions { nodes { virtualProcessor(index: 99) { id } } }')} } }`,
    variables: {},
  },
};

/** The longest that /health took while the work was done, in milliseconds. */
async function longestWaitDuring(work: Promise<unknown>): Promise<number> {
  const during = new AbortController();
  const end = (): void => during.abort();
  void work.then(end, end);
  let longest = 0;
  const url = new URL('/health', served.url);
  do {
    const begin = performance.now();
    const response = await fetch(url);
    await response.arrayBuffer();
    expect(response.status).toBe(200);
    longest = Math.max(longest, performance.now() - begin);
  } while (!during.signal.aborted);
  return longest;
}

const healthMilliseconds = 250;

describe.each(Object.entries(transports))('a greedy caller by %s', (_way, ask) => {
  it.each(Object.entries(greedy))(
    'that requests %s is refused, and /health responds in time',
    async (_what, question) => {
      const expected = { errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] };
      // The best of four, since the machine may be busy with other work.
      let longest = Infinity;
      let bound = healthMilliseconds;
      for (let attempt = 0; attempt < 4 && longest > bound; attempt += 1) {
        const before = busyness();
        const answer = ask(question);
        longest = await longestWaitDuring(answer);
        bound = healthMilliseconds * Math.max(before, busyness());
        expect(await answer).toMatchObject(expected);
      }
      expect(longest).toBeLessThanOrEqual(bound);
    },
    300_000,
  );
});
