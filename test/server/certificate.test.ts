import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CounterMetrics } from '../../src/metrics/counter-metrics.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { readTls, type Tls } from '../../src/server/http/tls.ts';
import { samplerOf, testLimits } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { askByWebSocket, clientOptions, secureWays, sendSecurely, tlsFile, tlsText } from '../secure.ts';
import { startLiveService, type LiveService } from './live-service.ts';
import { until } from '../until.ts';
import { startTestService, type TestService } from './test-service.ts';
import { temporaryFolder } from './temporary-folder.ts';

const query = '{ partition privileges }';
const ways = Object.entries(secureWays);
const folder = temporaryFolder();
afterAll(() => folder.remove());

const fingerprintOf = (name: string): string => new X509Certificate(tlsText(`${name}.pem`)).fingerprint256;

function readWithClients(map: object = {}): Promise<Tls> {
  return readTls({
    cert: tlsFile('server.pem'),
    key: tlsFile('server.key'),
    clientCa: tlsFile('ca.pem'),
    clientMap: folder.write('map.json', JSON.stringify(map)),
  });
}

async function startWithCertificates(
  options: Partial<ServerOptions> = {},
  map: object = {},
): Promise<TestService> {
  return startTestService({ tls: await readWithClients(map), ...options });
}

describe.each(ways)('the identity of a client by %s', (way, ask) => {
  let service: TestService;
  let guestToken: string;
  const unauthenticated = way === 'WebSocket' ? 4401 : 401;
  beforeAll(async () => {
    service = await startWithCertificates(
      {},
      { [fingerprintOf('nameless')]: { partition: '7', privileges: ['ACCESS_STATS'] } },
    );
    guestToken = await service.identity.sign(2n);
  });
  afterAll(() => service.close());

  it.each([
    ['root', '1', 'ACCESS_STATS,ACCESS_STATS_MSR'],
    ['guest', '2', 'ACCESS_STATS,ACCESS_STATS_MSR'],
    ['nameless', '7', 'ACCESS_STATS'],
  ])('with the certificate %s is partition %s', async (certificate, partition, privileges) => {
    const answer = await ask(service.url, { certificate, query });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: { partition, privileges } }]);
  });

  it('is that of the token if no certificate is presented', async () => {
    const answer = await ask(service.url, { certificate: null, query, token: guestToken });
    expect(JSON.parse(answer.body)).toMatchObject({ data: { partition: '2' } });
  });

  it.each([
    ['no certificate', null, /No identity was given/],
    [
      'a certificate of an unknown issuer',
      'untrusted',
      /does not verify: the service does not trust its issuer/,
    ],
    ['an expired certificate', 'expired', /expired at 2021-01-01T00:00:00\.000Z/],
    [
      'a certificate for another purpose',
      'server-only',
      /does not verify: it is not for clients \(INVALID_PURPOSE\)/,
    ],
    ['a certificate of two partitions', 'two', /names several partitions/],
    ['a certificate with a malformed partition id', 'malformed', /SAN URI that names no partition/],
    ['a certificate with a second URI inside its URI', 'uri-with-comma', /SAN URI that names no partition/],
    [
      'a certificate with a URI inside its DNS name',
      'dns-with-comma',
      /names no partition: expected one SAN URI/,
    ],
    [
      'a certificate with a quoted URI inside its URI',
      'uri-with-quote',
      /names no partition: expected one SAN URI/,
    ],
  ])('is refused with %s', async (_, certificate, reason) => {
    const answer = await ask(service.url, { certificate, query });
    expect(answer.status).toBe(unauthenticated);
    expect(answer.body).toMatch(reason);
    if (way !== 'WebSocket')
      expect(JSON.parse(answer.body)).toMatchObject({
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
  });

  it.each(['untrusted', 'expired', 'two', 'malformed', 'uri-with-comma', 'dns-with-comma'])(
    'is refused with the certificate %s together with a valid token',
    async (certificate) => {
      const answer = await ask(service.url, { certificate, query, token: guestToken });
      expect(answer.status).toBe(unauthenticated);
      expect(answer.body).toContain('The client certificate ');
    },
  );

  it.each([
    ['a valid token', (): string => guestToken],
    ['a token of the same partition', (): string => service.rootToken],
    ['an invalid token', (): string => 'x'],
  ])('is refused with a certificate and %s', async (_, tokenOf) => {
    const answer = await ask(service.url, { certificate: 'root', query, token: tokenOf() });
    expect(answer.status).toBe(unauthenticated);
    expect(answer.body).toContain(
      'There are two identities, a client certificate and a token: give one of them.',
    );
  });

  it('is refused without a certificate if there is no method to verify tokens', async () => {
    const own = await startWithCertificates({ identity: null, graphiql: { tabs: [], tokens: null } });
    const answers = await Promise.all([
      ask(own.url, { certificate: null, query }),
      ask(own.url, { certificate: null, query, token: service.rootToken }),
      ask(own.url, { certificate: 'root', query }),
    ]);
    await own.close();
    expect(answers.map(({ status }) => status)).toEqual([unauthenticated, unauthenticated, 200]);
    expect(answers[0].body).toContain('expected a client certificate');
  });
});

describe('a map of certificates', () => {
  it('may grant fewer privileges to the partition that a certificate names, but not another partition', async () => {
    const own = await startWithCertificates(
      {},
      {
        [fingerprintOf('guest')]: { partition: '2', privileges: ['ACCESS_STATS_MSR'] },
        [fingerprintOf('root')]: { partition: '2' },
      },
    );
    const [same, other] = await Promise.all(
      ['guest', 'root'].map((certificate) => secureWays.POST(own.url, { certificate, query })),
    );
    await own.close();
    expect(JSON.parse(same?.body ?? '')).toEqual({
      data: { partition: '2', privileges: 'ACCESS_STATS_MSR' },
    });
    expect(other?.status).toBe(401);
    expect(other?.body).toContain(
      "names another partition than the service's map of certificates has for it",
    );
  });
});

describe('a WebSocket with a certificate', () => {
  it('is refused if its upgrade has a token in a header, which would be ignored without a certificate', async () => {
    const own = await startWithCertificates();
    const headers = { authorization: `Bearer ${own.rootToken}` };
    const answer = await askByWebSocket(own.url, { certificate: 'root', query, headers });
    await own.close();
    expect(answer).toEqual({
      status: 4401,
      body: 'There are two identities, a client certificate and a token: give one of them.',
    });
  });

  it.each([{ authorization: 'Bearer x' }, { Authorization: 5 }, { AUTHORIZATION: ['Bearer x'] }])(
    'is refused if its payload has credentials as well, in any form: %j',
    async (payload) => {
      const own = await startWithCertificates();
      const answer = await askByWebSocket(own.url, { certificate: 'root', query, payload });
      await own.close();
      expect(answer).toEqual({
        status: 4401,
        body: 'There are two identities, a client certificate and a token: give one of them.',
      });
    },
  );

  it('ends when its certificate expires', async () => {
    let now = Date.UTC(2026, 0);
    // The identity is real, of the certificate; the streams are the test's.
    const own = await startWithCertificates({ now: () => now, pingMilliseconds: 40 });
    const options = clientOptions('root');
    const socket = new WebSocket(own.url.replace('http', 'ws'), 'graphql-transport-ws', options);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    now = Date.UTC(2120, 0, 1) + 1;
    const [code, reason] = (await closed) as [number, Buffer];
    await own.close();
    expect([code, reason.toString()]).toEqual([4403, 'The client certificate has expired']);
  });
});

describe('a connection that stays open', () => {
  it('refuses requests after its certificate has expired, although this was verified at the start', async () => {
    let now = Date.UTC(2026, 0);
    const own = await startWithCertificates({ now: () => now });
    const socket = connect({ port: own.port, host: '127.0.0.1', ...clientOptions('root') });
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    const ask = (): boolean =>
      socket.write('GET /graphql?query={partition} HTTP/1.1\r\nHost: localhost\r\n\r\n');
    ask();
    await until(() => text.includes('{"data":{"partition":"1"}}'));
    now = Date.UTC(2120, 0, 1);
    ask();
    await until(() => text.includes('expired at 2120-01-01T00:00:00.000Z'));
    expect(text).toContain('HTTP/1.1 401');
    socket.destroy();
    await own.close();
  });
});

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed session of %s', (version) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startWithCertificates();
  });
  afterAll(() => service.close());

  /** Asks on a connection that may resume a session, and gives the session to resume next. */
  async function ask(parts: { certificate: string | null; session?: Buffer }): Promise<{
    answer: string;
    isResumed: boolean;
    session: Buffer;
  }> {
    const socket = connect({
      port: service.port,
      host: '127.0.0.1',
      minVersion: version,
      maxVersion: version,
      ...(parts.session === undefined ? {} : { session: parts.session }),
      ...clientOptions(parts.certificate),
    });
    let session: Buffer | undefined;
    socket.on('session', (ticket: Buffer) => (session = ticket));
    await once(socket, 'secureConnect');
    const isResumed = socket.isSessionReused();
    const path = '/graphql?query=%7Bpartition%7D';
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const chunks = (await socket.toArray()) as Buffer[];
    const text = Buffer.concat(chunks).toString();
    return {
      answer: text.slice(text.indexOf('\r\n\r\n') + 4),
      isResumed,
      session: session ?? parts.session ?? Buffer.alloc(0),
    };
  }

  it('has its initial identity, under every other certificate', async () => {
    const first = await ask({ certificate: 'guest' });
    expect([first.isResumed, first.answer]).toEqual([false, '{"data":{"partition":"2"}}']);
    for (const certificate of ['guest', 'root', null]) {
      const again = await ask({ certificate, session: first.session });
      expect([again.isResumed, again.answer]).toEqual([true, '{"data":{"partition":"2"}}']);
    }
  });

  it('has no identity if it began with none', async () => {
    const first = await ask({ certificate: null });
    const again = await ask({ certificate: null, session: first.session });
    // Node calls it authorized then, in TLS 1.3 (its pull request 64677).
    expect(again.isResumed).toBe(true);
    expect(again.answer).toContain('No identity was given');
  });

  it('is not verified if it was not at the beginning', async () => {
    const first = await ask({ certificate: 'untrusted' });
    const again = await ask({ certificate: 'root', session: first.session });
    expect(again.isResumed).toBe(true);
    expect(again.answer).toContain('does not verify');
  });

  it('is not resumed after the certificates were renewed', async () => {
    const own = await ask({ certificate: 'guest' });
    service.renewTls(await readWithClients());
    const again = await ask({ certificate: null, session: own.session });
    expect(again.isResumed).toBe(false);
    expect(again.answer).toContain('No identity was given');
  });
});

describe('renewed certificates', () => {
  it('are used immediately, together with the map', async () => {
    const own = await startWithCertificates();
    const subjectNow = async (): Promise<string> => {
      const socket = connect({ port: own.port, host: '127.0.0.1', ...clientOptions(null) });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };
    expect(await subjectNow()).toBe('hvql test server');
    expect((await secureWays.GET(own.url, { certificate: 'nameless', query })).status).toBe(401);
    const map = folder.write('new.json', `{"${fingerprintOf('nameless')}":{"partition":"9"}}`);
    const [cert, key] = [tlsFile('other-server.pem'), tlsFile('other-server.key')];
    own.renewTls(await readTls({ cert, key, clientCa: tlsFile('ca.pem'), clientMap: map }));
    expect(await subjectNow()).toBe('hvql test other-server');
    const { body } = await secureWays.GET(own.url, { certificate: 'nameless', query });
    await own.close();
    expect(JSON.parse(body)).toMatchObject({ data: { partition: '9' } });
  });
});

describe('an event stream with a certificate', () => {
  it('ends when the service shuts down, like a WebSocket', async () => {
    const identity = null;
    const own: LiveService = await startLiveService({
      tls: await readWithClients(),
      identity,
      graceMilliseconds: 600_000,
    });
    const bySse = sendSecurely(`${own.url}?query=subscription{tick}`, {
      certificate: 'guest',
      headers: { accept: 'text/event-stream' },
    });
    const stream = await own.stream();
    stream.tick('one');
    const socket = new WebSocket(
      own.url.replace('http', 'ws'),
      'graphql-transport-ws',
      clientOptions('root'),
    );
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await until(() => stream.pulls > 1);
    await own.close();
    const { body } = await bySse;
    expect(body).toContain('data: {"data":{"tick":"one"}}');
    expect(body).not.toContain('event: complete');
    expect((await closed)[0]).toBe(1001);
  });
});

describe('a scrape with a client certificate', () => {
  it('returns what the partition of the certificate may read', async () => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null), partitionEntry(2n, 1n), partitionEntry(3n, 1n)];
    const counters = new CounterMetrics({ sampler: samplerOf(source), limits: testLimits });
    const service = await startWithCertificates({ metrics: { counters, health: null } });
    const scrape = (certificate: string | null) =>
      sendSecurely(service.url.replace('graphql', 'metrics'), { certificate });
    const partitionsOf = (text: string): string[] =>
      [...text.matchAll(/^hvql_partition_info\{partition="(\d+)"/gm)].map(([, id = '']) => id);
    expect(partitionsOf((await scrape('root')).body)).toEqual(['1', '2', '3']);
    const guest = await scrape('guest');
    expect(partitionsOf(guest.body)).toEqual(['2']);
    expect(guest.headers['strict-transport-security']).toBeDefined();
    expect((await scrape(null)).status).toBe(401);
    await service.close();
  });
});
