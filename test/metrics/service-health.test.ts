import { describe, expect, it } from 'vitest';
import { addUp, healthText, ServiceHealth } from '../../src/metrics/service-health.ts';
import { readExposition, samplesOf } from './exposition-text.ts';

const state = {
  isAnswering: true,
  ageSeconds: 2,
  readSeconds: 0.25,
  isTopologyCircuitOpen: false,
  isReadingCircuitOpen: true,
};

function openHealth(more: Partial<typeof state> = {}): ServiceHealth {
  return new ServiceHealth({
    source: () => ({ ...state, ...more }),
    openStreams: () => 7,
    auditLinesDropped: () => 3,
  });
}

const samples = async (...health: ServiceHealth[]): Promise<ReadonlyMap<string, string>> =>
  samplesOf(healthText(await addUp(await Promise.all(health.map((each) => each.report()))), 'text'));

describe('the health of the service', () => {
  it('contains the latency of requests by transport and outcome', async () => {
    const health = openHealth();
    const now = performance.now();
    health.observe('POST', 'ok', now);
    health.observe('POST', 'ok', now - 20_000);
    health.observe('WebSocket', 'refused', now);
    const of = await samples(health);
    const bucket = (le: string): string | undefined =>
      of.get(`hvql_request_duration_seconds_bucket {"le":"${le}","transport":"POST","outcome":"ok"}`);
    expect([bucket('10'), bucket('+Inf')]).toEqual(['1', '2']);
    const labels = JSON.stringify({ transport: 'POST', outcome: 'ok' });
    expect(of.get(`hvql_request_duration_seconds_count ${labels}`)).toBe('2');
    expect(Number(of.get(`hvql_request_duration_seconds_sum ${labels}`))).toBeGreaterThanOrEqual(20);
    const refused = JSON.stringify({ transport: 'WebSocket', outcome: 'refused' });
    expect(of.get(`hvql_request_duration_seconds_count ${refused}`)).toBe('1');
  });

  it('counts refusals by known codes only, so that plugins cannot add an unlimited number of series', async () => {
    const health = openHealth();
    for (const code of ['UNAUTHENTICATED', 'UNAUTHENTICATED', 'MADE_UP', 'toString', 7]) health.refuse(code);
    const of = [...(await samples(health))].filter(([key]) => key.startsWith('hvql_refused_total'));
    expect(of).toEqual([
      ['hvql_refused_total {"code":"UNAUTHENTICATED"}', '2'],
      ['hvql_refused_total {"code":"OTHER"}', '3'],
    ]);
  });

  it('omits unknown values', async () => {
    const of = await samples(
      new ServiceHealth({
        source: () => ({ ...state, isAnswering: null, ageSeconds: null, readSeconds: null }),
        openStreams: () => 0,
        auditLinesDropped: () => 0,
      }),
    );
    expect([...of.keys()].filter((key) => /answering|snapshot/.test(key))).toEqual([]);
  });

  it('of several processes is the sum, or the worst or newest value if a sum is meaningless', async () => {
    const [one, other] = [openHealth(), openHealth({ isAnswering: false, ageSeconds: 9, readSeconds: 0.5 })];
    one.hitHotPath();
    other.hitHotPath();
    one.observe('GET', 'ok', performance.now());
    other.observe('GET', 'ok', performance.now());
    one.observeEventLag(0.02);
    one.refuse('NOT_FOUND');
    other.countConnections(() => 5);
    expect(Object.fromEntries(await samples(one, other))).toMatchObject({
      'hvql_hot_path_hits_total {}': '2',
      'hvql_request_duration_seconds_count {"transport":"GET","outcome":"ok"}': '2',
      'hvql_event_lag_seconds_bucket {"le":"0.025"}': '1',
      'hvql_event_lag_seconds_count {}': '1',
      'hvql_refused_total {"code":"NOT_FOUND"}': '1',
      'hvql_open_streams {}': '14',
      'hvql_open_connections {}': '5',
      'hvql_audit_lines_dropped_total {}': '6',
      'hvql_snapshot_age_seconds {}': '2',
      'hvql_snapshot_read_seconds {}': '0.5',
      'hvql_source_answering {}': '0',
      'hvql_source_circuit_open {"call":"topology"}': '0',
      'hvql_source_circuit_open {"call":"read"}': '1',
    });
  });

  it('is written in both formats', async () => {
    const report = await openHealth().report();
    const [text, openMetrics] = [healthText(report, 'text'), healthText(report, 'openmetrics')].map(
      readExposition,
    );
    expect(text?.get('hvql_hot_path_hits_total')?.type).toBe('counter');
    expect(openMetrics?.get('hvql_hot_path_hits')).toMatchObject({
      type: 'counter',
      samples: [{ name: 'hvql_hot_path_hits_total', value: '0' }],
    });
    expect(openMetrics?.get('process_resident_memory_bytes')).toMatchObject({ type: 'gauge', unit: 'bytes' });
    expect(openMetrics?.get('hvql_request_duration_seconds')).toMatchObject({
      type: 'histogram',
      unit: 'seconds',
    });
  });
});
