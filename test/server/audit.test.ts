import { GraphQLError, GraphQLObjectType, GraphQLSchema, GraphQLString, type ExecutionResult } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { AccessDenied, type DeniedObject } from '../../src/access/rule.ts';
import { HvqlError } from '../../src/errors.ts';
import { documentIdOf } from '../../src/server/named-document.ts';
import { denialsOf } from '../../src/server/audit.ts';
import { testLimits } from '../ask.ts';
import {
  openAcknowledged,
  openRawStream,
  startLiveService,
  subscribeMessage,
  type LiveService,
  type TestStream,
} from './live-service.ts';
import { until } from '../until.ts';

const deny = (object: DeniedObject): never => {
  throw new AccessDenied('Access denied.', { object, reason: 'NOT_ROOT' });
};
const text = { type: GraphQLString };
const denied = { ...text, resolve: () => deny({ object: 'LOGICAL_PROCESSOR', index: 3 }) };
const hello = { ...text, args: { secret: text }, resolve: () => 'world' };
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello,
      denied,
      missing: {
        ...text,
        resolve: () => {
          throw new HvqlError('INVALID_PARAMETER', 'There is no such object.');
        },
      },
      inner: {
        type: new GraphQLObjectType({ name: 'Inner', fields: { denied, hello } }),
        resolve: () => ({}),
      },
    },
  }),
  subscription: new GraphQLObjectType({ name: 'Subscription', fields: { tick: text } }),
});

/** A service with an audit trail. */
interface Audited extends LiveService {
  readonly trail: string[];
  /** The trail's lines; asserts that each is one line of JSON. */
  told(): Record<string, unknown>[];
}

const services: Audited[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

async function start(options: Parameters<typeof startLiveService>[0] = {}): Promise<Audited> {
  const trail: string[] = [];
  const live = await startLiveService({ schema, audit: (line) => trail.push(line), ...options });
  const told = (): Record<string, unknown>[] =>
    trail.map((line) => {
      expect(line).toMatch(/^[^\n]+\n$/);
      return JSON.parse(line) as Record<string, unknown>;
    });
  const service = { ...live, trail, told };
  services.push(service);
  return service;
}

const aRequestId = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;

/** Sends a query as partition 5, and waits for the response. */
const ask: Readonly<Record<string, (service: Audited, query: string) => Promise<unknown>>> = {
  POST: async (service, query) => {
    const authorization = `Bearer ${await service.identity.sign(5n)}`;
    const headers = { 'content-type': 'application/json', authorization };
    return (await service.post({ query }, { headers })).json();
  },
  GET: async (service, query) => {
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${await service.identity.sign(5n)}`,
    };
    return (await fetch(`${service.url}?${new URLSearchParams({ query }).toString()}`, { headers })).json();
  },
  SSE: async (service, query) => {
    const { socket, text } = await openRawStream(service, { query, token: await service.identity.sign(5n) });
    await until(() => text().includes('event: complete'));
    socket.destroy();
    return text();
  },
  WebSocket: async (service, query) => {
    const client = await openAcknowledged(service, await service.identity.sign(5n));
    client.send(subscribeMessage('a', query));
    await until(() => client.messages.length > 1);
    client.socket.close();
    return client.messages;
  },
};

describe.each(Object.entries(ask))('the audit trail of a request by %s', (way, answer) => {
  const query = 'query Overview { hello inner { denied } }';

  it('has a line for a denied read, with more details than the client gets', async () => {
    const service = await start();
    const told = JSON.stringify(await answer(service, query));
    expect(told).toContain('NOT_ROOT');
    expect(told).not.toContain('logical-processor');
    expect(service.trail).toHaveLength(1);
    const { requestId } = service.told()[0] ?? {};
    expect(requestId).toEqual(aRequestId);
    expect(service.trail[0]).toBe(
      `{"time":"${new Date(service.clock.now).toISOString()}","event":"denied","caller":"5","by":"token",` +
        `"sub":null,"jti":null,"fingerprint":null,"address":"127.0.0.1","way":"${way}","operation":"Overview","documentId":"${documentIdOf(query)}","object":"logical-processor 3",` +
        `"path":"inner.denied","reason":"NOT_ROOT","requestId":"${String(requestId)}"}\n`,
    );
  });

  it('has a line for each alias', async () => {
    const service = await start();
    await answer(service, '{ a: denied b: denied hello inner { denied } }');
    expect(service.told().map(({ operation, path }) => [operation, path])).toEqual([
      [null, 'a'],
      [null, 'b'],
      [null, 'inner.denied'],
    ]);
  });

  it('has no line if nothing was denied', async () => {
    const service = await start();
    for (const other of [
      '{ hello }',
      '{ missing }',
      '{ nothing }',
      '{',
      'query A { hello } query B { hello }',
    ])
      await answer(service, other);
    expect(service.trail).toEqual([]);
  });

  it('contains neither the document, the variables nor the token', async () => {
    const service = await start();
    await answer(service, 'query Q { denied hello(secret: "swordfish") }');
    expect(service.trail).toHaveLength(1);
    for (const secret of ['swordfish', 'hello', 'eyJ']) expect(service.trail[0]).not.toContain(secret);
  });

  it('limits the length of texts that the caller has chosen', async () => {
    const service = await start({ limits: { ...testLimits, maxNameLength: 5_000 } });
    const [name, alias] = ['N'.repeat(5_000), 'a'.repeat(5_000)];
    await answer(service, `query ${name} { ${alias}: denied }`);
    const [line] = service.told();
    expect(line?.['operation']).toBe('N'.repeat(100));
    expect(line?.['path']).toBe(`${'a'.repeat(299)}…`);
  });
});

describe('a request', () => {
  it('that names its document by its id is logged with that id, like any other', async () => {
    const document = 'query Allowed { denied }';
    const documentId = documentIdOf(document);
    const service = await start({ allowedDocuments: [{ documentId, text: document }] });
    await (await service.post({ documentId })).json();
    await (await service.post({ query: '{ denied }' })).json();
    expect(service.told()).toMatchObject([
      { event: 'denied', operation: 'Allowed', documentId },
      { event: 'refused', code: 'OPERATION_NOT_ALLOWED', caller: '1' },
    ]);
  });

  it('gets its response also without an audit trail', async () => {
    const live = await startLiveService({ schema });
    try {
      const answer = await (await live.post({ query: '{ denied }' })).json();
      expect(answer).toMatchObject({ errors: [{ extensions: { code: 'ACCESS_DENIED' } }] });
    } finally {
      await live.close();
    }
  });
});

/** A stream of partition 5, and how its client disconnects or stops reading. */
const watch: Readonly<
  Record<string, (service: Audited) => Promise<{ leave: () => void; sleep: () => void; seen: () => string }>>
> = {
  SSE: async (service) => {
    const token = await service.identity.sign(5n);
    const { socket, text } = await openRawStream(service, { query: 'subscription Live { tick }', token });
    return { leave: () => socket.destroy(), sleep: () => socket.pause(), seen: text };
  },
  WebSocket: async (service) => {
    const client = await openAcknowledged(service, await service.identity.sign(5n));
    client.send(subscribeMessage('a', 'subscription Live { tick }'));
    return {
      leave: () => client.send({ id: 'a', type: 'complete' }),
      sleep: () => client.socket.pause(),
      seen: () => JSON.stringify(client.messages),
    };
  },
};

const denial = (object: DeniedObject, path: string): GraphQLError =>
  new GraphQLError('Access denied.', {
    path: [path],
    originalError: new AccessDenied('Access denied.', { object, reason: 'NOT_SELF_OR_PARENT' }),
  });
const nine = denial({ object: 'PARTITION', partitionId: 9n }, 'nine');

/** Pushes an event and waits until the client has taken it. */
async function pushTaken(stream: TestStream, event: ExecutionResult): Promise<void> {
  const { pulls } = stream;
  await until(() => stream.pulls > 0);
  stream.push(event);
  await until(() => stream.pulls > Math.max(pulls, 1));
}

describe.each(Object.entries(watch))('the audit trail of a stream by %s', (way, open) => {
  const who = {
    caller: '5',
    by: 'token',
    sub: null,
    jti: null,
    fingerprint: null,
    address: '127.0.0.1',
    way,
    operation: 'Live',
    documentId: documentIdOf('subscription Live { tick }'),
  };

  it('has a line when it is opened and one when it is closed, with the same request id', async () => {
    const service = await start();
    const { leave } = await open(service);
    const stream = await service.stream();
    const openedAt = service.clock.now;
    expect(service.trail).toHaveLength(1);
    for (const tick of ['one', 'two']) await pushTaken(stream, { data: { tick } });
    service.clock.now += 2_500;
    leave();
    await until(() => service.trail.length === 2);
    const { requestId } = service.told()[0] ?? {};
    expect(requestId).toEqual(aRequestId);
    expect(service.trail.map((line) => line.slice(0, -1))).toEqual([
      JSON.stringify({ time: new Date(openedAt).toISOString(), event: 'opened', ...who, requestId }),
      JSON.stringify({
        time: new Date(openedAt + 2_500).toISOString(),
        event: 'closed',
        ...who,
        events: 2,
        seconds: 2.5,
        reason: 'client',
        requestId,
      }),
    ]);
  });

  it('shows a duration of 0 if the clock was set back', async () => {
    const service = await start();
    const { leave } = await open(service);
    await service.stream();
    service.clock.now -= 60_000;
    leave();
    await until(() => service.trail.length === 2);
    expect(service.told()[1]).toMatchObject({ event: 'closed', events: 0, seconds: 0 });
  });

  it.each<[string, number, (service: Audited, stream: TestStream) => unknown]>([
    ['complete', 0, (_service, stream) => stream.end()],
    [
      'complete',
      1,
      (_service, stream) => {
        stream.push({ data: null, errors: [nine] });
        stream.end();
      },
    ],
    ['complete', 1, (_service, stream) => stream.fail(new Error('swordfish'))],
    ['expired', 1, ({ clock }) => (clock.now += 60_000)],
    ['service', 0, (service) => void service.close()],
    ['service', 0, (_service, stream) => stream.push({ data: { tick: 1n } })],
  ])('contains the close reason %s after %d events (%#)', async (reason, events, end) => {
    const service = await start({ pingMilliseconds: 20 });
    service.clock.expiresAt = service.clock.now + 60_000;
    const { leave } = await open(service);
    const stream = await service.stream();
    end(service, stream);
    await until(() => service.told().some(({ event }) => event === 'closed'));
    leave();
    const closed = service.told().filter(({ event }) => event === 'closed');
    expect(closed.map((line) => line['reason'])).toEqual([reason]);
    // One that cannot be written counts as one that was sent.
    if (reason !== 'service') expect(closed[0]?.['events']).toBe(events);
    const whole = service.told().map(({ event }) => event);
    expect([whole[0], whole.at(-1)]).toEqual(['opened', 'closed']);
  });

  it('contains the close reason "stalled" if the client did not read and was disconnected', async () => {
    const service = await start({ stallMilliseconds: 400, pingMilliseconds: 100 });
    const { sleep, leave } = await open(service);
    const stream = await service.stream();
    sleep();
    // More than the buffers of both ends of a connection hold, after some of them.
    const tick = 'x'.repeat(1_000_000);
    await until(() => {
      stream.push({ data: { tick } });
      return stream.returns > 0;
    });
    expect(service.told().map(({ event, reason }) => [event, reason])).toEqual([
      ['opened', undefined],
      ['closed', 'stalled'],
    ]);
    leave();
  });

  it('has a line for a read that is denied in consecutive events, and another if it is denied again later', async () => {
    const service = await start();
    const { leave } = await open(service);
    const stream = await service.stream();
    const thirteen = denial({ object: 'PARTITION', partitionId: 13n }, 'nine');
    const results: ExecutionResult[] = [
      ...Array.from({ length: 5 }, () => ({ data: {}, errors: [nine] })),
      { data: {}, errors: [thirteen] },
      { data: {}, errors: [nine, thirteen] },
      { data: {} },
      { data: {}, errors: [nine] },
    ];
    for (const result of results) await pushTaken(stream, result);
    leave();
    await until(() => service.told().at(-1)?.['event'] === 'closed');
    expect(service.told().map(({ event, object, path, reason }) => [event, object, path, reason])).toEqual([
      ['opened', undefined, undefined, undefined],
      ['denied', 'partition 9', 'nine', 'NOT_SELF_OR_PARENT'],
      ['denied', 'partition 13', 'nine', 'NOT_SELF_OR_PARENT'],
      ['denied', 'partition 9', 'nine', 'NOT_SELF_OR_PARENT'],
      ['denied', 'partition 9', 'nine', 'NOT_SELF_OR_PARENT'],
      ['closed', undefined, undefined, 'client'],
    ]);
    expect(service.told().at(-1)?.['events']).toBe(9);
  });

  it('has no "opened" line for a stream that is refused', async () => {
    const service = await start({
      subscribe: () => ({ errors: [new GraphQLError('Too many.')] }),
    });
    const { leave, seen } = await open(service);
    await until(() => seen().includes('Too many.'));
    leave();
    expect(service.trail).toEqual([]);
  });
});

describe('an event that is sent to several streams', () => {
  it('is recorded as a denied read of each of them, with its own caller and transport', async () => {
    const service = await start();
    const clients = [await watch['SSE']?.(service), await watch['WebSocket']?.(service)];
    const streams = [await service.stream(), await service.stream()];
    const result = { data: {}, errors: [nine] };
    for (const stream of streams) await pushTaken(stream, result);
    for (const client of clients) client?.leave();
    await until(() => service.told().filter(({ event }) => event === 'closed').length === 2);
    const lines = service.told().filter(({ event }) => event === 'denied');
    expect(lines.map(({ way, object }) => [way, object]).sort()).toEqual([
      ['SSE', 'partition 9'],
      ['WebSocket', 'partition 9'],
    ]);
    expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(2);
  });
});

describe('a WebSocket', () => {
  it('that outlives its token has its streams closed with the reason "expired"', async () => {
    const service = await start({ pingMilliseconds: 100 });
    service.clock.expiresAt = service.clock.now + 1_000;
    const client = await openAcknowledged(service);
    client.send(subscribeMessage('a'));
    await service.stream();
    service.clock.now += 6_000;
    expect((await client.closed).code).toBe(4403);
    expect(service.told().at(-1)).toMatchObject({ event: 'closed', reason: 'expired', seconds: 6 });
  });

  it.each([
    ['disconnects', 'client', (client: { socket: { terminate(): void } }) => client.socket.terminate()],
    ['violates the protocol', 'client', (client: { send(message: string): void }) => client.send('what?')],
  ])('that %s has its streams closed with the reason %s', async (_what, reason, end) => {
    const service = await start();
    const client = await openAcknowledged(service);
    client.send(subscribeMessage('a'));
    await service.stream();
    end(client);
    await until(() => service.trail.length === 2);
    expect(service.told()[1]).toMatchObject({ event: 'closed', reason });
  });
});

describe('a denied read', () => {
  it.each<[DeniedObject, string]>([
    [{ object: 'HYPERVISOR' }, 'hypervisor'],
    [{ object: 'LOGICAL_PROCESSOR', index: 3 }, 'logical-processor 3'],
    [{ object: 'LOGICAL_PROCESSOR', index: 'all' }, 'logical-processors'],
    [{ object: 'PARTITION', partitionId: 2n ** 64n - 1n }, 'partition 18446744073709551615'],
    [{ object: 'VIRTUAL_PROCESSOR', partitionId: 9n, index: 0 }, 'virtual-processor 9/0'],
  ])('of %o is recorded as "%s"', (object, name) => {
    expect(denialsOf([denial(object, 'a')])).toEqual([
      { object: name, path: 'a', reason: 'NOT_SELF_OR_PARENT' },
    ]);
  });

  it('of anything outside the access rules is recorded as "schema"', () => {
    const extensions = { code: 'ACCESS_DENIED', reason: 'NOT_ROOT' };
    expect(denialsOf([new GraphQLError('No introspection.', { extensions })])).toEqual([
      { object: 'schema', path: null, reason: 'NOT_ROOT' },
    ]);
  });
});
