import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CounterMetrics } from '../../../src/metrics/counter-metrics.ts';
import { Sampler } from '../../../src/sampling/sampler.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { testLimits } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { rawClient } from '../../raw-client.ts';
import { until } from '../../until.ts';
import { getMetrics, type MetricsAnswer } from '../metrics-check.ts';
import { startTestService, type TestService } from '../test-service.ts';

const stallMilliseconds = 400;
const text = 'text/plain; version=0.0.4; charset=utf-8';
const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

describe('/metrics', () => {
  const source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), ...manyPartitions()];
  let service: TestService;
  beforeAll(async () => {
    // The large response is written once, and given to each request.
    const sampler = new Sampler({
      source,
      clock: systemClock,
      timeoutMilliseconds: 60_000,
      shareMilliseconds: 600_000,
    });
    const counters = new CounterMetrics({ sampler, limits: { ...testLimits, maxValues: 1e6 } });
    service = await startTestService({
      metrics: { counters, health: null },
      stallMilliseconds,
      pingMilliseconds: 100,
    });
  });
  afterAll(() => service.close());

  /** Enough for more than the buffers of both ends of a connection hold. */
  function manyPartitions() {
    return Array.from({ length: 200 }, (_, n) => partitionEntry(BigInt(n + 2), 1n, 4));
  }
  const get = (request: Parameters<typeof getMetrics>[1] = {}): Promise<MetricsAnswer> =>
    getMetrics(service, { token: service.rootToken, search: 'object=HYPERVISOR', ...request });

  it.each([
    ['nothing', undefined, text],
    ['anything', '*/*', text],
    ['text', 'text/plain', text],
    ['a browser', 'text/html,application/xhtml+xml,*/*;q=0.8', text],
    [
      'Prometheus 2',
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      openMetrics,
    ],
    [
      'Prometheus 3',
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      openMetrics,
    ],
    ['text rather than OpenMetrics', 'application/openmetrics-text;q=0.2,text/plain;q=0.3', text],
    [
      'a newer OpenMetrics rather than text',
      'application/openmetrics-text;version=9.0.0,text/plain;q=0.1',
      text,
    ],
  ])('returns to a client that accepts %s the format that it can read', async (_client, accept, type) => {
    const { status, headers, text: body } = await get(accept === undefined ? {} : { headers: { accept } });
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(body.endsWith('# EOF\n')).toBe(type === openMetrics);
    expect(body).toContain('hvql_hypervisor_total_pages ');
  });

  it('refuses a client that accepts neither format', async () => {
    const { status, text: body } = await get({ headers: { accept: 'application/json' } });
    expect(status).toBe(406);
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] });
  });

  it('must not be cached', async () => {
    const { headers, text: body } = await get();
    expect(headers).toMatchObject({
      'cache-control': 'private, no-store',
      vary: 'accept',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
      'content-length': String(Buffer.byteLength(body)),
    });
  });

  it('answers HEAD with the same headers and no body', async () => {
    const { 'x-request-id': _id, date: _date, ...get200 } = (await get()).headers;
    const { status, headers, text: body } = await get({ method: 'HEAD' });
    expect([status, body]).toEqual([200, '']);
    expect(headers).toMatchObject(get200);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const { status, headers } = await get({ method });
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
  });

  it('is not found if the service has no metrics', async () => {
    const without = await startTestService();
    const { status } = await getMetrics(without, { token: without.rootToken });
    expect(status).toBe(404);
    await without.close();
  });

  it('disconnects a client that does not read its response', async () => {
    const { socket, closed } = rawClient({ kind: 'plain', port: service.port });
    socket.pause();
    const request = `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\nAuthorization: Bearer ${service.rootToken}\r\n\r\n`;
    socket.write(request.repeat(4));
    const cut = (): boolean =>
      service.lines.some((line) => line.includes('a client that read nothing for too long'));
    await until(cut);
    socket.destroy();
    await closed;
    expect(service.lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([]);
  });
});
