/** graphql-sse's PROTOCOL.md, rule by rule, against the running service: distinct connections; the single connection is not offered. */
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Served } from './program.ts';
import { testedIn, type Rule } from './rule.ts';

let served: Served;
beforeAll(async () => {
  served = await serve(['--source', 'simulator?lps=2&partitions=2&vps=1']);
});
afterAll(() => served.program.stop());

const live = 'subscription { partition(every: "100ms") { sampledAt } }';
const serverFile = 'server/sse.test.ts';
const contractFile = 'contract/subscription.ts';
const bearer = (): Record<string, string> => ({ authorization: `Bearer ${served.tokens[0]}` });

describe('GraphQL over Server-Sent Events', () => {
  it.each<Rule>([
    [
      'a client that accepts events receives events',
      testedIn(serverFile, 'begins immediately, before the first event, with headers that prevent buffering'),
    ],
    [
      'an operation that cannot run is an error in an event, with the status 200',
      testedIn(serverFile, 'has an event that says why an operation cannot run (%#)'),
    ],
    [
      'a client without an identity gets no stream',
      testedIn('end-to-end/live.test.ts', 'is required: without a token there is no event stream'),
    ],
    [
      'a stream is next, next, … and complete',
      testedIn(contractFile, 'receives each event immediately, and the end'),
    ],
    [
      'a single result is one next and a complete with empty data',
      testedIn(serverFile, 'contains a single result for a query'),
    ],
    [
      'a stream ends when the client closes it',
      testedIn(contractFile, 'ends on the server when the client ends it, exactly once'),
    ],
    [
      'a stream can be requested by GET, as an EventSource does',
      testedIn(serverFile, 'can be requested by GET'),
    ],
    [
      'the ping that keeps an idle stream open is not an event',
      testedIn(serverFile, 'receives pings, and an active one does not'),
    ],
    [
      'a service that shuts down does not complete its streams, so that clients reconnect',
      testedIn(
        'end-to-end/live.test.ts',
        'ends the connections of streams without completing them, and the service exits with 0',
      ),
    ],
    [
      'the client of graphql-sse has a connection for each operation, and their events do not mix',
      async () => {
        const client = createClient({ url: served.url, headers: bearer(), retryAttempts: 0 });
        const watch = async (alias: string): Promise<unknown[]> => {
          const keys: unknown[] = [];
          const query = live.replace('sampledAt', `${alias}: sampledAt`);
          for await (const { data } of client.iterate<{ partition: object }>({ query })) {
            if (keys.push(...Object.keys(data?.partition ?? {})) === 3) break;
          }
          return keys;
        };
        expect(await Promise.all(['a', 'b', 'c'].map(watch))).toEqual(
          ['a', 'b', 'c'].map((one) => [one, one, one]),
        );
        client.dispose();
      },
    ],
    [
      'the client of graphql-sse receives the error of an operation that cannot run, and its end',
      async () => {
        const client = createClient({ url: served.url, headers: bearer(), retryAttempts: 0 });
        const results = [];
        for await (const result of client.iterate({ query: '{ nothing }' })) results.push(result);
        expect(results).toMatchObject([{ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] }]);
        expect(results[0]).not.toHaveProperty('data');
        client.dispose();
      },
    ],
    [
      'no single connection is reserved: PUT is refused, and the client of graphql-sse gets an error',
      async () => {
        const answer = await fetch(served.url, { method: 'PUT', headers: bearer() });
        expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
        const client = createClient({
          url: served.url,
          headers: bearer(),
          retryAttempts: 0,
          singleConnection: true,
        });
        const events = client.iterate({ query: live });
        await expect(events.next()).rejects.toMatchObject({ response: { status: 405 } });
        client.dispose();
      },
    ],
    [
      'no operation of a single connection is stopped: DELETE is refused',
      async () => {
        const answer = await fetch(`${served.url}?operationId=1`, { method: 'DELETE', headers: bearer() });
        expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST']);
      },
    ],
    [
      'the token of a single connection is not an identity',
      async () => {
        const token = String(served.tokens[0]);
        const address = `${served.url}?${new URLSearchParams({ query: '{ __typename }', token })}`;
        const headers = { accept: 'text/event-stream', 'x-graphql-event-stream-token': token };
        expect((await fetch(address, { headers })).status).toBe(401);
      },
    ],
  ])('%s', (_, test) => test());
});
