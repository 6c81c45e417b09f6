/** `hvql top` of a service and of a gateway, as a person sees it: what goes wrong, and what to do about it. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Pane, tmuxPath } from '../cli/top/tmux.ts';
import { natsServerPath, startNatsServer, type NatsServer } from '../fleet/nats-server.ts';
import { startTestGateway, type TestGateway } from '../fleet/test-gateway.ts';
import { addressOf, makeKeys, openHost, type TestHost, type TestKeys } from '../fleet/test-host.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';
import { Program, serve } from './program.ts';

const secret = 'a secret of thirty-two bytes or more';
const folder = mkdtempSync(join(tmpdir(), 'hvql-top-'));
const tokenFile = join(folder, 'token');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const panes: Pane[] = [];
afterEach(() => {
  for (const pane of panes.splice(0)) pane.close();
});

function open(args: readonly string[]): Pane {
  const pane = new Pane(args);
  panes.push(pane);
  return pane;
}

async function sign(partition: string, lifetimeSeconds: number): Promise<string> {
  return new SignJWT({ hv_partition: partition })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1_000) + lifetimeSeconds)
    .sign(new TextEncoder().encode(secret));
}

function writeToken(token: string): void {
  writeFileSync(`${tokenFile}.new`, token);
  renameSync(`${tokenFile}.new`, tokenFile);
}

describe.skipIf(tmuxPath === null)('hvql top --url', () => {
  const source = ['--source', 'simulator?seed=1&lps=4&partitions=3&vps=2'];
  const env = { HVQL_JWT_SECRET: secret };
  let port: number;
  let served: Program;
  const start = async (): Promise<Program> => {
    const program = new Program(['serve', '--port', String(port), ...source], env);
    await program.prints(/^hvql listening on/m);
    return program;
  };
  beforeAll(async () => {
    port = await freePort();
    served = await start();
  });
  afterAll(async () => {
    await served.stop('SIGKILL');
  });

  it('continues after a restart of the service, and with the next token after one has expired', async () => {
    const lasting = await sign('1', 3_600);
    writeToken(lasting);
    const pane = open(['--url', `http://127.0.0.1:${port}`, '--token-file', tokenFile, '--every', '200ms']);
    await pane.shows(/4 LPs [\d.]+% busy/, /^partitions: 1 of 3/m, /^ *\d +[\w-]+ +2 +[\d.]+/m);

    await served.stop();
    await pane.shows(
      /^STALE for \d+ s {2}partitions/m,
      /cannot be reached: connection refused \(ECONNREFUSED\)\. Check --url, and that hvql serve or hvql gateway runs there\./,
      // The last numbers stay.
      /^ *\d +[\w-]+ +2 +[\d.]+/m,
    );
    served = await start();
    await pane.shows(/^partitions: 1 of 3/m);
    expect(pane.lines().join('\n')).not.toContain('STALE');

    // The service finds out within seconds that this one is over.
    writeToken(await sign('1', 3));
    await pane.shows(
      /does not accept the token: .*expired.*Write a new token to .* reloaded when it changes/,
    );
    writeToken(lasting);
    await pane.shows(/^partitions: 1 of 3/m);
    pane.press('q');
    await pane.shows(/^ended 0: icanon echo/m);
  });

  it('shows what a guest may read, and says what it may not read', async () => {
    writeToken(await sign('2', 3_600));
    const pane = open(['--url', `http://127.0.0.1:${port}`, '--token-file', tokenFile, '--every', '200ms']);
    const screen = await pane.shows(/^partitions: 1 of 1/m, /^ *2 +web-1 +2 +[\d.]+/m);
    expect(screen).not.toContain('LPs');
    pane.press('3');
    await pane.shows(
      /^ACCESS_DENIED: /m,
      /Use a token of the root/,
      /or press 1 for what this token may read/,
    );
    pane.press('1');
    await pane.shows(/^partitions: 1 of 1/m);
    pane.press('i');
    await pane.shows(/^intercepts of partition 2 \(web-1\)/m, /^hypercalls +[\d.]+ +\d+/m);
  });

  it.each([
    [
      'a url where nothing listens',
      'http://127.0.0.1:1',
      /cannot be reached: connection refused \(ECONNREFUSED\)\. Check --url/,
    ],
    [
      'a url with another path',
      '/elsewhere',
      /answers with HTTP status 404, .* Check the path \(hvql serves at \/graphql\)/,
    ],
    ['no token', '', /needs a token\. Use --token-file; "hvql token" prints a token\./],
  ])('ends and says what to do for %s', async (_, place, expected) => {
    const url = place.startsWith('http') ? place : `http://127.0.0.1:${port}${place}`;
    const program = new Program(['top', '--once', '--url', url]);
    expect(await program.exited).toBe(1);
    expect(program.stderr).toMatch(expected);
    expect(program.stdout).toBe('');
  });

  it('shows no other host than the one of --host-name', async () => {
    writeToken(await sign('1', 3_600));
    const args = ['top', '--once', '--url', `http://127.0.0.1:${port}`, '--token-file', tokenFile];
    const other = new Program([...args, '--host-name', 'web-17']);
    const same = new Program([...args, '--host-name', 'local']);
    expect(await Promise.all([other.exited, same.exited])).toEqual([2, 0]);
    expect(other.stdout).toBe('');
    expect(other.stderr).toBe('hvql: --host-name web-17: --url leads to the host local, not to a gateway.\n');
  });

  it('prints the same JSON as with a local source', async () => {
    writeToken(await sign('1', 3_600));
    const args = [
      '--json',
      '--every',
      '100ms',
      '--columns',
      'gpaPages,hypercalls.counters',
      '--sort',
      'id:asc',
    ];
    const remote = new Program([
      'top',
      '--url',
      `http://127.0.0.1:${port}/graphql`,
      '--token-file',
      tokenFile,
      ...args,
    ]);
    const local = new Program(['top', ...source, ...args]);
    expect(await Promise.all([remote.exited, local.exited])).toEqual([0, 0]);
    const shape = (text: string) => {
      const { rows, ...rest } = JSON.parse(text);
      return {
        ...rest,
        sampledAt: null,
        rows: rows.map((row: any) => ({ ...row, 'hypercalls.counters': null })),
      };
    };
    expect(shape(remote.stdout)).toEqual(shape(local.stdout));
    expect(JSON.parse(remote.stdout).rows[0]['hypercalls.counters']).toMatch(/^\d+$/);
  });
});

describe('hvql top --url https://', () => {
  const tls = (name: string): string => `test/fixtures/tls/${name}`;

  it('uses the issuers of --tls-ca and a client certificate, and says what to do if they are missing', async () => {
    const { program: server, url } = await serve([
      ...['--source', 'simulator?seed=1&lps=2&partitions=2&vps=1'],
      ...['--tls-cert', tls('server.pem'), '--tls-key', tls('server.key'), '--tls-client-ca', tls('ca.pem')],
    ]);
    // Totals are always there: what is missing would be explained on standard error.
    const columns = ['--columns', 'totalRunTime.counters'];
    const args = ['top', '--once', '--every', '100ms', ...columns, '--url', url];
    const certificate = ['--tls-cert', tls('root.pem'), '--tls-key', tls('client.key')];
    const [trusting, doubting] = [
      new Program([...args, '--tls-ca', tls('ca.pem'), ...certificate]),
      new Program(args),
    ];
    expect(await trusting.exited).toBe(0);
    // In 100 ms there may have been no operation to have a cost.
    expect(trusting.stderr).toMatch(/^(\. no operation, so no average cost\n)?$/);
    expect(trusting.stdout).toMatch(/^partitions {2}local .* 2 LPs [\d.]+% busy$/m);
    expect(await doubting.exited).toBe(1);
    expect(doubting.stderr).toMatch(
      /is not trusted, or it does not support TLS: .* Give its issuer's PEM file with --tls-ca/,
    );
    await server.stop('SIGKILL');
  });
});

describe.skipIf(tmuxPath === null || natsServerPath === null)('hvql top of a gateway', () => {
  let nats: NatsServer;
  let keys: TestKeys;
  let gateway: TestGateway;
  const hosts: TestHost[] = [];
  beforeAll(async () => {
    nats = await startNatsServer();
    keys = await makeKeys();
    for (const name of ['web-1', 'web-2']) {
      const source = new FakeSource();
      source.partitions = [partitionEntry(1n, null, 2), partitionEntry(5n, 1n, 2)];
      const host = await openHost({ nats: addressOf(nats.url), name, gatewayKeys: keys.path, source });
      await host.fleet.joined;
      hosts.push(host);
    }
    gateway = await startTestGateway({ nats: nats.url, keys, hosts: ['web-1', 'web-2', 'web-3'] });
    await gateway.answering(2);
    writeToken(await gateway.token());
  });
  afterAll(async () => {
    await gateway.close();
    for (const host of hosts) await host.close();
    await nats.close();
    keys.remove();
  });

  it('says which host there is not', async () => {
    const url = ['--url', gateway.server.url, '--token-file', tokenFile];
    const program = new Program(['top', '--once', ...url, '--host-name', 'web-9']);
    expect(await program.exited).toBe(1);
    expect(program.stdout).toBe('');
    expect(program.stderr).toBe(
      'hvql: NOT_FOUND: There is no host "web-9" that the caller may query. --view hosts shows the other hosts.\n',
    );
  });

  it('shows the hosts, including one that cannot be reached, and opens one', async () => {
    const columns = ['--columns', 'totalRunTime.counters', '--sort', 'host:asc'];
    const pane = open([
      '--url',
      gateway.server.url,
      '--token-file',
      tokenFile,
      '--every',
      '200ms',
      ...columns,
    ]);
    await pane.shows(
      /2 of 3 hosts respond/,
      /^hosts: 1 of 3, by host ascending/m,
      /^web-1 +answering +2 +\d+$/m,
      /^web-3 +unreachable +failed +failed$/m,
    );
    pane.press('Enter');
    await pane.shows(/ {2}web-1 {2}http/, /^partitions: 1 of 2/m, /^ *5 +p5 +2 /m);
    pane.press('Enter');
    await pane.shows(/^virtual processors of partition \d/m);
    pane.press('5');
    await pane.shows(/^hosts: 1 of 3/m);
    pane.press('q');
    await pane.shows(/^ended 0: icanon echo/m);
    // Without watchers nothing runs.
    await until(() => gateway.gateway.openStreams() === 0);
  });
});
