import { describe, expect, it } from 'vitest';
import { HealthCollection } from '../../../src/cli/workers/health-collection.ts';
import { healthText, ServiceHealth, type HealthReport } from '../../../src/metrics/service-health.ts';
import { samplesOf } from '../../metrics/exposition-text.ts';

/** The health of a worker with as many refusals, and requests, and one open stream. */
async function report(count: number): Promise<HealthReport> {
  const health = new ServiceHealth({
    source: () => ({
      isAnswering: true,
      ageSeconds: 1,
      readSeconds: 1,
      isTopologyCircuitOpen: false,
      isReadingCircuitOpen: false,
    }),
    openStreams: () => 1,
    auditLinesDropped: () => 0,
  });
  for (let n = 0; n < count; n += 1) {
    health.refuse('BAD_REQUEST');
    health.observe('POST', 'refused', performance.now());
  }
  return health.report();
}

/** Refusals, requests and open streams of a sum. */
function countsOf(sum: HealthReport): (string | undefined)[] {
  const samples = samplesOf(healthText(sum, 'text'));
  return [
    'hvql_refused_total {"code":"BAD_REQUEST"}',
    'hvql_request_duration_seconds_count {"transport":"POST","outcome":"refused"}',
    'hvql_open_streams {}',
  ].map((name) => samples.get(name));
}

/** Workers that answer with their count, or not at all where it is null. */
class Workers {
  readonly collection = new HealthCollection<string>();
  readonly counts = new Map<string, number | null>();
  readonly asked: [string, number][] = [];

  async collect(): Promise<(string | undefined)[]> {
    const sum = this.collection.collect([...this.counts.keys()], (worker, number) => {
      this.asked.push([worker, number]);
      const count = this.counts.get(worker);
      if (count != null)
        void report(count).then((each) => this.collection.note(worker, { number, report: each }));
    });
    return countsOf(await sum);
  }

  end(worker: string): void {
    this.counts.delete(worker);
    this.collection.forget(worker);
  }
}

function running(counts: Readonly<Record<string, number | null>>): Workers {
  const workers = new Workers();
  for (const [worker, count] of Object.entries(counts)) workers.counts.set(worker, count);
  return workers;
}

describe('the health of all workers', () => {
  it('is the sum of their reports, which each request collects separately', async () => {
    const workers = running({ a: 1, b: 2 });
    expect(await Promise.all([workers.collect(), workers.collect()])).toEqual([
      ['3', '3', '2'],
      ['3', '3', '2'],
    ]);
    expect(new Set(workers.asked.map(([, number]) => number)).size).toBe(2);
  });

  it('never decreases when workers exit, however many exit', async () => {
    const workers = running({ a: 5, b: 2 });
    expect(await workers.collect()).toEqual(['7', '7', '2']);
    workers.end('a');
    expect(await workers.collect()).toEqual(['7', '7', '1']);
    workers.counts.set('c', 1);
    expect(await workers.collect()).toEqual(['8', '8', '2']);
    for (const worker of ['b', 'c']) workers.end(worker);
    workers.counts.set('d', 0);
    for (let n = 0; n < 3; n += 1) expect(await workers.collect()).toEqual(['8', '8', '1']);
  });

  it('uses the last report of a late worker, and does not wait for one that exits', async () => {
    const workers = running({ a: 5, b: 2 });
    await workers.collect();
    workers.counts.set('a', null);
    expect(await workers.collect()).toEqual(['7', '7', '2']);
    const collected = workers.collect();
    workers.end('a');
    expect(await collected).toEqual(['7', '7', '1']);
    const [, number] = workers.asked.findLast(([worker]) => worker === 'a') ?? ['', 0];
    workers.collection.note('a', { number, report: await report(5) });
    expect(await workers.collect()).toEqual(['7', '7', '1']);
  });

  it('is empty without workers', async () => {
    expect(await new HealthCollection<string>().collect([], () => undefined)).toEqual([]);
  });
});
