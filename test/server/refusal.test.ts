/** Refusals are in the audit trail and the log, on every transport: the caller, the address and the reason. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openIdentity } from '../../src/server/auth/identity.ts';
import { readTls } from '../../src/server/http/tls.ts';
import { Refusals } from '../../src/server/refusals.ts';
import { secureWays, tlsFile, tlsText } from '../secure.ts';
import { until } from '../until.ts';
import { readableLog, startTestService, type TestService } from './test-service.ts';
import { listenerTransports } from './transport.ts';

/** A line of the trail. */
type Line = Readonly<Record<string, unknown>>;

const secret = new Uint8Array(32).fill(4);
const sign = (claims: object): Promise<string> =>
  new SignJWT({ hv_partition: '5', ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(secret);

/** A service with an audit trail, in which the proxy 127.0.0.1 says where clients come from. */
async function start(options: Parameters<typeof startTestService>[0] = {}): Promise<{
  readonly service: TestService;
  readonly lines: Line[];
  /** The first line about this address. */
  readonly lineOf: (address: string) => Promise<Line>;
}> {
  const lines: Line[] = [];
  const settings = { method: { kind: 'secret' as const, secret }, issuer: null, audience: null };
  const identity = await openIdentity(settings, { log: readableLog().log, now: Date.now });
  const service = await startTestService({
    identity,
    audit: (line) => lines.push(JSON.parse(line) as Line),
    trustedProxies: ['127.0.0.1'],
    ...options,
  });
  const lineOf = async (address: string): Promise<Line> => {
    const find = () => lines.find((line) => line['address'] === address);
    await until(
      () => find() !== undefined,
      () => `${address}: ${JSON.stringify(lines)}`,
    );
    return find() ?? {};
  };
  return { service, lines, lineOf };
}

const ways = Object.entries(listenerTransports);
/** Each case has addresses of its own, so that no line is counted with those of another. */
const addressOf = (way: string, n: number): string =>
  `192.0.2.${ways.findIndex(([name]) => name === way) * 10 + n}`;

describe.each(ways)('the audit trail of refusals by %s', (way, ask) => {
  let here: Awaited<ReturnType<typeof start>>;
  let token: string;
  beforeAll(async () => {
    token = await sign({ sub: 'alice', jti: 'one' });
    here = await start({ allowedHosts: ['hvql.example'] });
  });
  afterAll(() => here.service.close());

  const send = async (
    n: number,
    question: { token?: string | null; query?: string; headers?: Record<string, string> },
  ): Promise<Line> => {
    const address = addressOf(way, n);
    const listener = { place: { url: here.service.url }, token: question.token ?? null };
    const headers = { 'x-forwarded-for': `10.9.9.9, ${address}`, ...question.headers };
    const answer = await ask(listener, { parameters: { query: question.query ?? '{ hello }' }, headers });
    answer.end();
    return here.lineOf(address);
  };
  const transport = way.startsWith('SSE') ? 'SSE' : way.replace(' again', '');

  it('has a line for a failed authentication, with the address and the reason', async () => {
    const line = await send(1, { token: `${token.slice(0, -4)}AAAA` });
    expect(line).toMatchObject({ event: 'refused', code: 'UNAUTHENTICATED', caller: null });
    expect(line['reason']).toMatch(/signature/);
    expect(JSON.stringify(line)).not.toContain('eyJ');
    expect(await send(2, {})).toMatchObject({ code: 'UNAUTHENTICATED', reason: /No identity/ });
  });

  it('has a line for a foreign host and for a foreign origin', async () => {
    const foreign = await send(3, { token, headers: { host: 'elsewhere.example' } });
    expect(foreign).toMatchObject({ event: 'refused', code: 'FOREIGN_HOST', caller: null });
    const headers = { origin: 'https://elsewhere.example' };
    expect(await send(4, { token, headers })).toMatchObject({ event: 'refused', code: 'FOREIGN_ORIGIN' });
  });

  it('has a line for a request beyond a limit, with the caller and the credential', async () => {
    const query = `query Deep { ${Array.from({ length: 201 }, (_, n) => `a${n}: hello`).join(' ')} }`;
    const line = await send(5, { token, query });
    expect(line).toMatchObject({
      event: 'refused',
      code: 'LIMIT_EXCEEDED',
      caller: '5',
      by: 'token',
      sub: 'alice',
      jti: 'one',
      fingerprint: null,
      way: transport,
    });
    expect(JSON.stringify(line)).not.toContain('a200');
  });

  it('has a line for a denied read, with the address and the token', async () => {
    const line = await send(6, { token, query: '{ denied }' });
    expect(line).toMatchObject({ event: 'denied', caller: '5', sub: 'alice', jti: 'one', way: transport });
  });
});

describe.each(ways)('the audit trail with a list of operations, by %s', (_, ask) => {
  it('has a line for an operation that is not in the list', async () => {
    const { service, lines } = await start({ allowedDocuments: [] });
    const parameters = { query: '{ hello }' };
    const answer = await ask(
      { place: { url: service.url }, token: await sign({ sub: 'bob' }) },
      { parameters },
    );
    answer.end();
    await service.close();
    expect(lines[0]).toMatchObject({
      event: 'refused',
      code: 'OPERATION_NOT_ALLOWED',
      caller: '5',
      sub: 'bob',
    });
  });
});

describe.each(Object.entries(secureWays))('the audit trail with client certificates, by %s', (_, ask) => {
  it('has the fingerprint of the certificate', async () => {
    const tls = await readTls({
      cert: tlsFile('server.pem'),
      key: tlsFile('server.key'),
      clientCa: tlsFile('ca.pem'),
      clientMap: null,
    });
    const { service, lines } = await start({ tls, identity: null });
    await ask(service.url, { certificate: 'guest', query: '{ denied }' });
    await ask(service.url, { certificate: 'expired', query: '{ hello }' });
    await until(() => lines.length === 2);
    await service.close();
    const { fingerprint256 } = new X509Certificate(tlsText('guest.pem'));
    const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
    expect(lines[0]).toMatchObject({ event: 'denied', by: 'certificate', fingerprint, address: '127.0.0.1' });
    expect(lines[1]).toMatchObject({ event: 'refused', code: 'UNAUTHENTICATED', address: '127.0.0.1' });
  });
});

describe('a WebSocket that subscribes without an identity', () => {
  it('is recorded in the audit trail', async () => {
    const { service, lineOf } = await start();
    const socket = new WebSocket(service.url.replace('http', 'ws'), 'graphql-transport-ws', {
      headers: { 'x-forwarded-for': '198.51.100.7' },
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ hello }' } }));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(4401);
    expect(await lineOf('198.51.100.7')).toMatchObject({ event: 'refused', code: 'UNAUTHENTICATED' });
    await service.close();
  });
});

describe('a request that cannot be read', () => {
  it('is recorded in the audit trail if it is too long', async () => {
    const { service, lineOf } = await start();
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`GET /graphql?query=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    expect(await lineOf('127.0.0.1')).toMatchObject({
      event: 'refused',
      code: 'LIMIT_EXCEEDED',
      caller: null,
    });
    await service.close();
  });
});

describe('repeated refusals', () => {
  const refusal = {
    code: 'UNAUTHENTICATED',
    message: 'no',
    address: '192.0.2.1',
    caller: null,
    facts: { by: null },
  };

  it('have one line, and a count at the end, in the audit trail and in the log', () => {
    const { log, lines } = readableLog();
    const written: object[] = [];
    const refusals = new Refusals({ write: (fields) => written.push(fields), log });
    for (let n = 0; n < 5; n += 1) refusals.add(refusal);
    refusals.add({ ...refusal, address: '192.0.2.2' });
    refusals.add({ ...refusal, code: 'NOT_FOUND' });
    const first = { code: 'UNAUTHENTICATED', reason: 'no', caller: null, by: null };
    expect(written).toEqual([
      { ...first, address: '192.0.2.1' },
      { ...first, address: '192.0.2.2' },
    ]);
    refusals.close();
    const repeated = { code: 'UNAUTHENTICATED', address: '192.0.2.1', caller: null, repeats: 4 };
    expect(written.slice(2)).toEqual([repeated]);
    const logged = lines
      .map((line) => JSON.parse(line) as Line)
      .map(({ level, code, repeats }) => [level, code, repeats]);
    expect(logged).toEqual([
      [30, 'UNAUTHENTICATED', undefined],
      [30, 'UNAUTHENTICATED', 5],
    ]);
    refusals.add(refusal);
    expect(written).toHaveLength(4);
    refusals.close();
  });

  it('do not fill the audit trail or the log, however many addresses they come from', () => {
    const { log, lines } = readableLog();
    let written = 0;
    const refusals = new Refusals({ write: () => (written += 1), log });
    for (let n = 0; n < 100_000; n += 1)
      refusals.add({ ...refusal, address: `2001:db8::${n.toString(16)}`, message: 'x'.repeat(10_000) });
    refusals.close();
    expect(written).toBe(1_001);
    expect(lines.length).toBe(2);
    expect(lines.join('').length).toBeLessThan(2_000);
  });
});
