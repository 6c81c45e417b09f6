/** graphql-ws's PROTOCOL.md, rule by rule, against the running service: with its own client, and where that would not misbehave, without. */
import { CloseCode, createClient, MessageType, type ClientOptions } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openAcknowledged, openRawWebSocket, type RawWebSocket } from '../server/live-service.ts';
import { until } from '../until.ts';
import { serve, type Served } from './program.ts';
import { testedIn, type Rule } from './rule.ts';

let served: Served;
beforeAll(async () => {
  served = await serve(['--source', 'simulator?lps=2&partitions=2&vps=1']);
});
afterAll(() => served.program.stop());

const live = 'subscription { partition(every: "100ms") { sampledAt } }';
const serverFile = 'server/websocket.test.ts';
const contractFile = 'contract/subscription.ts';

/** A WebSocket that sends something else than the client wants it to; with other subprotocols, if given. */
function misbehaving(change: (text: string) => readonly (string | Buffer)[], protocols?: string): unknown {
  return class extends WebSocket {
    constructor(url: string, own: string) {
      super(url, protocols ?? own);
    }
    override send(data: unknown): void {
      for (const text of change(String(data))) super.send(text, { binary: false });
    }
  };
}
const isOf = (type: MessageType, text: string): boolean => text.includes(`"type":"${type}"`);
const obedient = (text: string): readonly string[] => [text];

/** Watches with the client of graphql-ws until something ends that; resolves with the code of the close. */
async function closeOf(options: Partial<ClientOptions>): Promise<number> {
  const client = createClient({
    url: served.url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${served.tokens[0]}` },
    retryAttempts: 0,
    ...options,
  });
  const watch = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const complete = (): void => reject(new Error('it was completed'));
      client.subscribe({ query: live }, { next: () => undefined, error: resolve, complete });
    });
  // Twice: an id can be taken only if an operation has it.
  const [error] = await Promise.all([watch(), watch()]);
  Promise.resolve(client.dispose()).catch(() => undefined);
  return (error as { code: number }).code;
}

describe('the client of graphql-ws learns from the close code', () => {
  it.each<readonly [what: string, code: number, options: () => Partial<ClientOptions>]>([
    [
      'that a message had an unknown type',
      CloseCode.BadRequest,
      () => ({
        webSocketImpl: misbehaving((text) => [isOf(MessageType.Subscribe, text) ? '{"type":"start"}' : text]),
      }),
    ],
    ['that it sent no credentials', CloseCode.Unauthorized, () => ({ connectionParams: {} })],
    [
      'that it sent an operation before the acknowledgement',
      CloseCode.Unauthorized,
      () => ({
        webSocketImpl: misbehaving(() => [
          '{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}',
        ]),
      }),
    ],
    [
      'that it uses another subprotocol',
      CloseCode.SubprotocolNotAcceptable,
      () => ({ webSocketImpl: misbehaving(obedient, 'graphql-ws') }),
    ],
    [
      'that it took too long to send connection_init',
      CloseCode.ConnectionInitialisationTimeout,
      () => ({ webSocketImpl: misbehaving(() => []) }),
    ],
    [
      'that the id of an operation is taken',
      CloseCode.SubscriberAlreadyExists,
      () => ({ generateID: () => 'same' }),
    ],
    [
      'that it sent connection_init twice',
      CloseCode.TooManyInitialisationRequests,
      () => ({
        webSocketImpl: misbehaving((text) =>
          isOf(MessageType.ConnectionInit, text) ? [text, text] : [text],
        ),
      }),
    ],
    [
      'that a message was too long (RFC 6455, 7.4.1)',
      1009,
      () => ({
        webSocketImpl: misbehaving((text) => [
          isOf(MessageType.Subscribe, text) ? text.padEnd(1_048_577) : text,
        ]),
      }),
    ],
    [
      'that a message was not UTF-8 (RFC 6455, 8.1)',
      1007,
      () => ({
        webSocketImpl: misbehaving((text) => [
          isOf(MessageType.Subscribe, text) ? Buffer.from([0x22, 0xff]) : text,
        ]),
      }),
    ],
  ])('%s: %i', async (_, code, options) => {
    expect(await closeOf(options())).toBe(code);
  });

  it.each<Rule>([
    [
      'that its token has expired: 4403',
      testedIn('end-to-end/live.test.ts', 'ends the stream over %s when it expires'),
    ],
    // Nothing that a client sends brings it about.
    [
      'that the service has failed: 4500',
      testedIn(serverFile, 'with 4500 for an unexpected error of the service, which is masked'),
    ],
  ])('%s', (_, test) => test());
});

describe('the regular end of a connection', () => {
  it('by the client is a close with 1000, which the service confirms', async () => {
    const { socket, closed } = await open();
    socket.close(1000);
    expect((await closed).code).toBe(1000);
  });

  it('by the service is a close with 1001, without a complete message for any stream', async () => {
    const own = await serve(['--source', 'simulator?lps=1&partitions=1&vps=1']);
    const client = await open(own);
    client.send(subscribe('a', live));
    client.send(subscribe('b', live));
    await until(() => new Set(client.messages.map(({ id }) => id)).size > 2);
    expect(await own.program.stop()).toBe(0);
    expect((await client.closed).code).toBe(1001);
    // Nothing says that there will be no more events: clients connect again.
    expect(client.messages.filter(({ type }) => type !== 'next')).toEqual([{ type: 'connection_ack' }]);
  });
});

const open = ({ url, tokens }: Served = served): Promise<RawWebSocket> =>
  openAcknowledged({ port: Number(new URL(url).port), rootToken: String(tokens[0]) });
const subscribe = (id: string, query: string, more: object = {}): object => ({
  id,
  type: 'subscribe',
  payload: { query, ...more },
});
const typesOf = ({ messages }: RawWebSocket, id: string): unknown[] =>
  messages.filter((message) => message['id'] === id).map(({ type }) => type);
/** Resolves once all that was asked before has been answered, as far as it is answered at once. */
async function settled({ messages, send }: RawWebSocket): Promise<void> {
  const mark = { type: 'pong', payload: { n: messages.length, at: performance.now() } };
  send({ ...mark, type: 'ping' });
  await until(() => messages.some((message) => JSON.stringify(message) === JSON.stringify(mark)));
}

describe('graphql-transport-ws', () => {
  it.each<Rule>([
    ['the init is answered with an ack', testedIn(serverFile, 'conform to the protocol')],
    [
      'an init may have no payload: the caller is then unknown, but it is not malformed',
      async () => {
        const { send, closed } = await openRawWebSocket({ port: Number(new URL(served.url).port) });
        send({ type: 'connection_init', payload: null });
        expect((await closed).code).toBe(CloseCode.Unauthorized);
      },
    ],
    [
      'a ping is answered at any time with a pong of its payload',
      testedIn(serverFile, 'conform to the protocol'),
    ],
    [
      'a ping may have no payload',
      async () => {
        const client = await open();
        client.send({ type: 'ping', payload: null });
        await until(() => client.messages.length === 2);
        expect(client.messages[1]).toMatchObject({ type: 'pong' });
        client.socket.close();
      },
    ],
    ['an unsolicited pong is no error', testedIn(serverFile, 'conform to the protocol')],
    [
      'a stream is next, next, … and complete',
      testedIn(contractFile, 'receives each event immediately, and the end'),
    ],
    [
      'a single result is one next and complete',
      async () => {
        const client = await open();
        client.send(subscribe('a', '{ viewer { isRoot } }'));
        await until(() => typesOf(client, 'a').length === 2);
        await settled(client);
        expect(client.messages.filter(({ id }) => id === 'a')).toEqual([
          { id: 'a', type: 'next', payload: { data: { viewer: { isRoot: true } } } },
          { id: 'a', type: 'complete' },
        ]);
        client.socket.close();
      },
    ],
    [
      'an operation that cannot run is an error, and nothing follows it',
      async () => {
        const client = await open();
        client.send(subscribe('a', '{ nothing }'));
        client.send(subscribe('b', 'subscription { partition(every: "1ms") { name } }'));
        await until(() => typesOf(client, 'a').length > 0 && typesOf(client, 'b').length > 0);
        await settled(client);
        expect([typesOf(client, 'a'), typesOf(client, 'b')]).toEqual([['error'], ['error']]);
        client.socket.close();
      },
    ],
    [
      'an error of one field is part of a next',
      async () => {
        const client = await open();
        client.send(subscribe('a', '{ partition(id: "99") { name } }'));
        await until(() => typesOf(client, 'a').length === 2);
        expect(typesOf(client, 'a')).toEqual(['next', 'complete']);
        client.socket.close();
      },
    ],
    [
      'parameters that may be left out may be null',
      async () => {
        const client = await open();
        const nothing = { operationName: null, variables: null, extensions: null };
        client.send(subscribe('a', '{ viewer { isRoot } }', nothing));
        await until(() => typesOf(client, 'a').length === 2);
        expect(typesOf(client, 'a')).toEqual(['next', 'complete']);
        client.socket.close();
      },
    ],
    [
      'after a complete of the client a stream is silent',
      async () => {
        const client = await open();
        client.send(subscribe('a', live));
        client.send(subscribe('b', live));
        await until(() => typesOf(client, 'a').length > 1);
        client.send({ id: 'a', type: 'complete' });
        await settled(client);
        const [before, others] = [typesOf(client, 'a').length, typesOf(client, 'b').length];
        await until(() => typesOf(client, 'b').length > others + 3);
        expect(typesOf(client, 'a')).toHaveLength(before);
        client.socket.close();
      },
    ],
    [
      'after a complete of the client a single result is not sent, although it is computed',
      async () => {
        const client = await open();
        // Both wait for the same second reading.
        const query = '{ partition { virtualProcessorTotals { rates(over: "300ms") { totalRunTime } } } }';
        client.send(subscribe('a', query));
        client.send(subscribe('b', query));
        client.send({ id: 'a', type: 'complete' });
        await until(() => typesOf(client, 'b').length === 2);
        await settled(client);
        expect(typesOf(client, 'a')).toEqual([]);
        client.socket.close();
      },
    ],
    ['a complete of an unknown id is no error', testedIn(serverFile, 'conform to the protocol')],
    [
      'an id is free again once its operation is over, however it ended',
      async () => {
        const client = await open();
        const queries = ['{ viewer { isRoot } }', '{ nothing }', live, '{ viewer { isRoot } }'];
        for (const query of queries) {
          const before = client.messages.length;
          client.send(subscribe('a', query));
          if (query === live) {
            await until(() => client.messages.length > before);
            client.send({ id: 'a', type: 'complete' });
          } else {
            await until(
              () =>
                /complete|error/.test(String(client.messages.at(-1)?.['type'])) &&
                client.messages.length > before,
            );
          }
        }
        expect(client.socket.readyState).toBe(client.socket.OPEN);
        expect(typesOf(client, 'a').filter((type) => type === 'complete')).toHaveLength(2);
        client.socket.close();
      },
    ],
    [
      'queries and streams share their ids',
      testedIn(serverFile, 'with 4409 for a second operation under the id of a running one'),
    ],
    [
      'operations with different ids run at the same time',
      testedIn(
        serverFile,
        'can run at the same time as other operations on its connection, queries among them',
      ),
    ],
    ['an invalid message is answered with a close', testedIn(serverFile, 'with 4400 for %s')],
  ])('%s', (_, test) => test());
});
