/** The health metrics that the server counts, over real sockets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthText, ServiceHealth } from '../../src/metrics/service-health.ts';
import { samplesOf } from '../metrics/exposition-text.ts';
import { rawClient } from '../raw-client.ts';
import { until } from '../until.ts';
import { startTestService, type TestService } from './test-service.ts';
import { transports, type TransportAnswer } from './transport.ts';

const state = {
  isAnswering: true,
  ageSeconds: 0,
  readSeconds: 0,
  isTopologyCircuitOpen: false,
  isReadingCircuitOpen: false,
};

describe('the health metrics of a server', () => {
  const health = new ServiceHealth({
    source: () => state,
    openStreams: () => 0,
    auditLinesDropped: () => 0,
  });
  let service: TestService;
  const open: TransportAnswer[] = [];
  beforeAll(async () => {
    service = await startTestService({ health, hotPath: true });
  });
  afterAll(async () => {
    for (const { end } of open) end();
    await service.close();
  });

  const samples = async (): Promise<ReadonlyMap<string, string>> =>
    samplesOf(healthText(await health.report(), 'text'));
  /** What has been added to the samples whose names begin so, without those that did not change. */
  async function added(name: string, work: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = await samples();
    await work();
    const after = await samples();
    return Object.fromEntries(
      [...after]
        .filter(([key]) => key.startsWith(name))
        .map(
          ([key, value]) =>
            [key.slice(key.indexOf(' ') + 1), Number(value) - Number(before.get(key) ?? 0)] as const,
        )
        .filter(([, difference]) => difference !== 0),
    );
  }
  const ask = async (way: string, query: string, token: string | null = service.rootToken): Promise<void> => {
    const send = transports[way];
    if (send === undefined) throw new Error(`there is no transport ${way}`);
    open.push(await send({ place: { url: service.url }, token }, { parameters: { query } }));
  };
  const requests = 'hvql_request_duration_seconds_count';

  it.each([
    ['POST', 'POST'],
    ['GET', 'GET'],
    ['SSE by POST', 'SSE'],
    ['WebSocket', 'WebSocket'],
  ])('count each request by %s with its outcome', async (way, transport) => {
    const one = (outcome: string) => ({ [JSON.stringify({ transport, outcome })]: 1 });
    expect(await added(requests, () => ask(way, '{ hello }'))).toEqual(one('ok'));
    expect(await added(requests, () => ask(way, '{ hello denied }'))).toEqual(one('errors'));
    expect(await added(requests, () => ask(way, '{ unknown }'))).toEqual(one('refused'));
    expect(await added('hvql_refused_total', () => ask(way, '{ unknown }'))).toEqual({
      '{"code":"GRAPHQL_VALIDATION_FAILED"}': 1,
    });
    expect(await added('hvql_refused_total', () => ask(way, '{ hello }', 'e30.e30.e30'))).toEqual({
      '{"code":"UNAUTHENTICATED"}': 1,
    });
  });

  it('count a stream once, when it begins', async () => {
    expect(await added(requests, () => ask('SSE by POST', 'subscription { tick }'))).toEqual({
      '{"transport":"SSE","outcome":"ok"}': 1,
    });
  });

  it('count repeated requests that the hot path serves', async () => {
    await ask('POST', '{ hello partition }');
    expect(await added('hvql_hot_path_hits_total', () => ask('POST', '{ hello partition }'))).toEqual({
      '{}': 1,
    });
  });

  it('count requests that were refused before they became operations', async () => {
    const refused = (work: () => Promise<unknown>) => added('hvql_refused_total', work);
    const get = (path: string) => fetch(new URL(path, service.url)).then((response) => response.text());
    expect(await refused(() => get('/nothing'))).toEqual({ '{"code":"NOT_FOUND"}': 1 });
    const raw = async (text: string): Promise<void> => {
      const { socket, closed } = rawClient({ kind: 'plain', port: service.port });
      socket.on('end', () => socket.end()).resume();
      socket.write(text);
      await closed;
    };
    expect(await refused(() => raw('not HTTP\r\n\r\n'))).toEqual({ '{"code":"BAD_REQUEST"}': 1 });
    const upgrade =
      'GET /graphql HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    expect(await refused(() => raw(upgrade))).toEqual({ '{"code":"FOREIGN_HOST"}': 1 });
  });

  it('count open connections, and not those that have closed', async () => {
    const connections = async (): Promise<number> =>
      Number((await samples()).get('hvql_open_connections {}'));
    // Those of the tests before may be open still, and close meanwhile.
    const clients = Array.from({ length: 50 }, () => rawClient({ kind: 'plain', port: service.port }));
    await until(async () => (await connections()) >= clients.length);
    for (const { socket } of clients) socket.destroy();
    await until(async () => (await connections()) < clients.length);
  });
});
