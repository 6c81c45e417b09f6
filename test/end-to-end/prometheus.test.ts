/** A real Prometheus scrapes the service by the configuration of docs/metrics.md, as the root and as a guest. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { blocksOf } from '../documents/markdown.ts';
import { samplesOf } from '../metrics/exposition-text.ts';
import { getMetrics } from '../server/metrics-check.ts';
import { temporaryFolder } from '../server/temporary-folder.ts';
import { until } from '../until.ts';
import { post, serve, type Served } from './program.ts';
import { freePort } from '../free-port.ts';

const secret = 'the secret of the scraped host, long enough';
const packaging = 'packaging/prometheus';
const prometheus = findProgram('prometheus');
const promtool = findProgram('promtool');

/** A block of the document, by the name of its file. */
function block(name: string): string {
  const found = blocksOf('docs/metrics.md').find(({ file }) => file === name);
  if (found === undefined) throw new Error(`docs/metrics.md has no block ${name}`);
  return found.text;
}

function promtoolOn(args: readonly string[], input?: string) {
  return spawnSync(promtool ?? '', args, { encoding: 'utf8', input });
}

function check(args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = promtoolOn(args, input);
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout + stderr;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(readFileSync(`${packaging}/hvql-dashboard.json`, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);

describe.skipIf(prometheus === null || promtool === null)('Prometheus', () => {
  const folder = temporaryFolder();
  let served: Served;
  let program: ChildProcess;
  let address = '';
  let healthPort = 0;
  const tokens: Record<'root' | 'guest', string> = { root: '', guest: '' };

  const sign = (partition: string): Promise<string> =>
    new SignJWT({ hv_partition: partition })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));

  /** The value of each series of an expression, by its labels. */
  async function query(expression: string): Promise<{ labels: Record<string, string>; value: string }[]> {
    const response = await fetch(`${address}/api/v1/query?${new URLSearchParams({ query: expression })}`);
    const answer = (await response.json()) as {
      status: string;
      error?: string;
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error ?? ''}`);
    return answer.data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value }));
  }

  async function scrape(
    token: string | null,
    at = served.url.replace('graphql', 'metrics'),
  ): Promise<string> {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(at, { headers });
    expect(response.status).toBe(200);
    return response.text();
  }

  beforeAll(async () => {
    healthPort = await freePort();
    const args = ['--source', 'simulator?release=2026', '--workers', '2'];
    served = await serve([...args, '--metrics-listen', `127.0.0.1:${healthPort}`], {
      HVQL_JWT_SECRET: secret,
    });
    tokens.root = await sign('1');
    const list = '{ hypervisor { partitions { nodes { partitionId isRoot } } } }';
    const { data } = await post(served.url, { token: tokens.root, query: list });
    const guest = data.hypervisor.partitions.nodes.find(
      ({ isRoot }: { isRoot: boolean }) => !isRoot,
    ).partitionId;
    tokens.guest = await sign(guest);
    // A subscription, for the lag of events, and a request that is refused.
    await post(served.url, { query: '{ __typename }' });
    folder.write('root.token', tokens.root);
    folder.write('tenant-5.token', `${tokens.guest}\n`);
    copyFileSync(`${packaging}/hvql-rules.yml`, join(folder.path, 'hvql-rules.yml'));
    const configuration = block('prometheus.yml')
      .replace('scrape_interval: 15s', 'scrape_interval: 2s\n  evaluation_interval: 1s')
      .replaceAll('/etc/prometheus/hvql/', `${folder.path}/`)
      .replaceAll('127.0.0.1:4000', new URL(served.url).host)
      .replaceAll('127.0.0.1:9464', `127.0.0.1:${healthPort}`);
    const file = folder.write('prometheus.yml', configuration);
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const flags = [
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
    ];
    program = spawn(prometheus ?? '', [`--config.file=${file}`, '--log.level=error', ...flags], {
      stdio: 'ignore',
    });
    let state = '';
    const isScraped = async (): Promise<boolean> => {
      try {
        const response = await fetch(`${address}/api/v1/targets`);
        const { data } = (await response.json()) as {
          data: { activeTargets: { health: string; lastError: string }[] };
        };
        state = JSON.stringify(data.activeTargets.map(({ health, lastError }) => [health, lastError]));
        const often = await query('count_over_time((up == 1)[5m:1s]) >= 3');
        return often.length === 3 && (await query('partition:hvql_busy:percent')).length > 0;
      } catch (thrown) {
        state = String(thrown);
        return false;
      }
    };
    await until(isScraped, () => state);
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => program.once('exit', resolve));
    program.kill();
    await ended;
    await served.program.stop();
    folder.remove();
  });

  it('stores for each job what the caller of its token may read', async () => {
    const names = (job: string): Promise<{ labels: Record<string, string> }[]> =>
      query(`count by (__name__) ({job="${job}",__name__=~"hvql_.*"})`);
    expect((await names('hvql-root')).length).toBeGreaterThan(200);
    const tenant = (await names('hvql-tenant-5')).map(({ labels }) => labels['__name__']).sort();
    expect(tenant).toEqual([
      'hvql_object_readable',
      'hvql_partition_deposited_pages',
      'hvql_partition_info',
      'hvql_processors_listed',
      'hvql_virtual_processor_hypercalls_cost_seconds_total',
      'hvql_virtual_processor_hypercalls_total',
      'hvql_virtual_processor_total_run_time_seconds_total',
    ]);
    const partitions = await query('count by (partition) ({job="hvql-tenant-5",partition!=""})');
    const claims = JSON.parse(
      Buffer.from(tokens.guest.split('.')[1] ?? '', 'base64url').toString(),
    ) as object;
    expect(partitions.map(({ labels }) => labels['partition'])).toEqual([
      (claims as { hv_partition: string }).hv_partition,
    ]);
    const health = (await names('hvql-health')).map(({ labels }) => labels['__name__']);
    expect(health).toContain('hvql_source_answering');
    expect(health.filter((name) => /partition|processor|hypervisor|object/.test(name ?? ''))).toEqual([]);
  });

  it('accepts each metric in both formats', async () => {
    const url = served.url.replace('graphql', 'metrics');
    const raw = await scrape(tokens.root, `${url}?raw=1`);
    const { stdout, stderr } = promtoolOn(['check', 'metrics'], raw);
    // Two numbers of the catalogue are about counters, and are named after that.
    for (const line of (stdout + stderr).split('\n').filter(Boolean))
      expect(line).toMatch(
        /^hvql_logical_processor_counter_refresh_\w+ metric name should not include type 'counter'$/,
      );
    const [root, health] = [
      await scrape(tokens.root),
      await scrape(null, `http://127.0.0.1:${healthPort}/metrics`),
    ];
    expect(check(['check', 'metrics'], root)).toBe('');
    expect(check(['check', 'metrics'], health)).toBe('');
    // The jobs are scraped as OpenMetrics, and its parser refuses what has no unit or end.
    const [accepted] = await query('scrape_samples_scraped{job="hvql-root"}');
    expect(Number(accepted?.value)).toBe(samplesOf(root).size);
  });

  it('reads the health of all workers, whichever responds', async () => {
    const count = (text: string): number =>
      Number(samplesOf(text).get('hvql_request_duration_seconds_count {"transport":"POST","outcome":"ok"}'));
    const before = count(await scrape(tokens.root));
    const ask = (): Promise<unknown> =>
      fetch(served.url, {
        method: 'POST',
        body: JSON.stringify({ query: '{ viewer { isRoot } }' }),
        headers: {
          authorization: `Bearer ${tokens.root}`,
          'content-type': 'application/json',
          connection: 'close',
        },
      }).then((response) => response.text());
    await Promise.all(Array.from({ length: 10 }, ask));
    for (let n = 0; n < 4; n += 1) expect(count(await scrape(tokens.root))).toBe(before + 10);
    expect(count(await scrape(null, `http://127.0.0.1:${healthPort}/metrics`))).toBe(before + 10);
  });

  it('cannot read the health as a guest, or anything without an identity', async () => {
    expect(await scrape(tokens.guest)).not.toContain('hvql_request_duration_seconds');
    const url = served.url.replace('graphql', 'metrics');
    expect((await fetch(url)).status).toBe(401);
    const health = `http://127.0.0.1:${healthPort}`;
    expect((await fetch(`${health}/graphql`)).status).toBe(404);
    expect((await fetch(`${health}/metrics`, { method: 'POST' })).status).toBe(405);
    const foreign = await getMetrics({ url: health }, { headers: { host: 'evil.example' } });
    expect(foreign.status).toBe(403);
  });

  it.each(expressions)('has the data of the panel %s of the dashboard: %s', async (_title, expression) => {
    const filled = expression
      .replaceAll(/\$(instance|partition)/g, '.*')
      .replaceAll('$__rate_interval', '1m');
    expect(filled).not.toContain('$');
    // What was refused is known from the first scrape after it on.
    await until(async () => (await query(filled)).length > 0);
  });
});

describe.skipIf(promtool === null)('promtool', () => {
  it('accepts the rules', () => {
    expect(check(['check', 'rules', `${packaging}/hvql-rules.yml`])).toContain('SUCCESS');
    expect(check(['test', 'rules', `${packaging}/hvql-rules-test.yml`])).toContain('SUCCESS');
  });

  it('accepts the configurations of the document', () => {
    const folder = temporaryFolder();
    copyFileSync(`${packaging}/hvql-rules.yml`, join(folder.path, 'hvql-rules.yml'));
    const [, receiver = ''] = /^ {4}config:\n((?: {6}.*\n)+)/m.exec(block('otel-collector.yml')) ?? [];
    const collector = receiver.replaceAll(/^ {6}/gm, '');
    for (const text of [block('prometheus.yml'), block('vmagent.yml'), collector]) {
      expect(text).toContain('credentials_file');
      writeFileSync(join(folder.path, 'token'), 'a token');
      const file = folder.write(
        'config.yml',
        text.replaceAll(/\/etc\/\S+\.token/g, join(folder.path, 'token')),
      );
      expect(check(['check', 'config', file])).toContain('SUCCESS');
    }
    folder.remove();
  });
});
