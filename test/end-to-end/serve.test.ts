/** The service as a process: what it prints, how it starts, how it ends. */
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, Program, serve, type Served } from './program.ts';
import { until } from '../until.ts';

const rates = '{ partition { rates(over: "1500ms") { interval { seconds } } } }';

describe('hvql serve', () => {
  it('prints one line to standard output when it is ready, with the tokens of development mode', async () => {
    const { program, url, tokens } = await serve();
    expect(program.stdout).toBe(`hvql listening on ${url}\n`);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/);
    expect(tokens).toHaveLength(2);
    const callers = await Promise.all(
      tokens.map((token) => post(url, { token, query: '{ viewer { partitionId isRoot } }' })),
    );
    expect(callers.map(({ data }) => data.viewer)).toEqual([
      { partitionId: '1', isRoot: true },
      { partitionId: '2', isRoot: false },
    ]);
    expect(await program.stop()).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'completes pending requests after %s, accepts no new ones, and exits with 0',
    async (signal) => {
      const { program, url, tokens } = await serve();
      const underWay = post(url, { token: tokens[0], query: rates });
      // The request has arrived once the source is called.
      const lastRead = '{ service { source { lastReadAt } } }';
      await until(async () => {
        const { data } = await post(url, { token: tokens[0], query: lastRead });
        return data.service.source.lastReadAt !== null;
      });
      const exited = program.stop(signal);
      expect((await underWay).data.partition.rates.interval.seconds).toBeGreaterThanOrEqual(1.5);
      expect(await exited).toBe(0);
      await expect(fetch(url)).rejects.toThrow();
    },
  );

  it('refuses a public address without an identity method', async () => {
    const program = new Program(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect(await program.exited).toBe(2);
    expect(program.stderr).toContain(
      '--host 0.0.0.0 can be reached from elsewhere, so callers need an identity',
    );
    expect(program.stdout).toBe('');
  });

  it('reports all problems of flags and variables together', async () => {
    const program = new Program(['serve', '--prot', '1', '--port', 'x', '--source', 'simulator'], {
      HVQL_LOG_LEVEL: 'loud',
      HVQL_SORCE: 'x',
    });
    expect(await program.exited).toBe(2);
    const lines = program.stderr.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const word of ['--prot', '--port', 'HVQL_LOG_LEVEL', 'HVQL_SORCE']) {
      expect(lines.filter((line) => line.startsWith('hvql: ') && line.includes(word))).not.toEqual([]);
    }
  });

  it.each([
    ['pages:nowhere', /nowhere/],
    ['capture:nowhere.tar', /nowhere\.tar/],
    ['simulator?lps=0&vp=3', /"vp"[^]*\n.*lps must be/],
    ['page:x', /There is no source "page:x"/],
  ])('does not start with the source %s', async (source, message) => {
    const program = new Program(['serve', '--port', '0', '--source', source]);
    expect(await program.exited).toBe(2);
    expect(program.stderr).toMatch(message);
    expect(program.stderr).not.toContain('    at ');
  });

  it('reports a port that is in use', async () => {
    const { program, url } = await serve();
    const second = new Program(['serve', '--port', new URL(url).port]);
    expect(await second.exited).toBe(2);
    expect(second.stderr).toContain('is taken by another program');
    await program.stop();
  });

  it('logs no tokens, and one line per request at the level debug', async () => {
    const { program, url, tokens } = await serve(['--log-level', 'trace']);
    for (const token of [...tokens, `${tokens[0]}x`, 'eyJ.eyJ.sig'])
      await post(url, { token, query: '{ __typename }' });
    await program.stop();
    const log = program.stderr.split('\n').filter((line) => line.startsWith('{'));
    const requests = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
    expect(requests.map(({ status, partition }) => [status, partition])).toEqual([
      [200, '1'],
      [200, '2'],
      [401, undefined],
      [401, undefined],
    ]);
    for (const token of [...tokens, 'eyJ']) expect(log.join('\n')).not.toContain(token);
  });
});

describe('a page folder that loses files while the service runs', () => {
  let folder: string;
  let served: Served;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-serve-'));
    await cp('test/fixtures/small-host', join(folder, 'pages'), { recursive: true });
    served = await serve(['--source', `pages:${join(folder, 'pages')}`]);
  });
  afterAll(async () => {
    await served.program.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = (query: string) => post(served.url, { token: served.tokens[0], query });
  const status = async (path: string) => (await fetch(new URL(path, served.url))).status;

  it('fails only for the missing pages, and reveals no path of the machine', async () => {
    await writeFile(join(folder, 'pages/lp/1/stats.page'), 'short');
    await rm(join(folder, 'pages/partition/5/stats.page'));
    const { data, errors } = await ask(
      '{ hypervisor { logicalProcessors { index counters { totalRunTime } } partitions { nodes { partitionId counters { virtualProcessors } } } } }',
    );
    expect(
      errors.map(({ path, extensions, message }: any) => [path.join('.'), extensions.code, message]),
    ).toEqual([
      [
        'hypervisor.logicalProcessors.1.counters',
        'PAGE_MALFORMED',
        'lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 5.',
      ],
      [
        'hypervisor.partitions.nodes.1.counters',
        'PAGE_UNAVAILABLE',
        expect.stringContaining('partition/5/stats.page'),
      ],
    ]);
    expect(JSON.stringify(errors)).not.toContain(folder);
    expect(data.hypervisor.logicalProcessors.map(({ counters }: any) => counters === null)).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  it('fails for all fields that need it while the folder is missing, and recovers with it', async () => {
    await rename(join(folder, 'pages'), join(folder, 'away'));
    const answer = await ask('{ partition { name } service { source { isAnswering } } }');
    expect(answer.data.partition).toBeNull();
    expect(answer.errors).toMatchObject([{ path: ['partition'], extensions: { code: 'PAGE_UNAVAILABLE' } }]);
    expect(JSON.stringify(answer)).not.toContain(folder);
    expect(await status('/health')).toBe(200);
    await rename(join(folder, 'away'), join(folder, 'pages'));
    expect((await ask('{ partition { name } }')).data).toEqual({ partition: { name: 'root' } });
    expect(await status('/ready')).toBe(200);
  });
});
