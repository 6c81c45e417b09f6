/** docs/deployment.md, followed line by line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { serve } from '../end-to-end/program.ts';
import { textsOf } from './markdown.ts';
import { prepareFolder, runScript, scriptLimitMilliseconds } from './sandbox.ts';
import { freePort } from '../free-port.ts';

const steps = textsOf('docs/deployment.md', 'sh');
const [proxyBlock = ''] = textsOf('docs/deployment.md', 'nginx');

const programs = ['bash', 'curl', 'openssl'].map(findProgram);
const nginx = findProgram('nginx');

/** A folder in which `hvql` is the built program. */
async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hvql-deployment-'));
  prepareFolder(folder);
  return folder;
}

describe.skipIf(programs.includes(null))('the steps of docs/deployment.md', () => {
  let folder: string;
  let printed: readonly string[];
  let code: number | null;
  let stderr: string;
  beforeAll(async () => {
    folder = await openFolder();
    const port = String(await freePort());
    // On this machine nothing may be reachable from other machines.
    const scripts = steps.map((block) =>
      block.replaceAll('4443', port).replaceAll('--host 0.0.0.0', '--host 127.0.0.1'),
    );
    ({ printed, code, stderr } = await runScript(scripts, { folder }));
  }, scriptLimitMilliseconds + 10_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('run without errors', () => {
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(printed).toHaveLength(7);
  });

  it('print the list of allowed operations', () => {
    const { operations } = JSON.parse(printed[3] ?? '');
    expect(operations.map(({ file }: { file: string }) => file)).toEqual(['own.graphql', 'pages.graphql']);
  });

  it('start a service that identifies each caller as its partition, and refuses others', async () => {
    const [byToken, byCertificate, byGuest, anonymous, another, denied, ...audit] = (printed[5] ?? '')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    expect(byToken.data.partition).toMatchObject({
      partitionId: '2',
      virtualProcessorTotals: { readable: 4 },
    });
    expect(byCertificate.data.partition).toMatchObject({ partitionId: '1' });
    expect(byGuest.data.partition).toMatchObject({ partitionId: '2' });
    expect(anonymous.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(another.errors[0].extensions.code).toBe('OPERATION_NOT_ALLOWED');
    expect(denied.data).toEqual({ hypervisor: { counters: null } });
    expect(denied.errors[0].extensions).toMatchObject({ code: 'ACCESS_DENIED', reason: 'NOT_ROOT' });
    expect(audit).toMatchObject([
      { event: 'refused', code: 'UNAUTHENTICATED', caller: null, address: '127.0.0.1' },
      { event: 'refused', code: 'OPERATION_NOT_ALLOWED', caller: '1', by: 'certificate' },
      {
        event: 'denied',
        caller: '2',
        by: 'token',
        operation: 'Pages',
        object: 'hypervisor',
        reason: 'NOT_ROOT',
      },
    ]);
  });

  it('keep secrets readable by their owner only, and leave nothing listening', async () => {
    for (const file of ['secret', 'server.key', 'dashboard.key', 'guest.token', 'audit.log', 'audit.log.1'])
      expect((await stat(join(folder, file))).mode & 0o077).toBe(0);
    await expect(stat(join(folder, 'guest-2.sock'))).rejects.toThrow('ENOENT');
    expect(await readFile(join(folder, 'service.out'), 'utf8')).toMatch(/^hvql listening on https:\S+\n$/);
  });
});

describe.skipIf(nginx === null || programs.includes(null))('the proxy of docs/deployment.md', () => {
  it('passes on operations and streams', async () => {
    const folder = await openFolder();
    const served = await serve(['--allowed-hosts', 'hvql.example']);
    const port = String(await freePort());
    const { code, stderr } = await runScript([steps[1] ?? ''], { folder });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const own = proxyBlock
      .replace('listen 443', `listen 127.0.0.1:${port}`)
      .replace('127.0.0.1:4000', new URL(served.url).host)
      .replaceAll('server.', `${folder}/server.`);
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join('\n');
    const config = `daemon off;\npid ${folder}/pid;\nuser root;\nevents {}\nhttp {\naccess_log off;\n${folders}\n${own}}\n`;
    await writeFile(
      join(folder, 'nginx.conf'),
      process.getuid?.() === 0 ? config : config.replace('user root;\n', ''),
    );
    const proxy = spawn(nginx ?? '', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'], {
      stdio: 'inherit',
    });
    try {
      const ca = await readFile(join(folder, 'ca.crt'), 'utf8');
      const options = { ca, servername: 'hvql.example', headers: { host: `hvql.example:${port}` } };
      await expect
        .poll(() => openSocket(`wss://127.0.0.1:${port}/graphql`, options).catch(() => null), {
          timeout: 10_000,
        })
        .not.toBeNull();
      const socket = await openSocket(`wss://127.0.0.1:${port}/graphql`, options);
      const next = async (): Promise<any> => JSON.parse(String((await once(socket, 'message'))[0]));
      socket.send(
        JSON.stringify({ type: 'connection_init', payload: { Authorization: `Bearer ${served.tokens[0]}` } }),
      );
      expect(await next()).toEqual({ type: 'connection_ack' });
      const query = 'subscription { partition(every: "100ms") { name } }';
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      for (let n = 0; n < 2; n += 1) {
        expect(await next()).toMatchObject({
          type: 'next',
          payload: { data: { partition: { name: 'root' } } },
        });
      }
      socket.terminate();
    } finally {
      proxy.kill('SIGTERM');
      await once(proxy, 'close');
      await served.program.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

async function openSocket(url: string, options: object): Promise<WebSocket> {
  const socket = new WebSocket(url, 'graphql-transport-ws', options);
  await once(socket, 'open');
  return socket;
}
