/** A revoked credential ends its streams and requests on every transport, and no others. */
import { once } from 'node:events';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Agent as HttpAgent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { emptyRevocationList, type RevocationList } from '../../src/revocation/revocation-list.ts';
import { Revocations } from '../../src/revocation/revocations.ts';
import { openIdentity, type OpenIdentity } from '../../src/server/auth/identity.ts';
import { readTls, type TlsSettings } from '../../src/server/http/tls.ts';
import { clientOptions, returnsIntermediates, sendSecurely, tlsFile, tlsText } from '../secure.ts';
import { until } from '../until.ts';
import { openRawStream, startLiveService, type LiveService } from './live-service.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { readableLog } from './test-service.ts';
import { listenerTransports } from './transport.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const text = { type: GraphQLString };
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: { ...text, resolve: () => 'world' },
      wait: { ...text, resolve: () => new Promise<string>(() => undefined) },
    },
  }),
  subscription: new GraphQLObjectType({ name: 'Subscription', fields: { tick: text } }),
});

/** The credentials of a client: a token or a certificate. */
interface Credentials {
  readonly token?: string;
  readonly certificate?: string | null;
}

/** Connections of one client, one for each transport, and how each of them has ended. */
interface Opened {
  /** null while it is open; then what was received over it. */
  readonly ends: {
    sse: string | null;
    webSocket: { code: number; messages: string } | null;
    idle: true | null;
    underWay: string | null;
  };
  /** The bytes received over the event stream. */
  readonly stream: () => string;
  readonly close: () => void;
}

/** Opens an event stream, a WebSocket with a stream, a connection that is idle, and one with a response under way. */
async function open(service: LiveService, { token, certificate = null }: Credentials): Promise<Opened> {
  const isSecure = service.url.startsWith('https:');
  const tls = isSecure ? clientOptions(certificate) : {};
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const ends: Opened['ends'] = { sse: null, webSocket: null, idle: null, underWay: null };
  const agents = Array.from({ length: 3 }, () =>
    isSecure ? new Agent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true }),
  );
  const get = (n: number, query: string, accept = 'application/json') => {
    const send = isSecure ? request : httpRequest;
    const sent = send(`${service.url}?${new URLSearchParams({ query })}`, {
      agent: agents[n],
      headers: { ...headers, accept },
    });
    return sent.end();
  };

  let stream = '';
  const sse = get(0, 'subscription { tick }', 'text/event-stream');
  sse.on('error', () => (ends.sse ??= stream));
  sse.on('response', (response) => {
    response.setEncoding('utf8').on('data', (part: string) => (stream += part));
    response.on('error', () => undefined);
    response.on('close', () => (ends.sse ??= stream));
  });

  const webSocket = new WebSocket(service.url.replace('http', 'ws'), 'graphql-transport-ws', tls);
  let messages = '';
  webSocket.on('error', () => undefined);
  webSocket.on('message', (data: Buffer) => (messages += `${data.toString()}\n`));
  webSocket.on(
    'close',
    (code, reason) => (ends.webSocket = { code, messages: `${messages}${String(reason)}` }),
  );
  await once(webSocket, 'open');
  const payload = token === undefined ? undefined : { Authorization: `Bearer ${token}` };
  webSocket.send(JSON.stringify({ type: 'connection_init', payload }));
  await until(() => messages.includes('connection_ack') || ends.webSocket !== null);
  expect(ends.webSocket).toBeNull();
  webSocket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { tick }' } }));

  const idle = get(1, '{ hello }');
  const [answer] = (await once(idle, 'response')) as [IncomingMessage];
  const idleSocket = answer.socket;
  idleSocket.on('close', () => (ends.idle = true));
  answer.resume();
  await once(answer, 'end');

  const underWay = get(2, '{ wait }');
  underWay.on('response', () => (ends.underWay = 'a response'));
  underWay.on('error', (error: NodeJS.ErrnoException) => (ends.underWay ??= error.code ?? 'an error'));

  for (let n = 0; n < 2; n += 1) await service.stream();
  return {
    ends,
    stream: () => stream,
    close: () => {
      webSocket.terminate();
      for (const agent of agents) agent.destroy();
    },
  };
}

/** Expects that all connections were cut, and that the streams say this. */
async function expectCut({ ends, close }: Opened, message: string): Promise<void> {
  await until(
    () => ends.sse !== null && ends.webSocket !== null && ends.idle !== null && ends.underWay !== null,
    () => JSON.stringify(ends),
  );
  close();
  expect(ends.sse).toContain(`event: next\ndata: {"errors":[{"message":"${message}`);
  expect(ends.sse).toContain('UNAUTHENTICATED');
  expect(ends.sse).not.toContain('event: complete');
  expect(ends.webSocket?.code).toBe(4403);
  expect(ends.webSocket?.messages).toContain(message);
  expect(ends.webSocket?.messages).not.toContain('"complete"');
  expect(ends.underWay).not.toBe('a response');
}

/** Expects that nothing was cut: events still come. */
async function expectOpen(service: LiveService, { ends, stream, close }: Opened): Promise<void> {
  for (const each of service.streams) each.tick('later');
  await until(() => stream().includes('later'));
  expect(ends).toEqual({ sse: null, webSocket: null, idle: null, underWay: null });
  close();
}

const secret = new Uint8Array(32).fill(5);
const secretFile = folder.write('secret', Buffer.from(secret).toString('latin1'));
const signed = (claims: object, key = secret): Promise<string> =>
  new SignJWT({ hv_partition: '5', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(key);

describe('a token', () => {
  const revocations = new Revocations();
  let service: LiveService;
  let identity: OpenIdentity;
  let other: string;
  beforeAll(async () => {
    identity = await openIdentity(
      { method: { kind: 'secret-file', path: secretFile }, issuer: null, audience: null },
      { log: readableLog().log, now: Date.now, revocations },
    );
    other = await signed({ sub: 'other', jti: 'other' });
    service = await startLiveService({ schema, identity, revocations, graceMilliseconds: 0 });
  });
  afterAll(() => service.close());

  const revoke = (list: Partial<RevocationList>) => (): void =>
    revocations.replace({ ...emptyRevocationList, ...list });
  const cases: readonly [string, object, () => unknown, string][] = [
    ['its jti', { jti: 'a' }, revoke({ tokenIds: new Set(['a']) }), 'The token has been revoked'],
    ['its subject', { sub: 'b' }, revoke({ subjects: new Set(['b']) }), 'The token has been revoked'],
    [
      'a subject that is a number',
      { sub: 7 },
      revoke({ subjects: new Set(['7']) }),
      'The token has been revoked',
    ],
  ];

  it.each(cases)('that is revoked by %s', async (_, claims, withdraw, message) => {
    const token = await signed(claims);
    const [mine, others] = [await open(service, { token }), await open(service, { token: other })];
    withdraw();
    await expectCut(mine, message);
    await expectOpen(service, others);
    const listener = { place: { url: service.url }, token };
    for (const send of Object.values(listenerTransports)) {
      const answer = await send(listener, { parameters: { query: '{ hello }' } });
      answer.end();
      expect([401, 4401]).toContain(answer.status);
      expect(answer.errors?.[0]?.message).toBe('The token has been revoked.');
    }
    const good = await listenerTransports['POST again']?.(
      { ...listener, token: other },
      { parameters: { query: '{ hello }' } },
    );
    expect(good?.data).toEqual({ hello: 'world' });
  });

  it('is accepted again once the list no longer contains it', async () => {
    const [token, send] = [await signed({ jti: 'c' }), listenerTransports['POST again']];
    revoke({ tokenIds: new Set(['c']) })();
    const ask = () => send?.({ place: { url: service.url }, token }, { parameters: { query: '{ hello }' } });
    expect((await ask())?.status).toBe(401);
    revoke({})();
    expect((await ask())?.data).toEqual({ hello: 'world' });
  });

  it('that is revoked while its stream starts gets no events', async () => {
    const token = await signed({ jti: 'd' });
    let start = (): void => undefined;
    service.gate.until = new Promise<void>((resolve) => (start = resolve));
    const { text } = await openRawStream(service, { token });
    await until(() => text().includes('200 OK'));
    revoke({ tokenIds: new Set(['d']) })();
    start();
    const stream = await service.stream();
    await until(() => stream.returns > 0);
    expect(text()).not.toContain('event: next');
  });

  // Last: the tokens of the other tests are no longer good after it.
  it('is rejected after its key was replaced, and one that was signed with the new key is accepted', async () => {
    const [mine, key] = [await open(service, { token: other }), new Uint8Array(32).fill(6)];
    writeFileSync(secretFile, Buffer.from(key).toString('latin1'));
    await identity.renewKeys();
    await expectCut(mine, 'The key of the token has been withdrawn');
    const sent = { parameters: { query: '{ hello }' } };
    const [post = listenerTransports['POST'], place] = [
      listenerTransports['POST again'],
      { url: service.url },
    ];
    expect((await post?.({ place, token: other }, sent))?.status).toBe(401);
    expect((await post?.({ place, token: await signed({}, key) }, sent))?.data).toEqual({ hello: 'world' });
    writeFileSync(secretFile, 'short');
    await expect(identity.renewKeys()).rejects.toThrow(/needs 32 bytes/);
    expect((await post?.({ place, token: await signed({}, key) }, sent))?.data).toEqual({ hello: 'world' });
  });
});

describe('a key of a key set', () => {
  it('ends requests and streams of its tokens once the set no longer has it, and no others', async () => {
    const pairs = ['old', 'new'].map((kid) => ({ kid, ...generateKeyPairSync('ed25519') }));
    const jwks = await Promise.all(
      pairs.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' })),
    );
    let published = jwks;
    const keyServer = createServer((_, response) => void response.end(JSON.stringify({ keys: published })));
    keyServer.listen(0, '127.0.0.1');
    await once(keyServer, 'listening');
    const url = new URL(`http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks.json`);
    const revocations = new Revocations();
    const identity = await openIdentity(
      { method: { kind: 'jwks', url }, issuer: null, audience: null },
      { log: readableLog().log, now: Date.now, revocations, keySetTimes: { refresh: 50 } },
    );
    const service = await startLiveService({ schema, identity, revocations, graceMilliseconds: 0 });
    const [withdrawn, good] = await Promise.all(
      pairs.map(({ kid, privateKey }) =>
        new SignJWT({ hv_partition: '5' }).setProtectedHeader({ alg: 'EdDSA', kid }).sign(privateKey),
      ),
    );
    const [mine, others] = [
      await open(service, { token: withdrawn ?? '' }),
      await open(service, { token: good ?? '' }),
    ];
    published = jwks.slice(1);
    await expectCut(mine, 'The key of the token has been withdrawn');
    await expectOpen(service, others);
    identity.close();
    await service.close();
    keyServer.close();
  });
});

describe('a key set that cannot be fetched', () => {
  let service: LiveService;
  let identity: OpenIdentity;
  beforeAll(async () => {
    const url = new URL('http://127.0.0.1:1/jwks.json');
    const { log } = readableLog();
    identity = await openIdentity(
      { method: { kind: 'jwks', url }, issuer: null, audience: null },
      { log, now: Date.now },
    );
    service = await startLiveService({ schema, identity });
  });
  afterAll(async () => {
    identity.close();
    await service.close();
  });

  it.each(Object.entries(listenerTransports))(
    'results in an error that lets the caller try again: %s',
    async (name, send) => {
      const { privateKey } = generateKeyPairSync('ed25519');
      const token = await new SignJWT({}).setProtectedHeader({ alg: 'EdDSA', kid: 'x' }).sign(privateKey);
      const answer = await send(
        { place: { url: service.url }, token },
        { parameters: { query: '{ hello }' } },
      );
      answer.end();
      expect(answer.status).toBe(name === 'WebSocket' ? 1013 : 503);
      expect(answer.errors?.[0]?.message).toMatch(/^The identity cannot be verified right now: the key set/);
      if (name === 'WebSocket') return;
      expect(answer.errors?.[0]?.extensions['code']).toBe('IDENTITY_UNAVAILABLE');
      expect(answer.errors?.[0]?.extensions['retryInMilliseconds']).toBeGreaterThan(0);
    },
  );

  it('results in a response with Retry-After', async () => {
    const token = `${Buffer.from('{"alg":"EdDSA","kid":"x"}').toString('base64url')}.e30.AA`;
    const { status, headers } = await fetch(service.url, { headers: { authorization: `Bearer ${token}` } });
    expect([status, headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^[1-5]$/)]);
  });
});

describe('a client certificate', () => {
  const revocations = new Revocations();
  const fingerprint = (name: string): string => new X509Certificate(tlsText(`${name}.pem`)).fingerprint256;
  const map = (entries: object): string => folder.write(`${Math.random()}.json`, JSON.stringify(entries));
  const both = folder.write('both.pem', `${tlsText('ca.pem')}${tlsText('revoking-ca.pem')}`);
  const mapped = { [fingerprint('nameless')]: { partition: '7' } };
  const good: TlsSettings = {
    cert: tlsFile('server.pem'),
    key: tlsFile('server.key'),
    clientCa: both,
    clientMap: map(mapped),
  };
  let service: LiveService;
  beforeAll(async () => {
    service = await startLiveService({
      schema,
      identity: null,
      revocations,
      tls: await readTls(good),
      graceMilliseconds: 0,
    });
  });
  afterAll(() => service.close());

  const renew = async (settings: Partial<TlsSettings>): Promise<void> =>
    service.renewTls(await readTls({ ...good, ...settings }));
  const oneIssuer = { clientCa: tlsFile('revoking-ca.pem') };
  const cases: readonly [string, { certificate: string; other: string }, () => Promise<void>, string][] = [
    [
      'that is revoked by its fingerprint',
      { certificate: 'guest', other: 'root' },
      async () => {
        const digits = fingerprint('guest').replaceAll(':', '').toLowerCase();
        revocations.replace({ ...emptyRevocationList, fingerprints: new Set([digits]) });
      },
      'The client certificate has been revoked',
    ],
    [
      'whose entry in the map is gone',
      { certificate: 'nameless', other: 'root' },
      () => renew({ clientMap: map({}) }),
      'The rights of the client certificate have been withdrawn',
    ],
    [
      'whose entry in the map has fewer privileges',
      { certificate: 'nameless', other: 'root' },
      () => renew({ clientMap: map({ [fingerprint('nameless')]: { partition: '7', privileges: [] } }) }),
      'The rights of the client certificate have been withdrawn',
    ],
    [
      'whose issuer is no longer trusted',
      { certificate: 'root', other: 'revocable' },
      () => renew(oneIssuer),
      'The issuer of the client certificate has been withdrawn',
    ],
  ];

  it('is accepted in a resumed session, which has no intermediate certificates, until the issuers change', async () => {
    await renew({});
    const agent = new Agent({ ...clientOptions('revocable'), keepAlive: true });
    let connection: TLSSocket | undefined;
    const ask = async (): Promise<readonly [isResumed: boolean, status: number | undefined]> => {
      const sent = request(`${service.url}?query={hello}`, { agent }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const socket = response.socket as TLSSocket;
      connection = socket;
      response.resume();
      await once(response, 'end');
      return [socket.isSessionReused(), response.statusCode];
    };
    expect(await ask()).toEqual([false, 200]);
    const first = connection;
    first?.destroy();
    expect(await ask()).toEqual([true, 200]);
    expect(connection).not.toBe(first);
    const resumed = connection;
    await renew({ cert: tlsFile('other-server.pem'), key: tlsFile('other-server.key') });
    expect(await ask()).toEqual([true, 200]);
    expect(connection).toBe(resumed);
    await renew(oneIssuer);
    await until(() => resumed?.destroyed === true);
    expect(await ask()).toEqual([false, 200]);
    agent.destroy();
  });

  it.each(cases)('%s', async (_, { certificate, other }, withdraw, message) => {
    await renew({});
    revocations.replace(emptyRevocationList);
    const [mine, others] = [
      await open(service, { certificate }),
      await open(service, { certificate: other }),
    ];
    await withdraw();
    await expectCut(mine, message);
    if (other === 'revocable' && !(await returnsIntermediates()))
      await expectCut(others, 'The issuer of the client certificate has been withdrawn');
    else await expectOpen(service, others);
  });

  it.each(['client.crl', 'sub.crl'])(
    'that a CRL revokes, or whose issuer is revoked, is rejected: %s',
    async (name) => {
      const crl = tlsFile('none.crl');
      await renew({ ...oneIssuer, crl });
      const certificate = 'revocable';
      const [mine, ask] = [
        await open(service, { certificate }),
        () => sendSecurely(`${service.url}?query={hello}`, { certificate }),
      ];
      await renew({ ...oneIssuer, crl });
      for (const stream of service.streams) stream.tick('still');
      await until(() => mine.stream().includes('still'));
      expect((await ask()).status).toBe(200);
      await renew({ ...oneIssuer, crl: tlsFile(name) });
      const message = (await returnsIntermediates())
        ? 'The client certificate has been revoked by its issuer'
        : 'The issuer of the client certificate has been withdrawn';
      await expectCut(mine, message);
      const again = await ask();
      expect(again.status).toBe(401);
      expect(again.body).toContain('its issuer has revoked it (CERT_REVOKED)');
    },
  );

  it('requires a CRL of each issuer, and lists that can be read', async () => {
    const [both, crl] = [good.clientCa, tlsFile('none.crl')];
    await expect(renew({ clientCa: both, crl })).rejects.toThrow(
      '--tls-crl: the file has no list of "CN=hvql test ca", whose certificates --tls-client-ca trusts: each issuer needs one.',
    );
    await expect(renew({ ...oneIssuer, crl: tlsFile('ca.pem') })).rejects.toThrow(
      '--tls-crl: the file has no list: expected PEM, "BEGIN X509 CRL".',
    );
    const broken = '-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n';
    await expect(
      renew({ ...oneIssuer, crl: folder.write('broken.crl', `${tlsText('none.crl')}${broken}`) }),
    ).rejects.toThrow('--tls-crl: list 3 of the file cannot be read (the end is missing).');
    await expect(renew({ crl: folder.write('gone', '') + '.crl' })).rejects.toThrow(
      '--tls-crl: the file cannot be read (ENOENT).',
    );
  });
});
