/** Guests without tokens: the built program, its sockets, and their clients. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  getBySocket,
  openBySocket,
  postBySocket,
  sendBySocket,
  streamBySocket,
} from '../server/guest-client.ts';
import { until } from '../until.ts';
import { startMonitor } from './fake-monitor.ts';
import { post, Program, serve, type Served } from './program.ts';

const source = ['--source', 'pages:test/fixtures/small-host'];
const viewer = '{ viewer { partitionId isRoot privileges } }';
const both = ['ACCESS_STATS', 'ACCESS_STATS_MSR'];
const viewerOf = (partitionId: string): object => ({
  data: { viewer: { partitionId, isRoot: partitionId === '1', privileges: both } },
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hvql-guest-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a guest connected by its socket', () => {
  let home: string;
  let served: Served;
  let path: string;
  let forged: Record<string, string>;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'hvql-guest-'));
    path = join(home, 'five');
    const sockets = ['--guest-socket', `5=${path}`, '--guest-socket', `5=${path}-2`];
    served = await serve([...source, ...sockets, '--guest-socket', `1=${join(home, 'root')}`]);
    // Of the root, and good.
    forged = { authorization: `Bearer ${served.tokens[0]}` };
  });
  afterAll(async () => {
    await served.program.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('is identified as its partition by POST and GET, with any credentials', async () => {
    for (const headers of [{}, forged, { authorization: 'Bearer x' }]) {
      expect((await postBySocket(path, viewer, headers)).body).toEqual(viewerOf('5'));
      expect((await getBySocket(path, viewer, headers)).body).toEqual(viewerOf('5'));
    }
    expect((await postBySocket(`${path}-2`, viewer)).body).toEqual(viewerOf('5'));
    expect((await postBySocket(join(home, 'root'), viewer)).body).toEqual(viewerOf('1'));
    // The same token on the other listener is what it says.
    expect(await post(served.url, { token: served.tokens[0], query: viewer })).toEqual(viewerOf('1'));
    // And that listener is no more open than before.
    expect((await fetch(served.url, { method: 'POST' })).status).toBe(401);
  });

  const own = '{ partition { partitionId counters { virtualProcessors } } }';
  const foreign = '{ hypervisor { counters { totalPages } } partition(id: 9) { partitionId } }';

  it('reads only its own counters', async () => {
    for (const ask of [postBySocket, getBySocket]) {
      const { data } = (await ask(path, own, forged)).body;
      expect(data.partition).toMatchObject({ partitionId: '5' });
      expect(data.partition.counters.virtualProcessors).toMatch(/^\d+$/);
      const denied = (await ask(path, foreign, forged)).body;
      expect(denied.data).toEqual({ hypervisor: { counters: null }, partition: null });
      expect(denied.errors.map(({ extensions }: any) => [extensions.code, extensions.reason])).toEqual(
        expect.arrayContaining([
          ['ACCESS_DENIED', 'NOT_ROOT'],
          ['ACCESS_DENIED', 'NOT_SELF_OR_PARENT'],
        ]),
      );
    }
  });

  const watching = 'subscription { partition(every: "100ms") { partitionId sampledAt } }';
  const watchingOther = 'subscription { partition(id: 9, every: "100ms") { partitionId } }';

  it('can subscribe to its own partition by an event stream, and is denied others', async () => {
    const client = await streamBySocket(path, watching, forged);
    await until(() => client.text().split('event: next').length > 3);
    expect(client.text()).toContain('"partitionId":"5"');
    client.socket.destroy();
    const other = await streamBySocket(path, watchingOther, forged);
    await until(() => other.text().includes('event: complete'));
    expect(other.text()).toContain('NOT_SELF_OR_PARENT');
    other.socket.destroy();
  });

  it('can subscribe to its own partition over a WebSocket, and is denied others', async () => {
    const payload = { Authorization: forged['authorization'] };
    const client = await openBySocket(path, { payload, headers: forged });
    const subscribe = (id: string, query: string): void =>
      client.send({ id, type: 'subscribe', payload: { query } });
    subscribe('own', watching);
    subscribe('other', watchingOther);
    const of = (id: string): any[] => client.messages.filter((message) => message.id === id);
    await until(() => of('own').length > 2 && of('other').some(({ type }) => type === 'complete'));
    expect(of('own')[2].payload.data.partition.partitionId).toBe('5');
    expect(of('other')[0].payload.errors[0].extensions.reason).toBe('NOT_SELF_OR_PARENT');
    client.socket.terminate();
  });

  it('can request the health, and gets no web page', async () => {
    expect((await sendBySocket(path, { path: '/health' })).status).toBe(200);
    expect((await sendBySocket(path, { path: '/ready' })).status).toBe(200);
    const { headers, text } = await sendBySocket(path, { headers: { accept: 'text/html' } });
    expect(headers['content-type']).not.toContain('text/html');
    for (const token of served.tokens) expect(text).not.toContain(token);
  });

  it('has its socket named in the log, and not on standard output', () => {
    expect(served.program.stdout).toBe(`hvql listening on ${served.url}\n`);
    const lines = served.program.stderr.split('\n').filter((line) => line.includes('guest socket open'));
    expect(lines.map((line) => JSON.parse(line)).map((line) => [line.partition, line.path])).toEqual(
      expect.arrayContaining([
        ['5', path],
        ['5', `${path}-2`],
        ['1', join(home, 'root')],
      ]),
    );
  });
});

describe('hvql serve with guest sockets', () => {
  it.each([
    [[], 0o600],
    [['--guest-socket-mode', '0660'], 0o660],
  ])('creates them with the mode: %j', async (args, mode) => {
    const path = join(folder, 'a');
    const before = process.umask(0);
    const starting = serve([...source, ...args], { HVQL_GUEST_SOCKET: `5=${path}, 9=${path}-9` });
    // The program has it from here.
    process.umask(before);
    const { program } = await starting;
    expect(statSync(path).mode & 0o777).toBe(mode);
    expect((await postBySocket(`${path}-9`, viewer)).body).toEqual(viewerOf('9'));
    await program.stop();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'removes them on %s, and ends their connections without completing streams',
    async (signal) => {
      const path = join(folder, 'a');
      const { program } = await serve([...source, '--guest-socket', `5=${path}`]);
      const client = await streamBySocket(path, 'subscription { partition(every: "1h") { partitionId } }');
      await until(() => client.text().includes('event: next'));
      expect(await program.stop(signal)).toBe(0);
      expect(client.text()).not.toContain('event: complete');
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('replaces sockets of a killed process, and not those of a running one', async () => {
    const path = join(folder, 'a');
    const killed = await serve([...source, '--guest-socket', `5=${path}`]);
    await killed.program.stop('SIGKILL');
    expect(existsSync(path)).toBe(true);
    const { program } = await serve([...source, '--guest-socket', `9=${path}`]);
    expect((await postBySocket(path, viewer)).body).toEqual(viewerOf('9'));
    const third = new Program(['serve', '--port', '0', ...source, '--guest-socket', `5=${path}`]);
    expect(await third.exited).toBe(2);
    expect(third.stderr).toContain(
      `hvql: The guest socket ${path} needs a path that is free, but another program listens there.\n`,
    );
    expect((await postBySocket(path, viewer)).body).toEqual(viewerOf('9'));
    await program.stop();
    expect(existsSync(path)).toBe(false);
  });

  it('does not remove a file at shutdown that has replaced its socket', async () => {
    const path = join(folder, 'a');
    const { program } = await serve([...source, '--guest-socket', `5=${path}`]);
    unlinkSync(path);
    const second = await serve([...source, '--guest-socket', `9=${path}`]);
    expect(await program.stop()).toBe(0);
    expect((await postBySocket(path, viewer)).body).toEqual(viewerOf('9'));
    await second.program.stop();
  });

  it('reports all their problems together with all others, and leaves no sockets', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    const long = join(folder, 'l'.repeat(107));
    const sockets = [`5=${join(folder, 'good')}`, `6=${file}`, `7=${long}`, `8=${folder}/nowhere/a`];
    sockets.push(`9=${folder}/./good`, join(folder, 'none'));
    const program = new Program([
      ...['serve', '--port', '0', '--source', 'pages:nowhere'],
      ...sockets.flatMap((socket) => ['--guest-socket', socket]),
    ]);
    expect(await program.exited).toBe(2);
    const lines = program.stderr.trim().split('\n');
    const words = ['The folder nowhere', file, `but it has ${Buffer.byteLength(long)}.`, 'has none: ENOENT'];
    words.push('have the same path', `${folder}/none: ENOENT`);
    for (const word of words) expect(lines.some((line) => line.includes(word))).toBe(true);
    expect(lines).toHaveLength(6);
    expect(program.stdout).toBe('');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('leaves no sockets if it cannot start for another reason', async () => {
    const { program, url } = await serve(source);
    const path = join(folder, 'a');
    const port = new URL(url).port;
    const second = new Program(['serve', '--port', port, ...source, '--guest-socket', `5=${path}`]);
    expect(await second.exited).toBe(2);
    expect(second.stderr).toContain('is taken by another program');
    expect(readdirSync(folder)).toEqual([]);
    await program.stop();
  });
});

/** Asks over a connection that is there already. */
function ask(socket: Socket, query: string): Promise<any> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = { createConnection: () => socket, path: '/graphql', method: 'POST', headers };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(JSON.parse(text)));
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ query }));
  });
}

describe('guests of virtual machine monitors', () => {
  it('reach the service through their virtual socket while their machine runs', async () => {
    const guests = join(folder, 'guests');
    mkdirSync(guests);
    const early = await startMonitor(join(guests, '5.sock'));
    const { program } = await serve([...source, '--guest-socket', guests, '--guest-port', '1024']);
    const first = await early.connect(1024);
    expect(await ask(first as Socket, viewer)).toEqual(viewerOf('5'));
    expect(await early.connect(1025)).toBeNull();

    const late = await startMonitor(join(guests, '9.sock'));
    await until(() => existsSync(join(guests, '9.sock_1024')));
    expect(await ask((await late.connect(1024)) as Socket, viewer)).toEqual(viewerOf('9'));

    await early.stop();
    await until(() => !existsSync(join(guests, '5.sock_1024')));
    const again = await startMonitor(join(guests, '5.sock'));
    await until(() => existsSync(join(guests, '5.sock_1024')));
    expect(await ask((await again.connect(1024)) as Socket, viewer)).toEqual(viewerOf('5'));

    expect(await program.stop()).toBe(0);
    expect(readdirSync(guests).sort()).toEqual(['5.sock', '9.sock']);
    await Promise.all([again.stop(), late.stop()]);
  });
});
