import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { openGuestSocket, type GuestSocketOptions } from '../../../src/server/guest-socket/guest-socket.ts';
import { checkGuestSockets, openGuestSockets } from '../../../src/server/guest-socket/guest-sockets.ts';
import { getBySocket, openBySocket, postBySocket, sendBySocket, streamBySocket } from '../guest-client.ts';
import { startLiveService, subscribeMessage, type LiveService } from '../live-service.ts';
import { until } from '../../until.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { startTestService, type TestService } from '../test-service.ts';
import { pino } from 'pino';

const { platform } = process;
const worldOf = (service: TestService): GuestSocketOptions => ({
  addListener: (server, authenticate) => service.addListener(server, authenticate),
  log: pino({ level: 'trace' }, { write: (line: string) => service.lines.push(line) }),
  mode: 0o600,
  platform,
});

let folder: ReturnType<typeof temporaryFolder>;
let service: TestService;
let path: string;
beforeAll(async () => {
  folder = temporaryFolder();
  service = await startTestService();
  path = join(folder.path, 'guest');
  await openGuestSocket({ partitionId: 5n, path }, worldOf(service));
});
afterAll(async () => {
  await service.close();
  folder.remove();
});

const who = '{ partition privileges }';
const fifth = { data: { partition: '5', privileges: 'ACCESS_STATS,ACCESS_STATS_MSR' } };

describe('a client of a guest socket', () => {
  it.each([
    ['nothing', () => ({})],
    ["the root's token", () => ({ authorization: `Bearer ${service.rootToken}` })],
    ['a malformed token', () => ({ authorization: 'Bearer malformed' })],
    ['another authorization', () => ({ authorization: 'Basic cm9vdDpyb290' })],
    ['headers of proxies', () => ({ 'x-forwarded-for': '127.0.0.1', 'x-client-cert': 'hvql://partition/1' })],
  ])('is identified as its partition with all privileges, by POST and GET, with %s', async (_, headers) => {
    expect((await postBySocket(path, who, headers())).body).toEqual(fifth);
    const accept = { accept: 'application/graphql-response+json' };
    expect((await getBySocket(path, who, { ...headers(), ...accept })).body).toEqual(fifth);
  });

  it('is identified as its partition over a WebSocket, with any connection_init', async () => {
    const token = `Bearer ${service.rootToken}`;
    for (const payload of [undefined, {}, { Authorization: token }, { Authorization: 'malformed' }]) {
      const client = await openBySocket(path, {
        ...(payload === undefined ? {} : { payload }),
        headers: { authorization: token },
      });
      client.send(subscribeMessage('a', who));
      await until(() => client.messages.length > 2);
      expect(client.messages[1]).toEqual({ id: 'a', type: 'next', payload: fifth });
      client.socket.terminate();
    }
  });

  it('is identified as its partition by an event stream, with any credentials', async () => {
    const headers = { authorization: `Bearer ${service.rootToken}` };
    const client = await streamBySocket(path, who, headers);
    await until(() => client.text().includes('event: complete'));
    expect(client.text()).toContain(JSON.stringify(fifth));
    client.socket.destroy();
  });

  it('still has to send connection_init over a WebSocket, as the protocol requires', async () => {
    const client = await openBySocket(path);
    client.send({ type: 'connection_init' });
    const code = await new Promise((resolve) => client.socket.on('close', resolve));
    expect(code).toBe(4429);
  });

  it('may use any host name, and may request the health', async () => {
    const health = await sendBySocket(path, { path: '/health', headers: { host: 'evil.example' } });
    expect([health.status, health.body]).toEqual([200, { status: 'ok' }]);
    const ready = await sendBySocket(path, { path: '/ready', headers: { host: 'evil.example' } });
    expect([ready.status, ready.body]).toEqual([200, { status: 'ok' }]);
    expect((await postBySocket(path, who, { host: 'evil.example' })).body).toEqual(fifth);
  });

  it('gets no web page, and therefore no token', async () => {
    const { headers, text } = await sendBySocket(path, { headers: { accept: 'text/html' } });
    expect(headers['content-type']).not.toContain('text/html');
    expect(text).not.toContain('eyJ');
    expect((await sendBySocket(path, { path: '/graphiql/graphiql.js' })).status).toBe(404);
  });

  it('is named in the log', async () => {
    service.lines.length = 0;
    await postBySocket(path, who);
    await until(() => service.lines.some((line) => line.includes('"msg":"request"')));
    const line = service.lines.find((each) => each.includes('"msg":"request"'));
    expect(JSON.parse(line ?? '')).toMatchObject({ partition: '5' });
  });
});

describe('a guest that does not read', () => {
  const stallMilliseconds = 400;
  const large = 'x'.repeat(1_000_000);
  let own: LiveService;
  let ownPath: string;
  beforeAll(async () => {
    own = await startLiveService({ stallMilliseconds, pingMilliseconds: 100 });
    ownPath = join(folder.path, 'own');
    await openGuestSocket({ partitionId: 5n, path: ownPath }, worldOf(own));
  });
  afterAll(() => own.close());

  it.each(['SSE', 'WebSocket'])('is disconnected from its %s', async (way) => {
    if (way === 'SSE') (await streamBySocket(ownPath, 'subscription { tick }')).socket.pause();
    else {
      const client = await openBySocket(ownPath);
      client.send(subscribeMessage('a'));
      client.socket.pause();
    }
    const stream = await own.stream();
    await until(() => {
      stream.tick(large);
      return stream.returns > 0;
    });
    expect(stream.pulls).toBeLessThan(30);
    await until(() => own.complaints().length > 0);
    expect(own.complaints().at(-1)).toMatchObject({
      partition: '5',
      stallMilliseconds,
      msg: 'a client that read nothing for too long was disconnected',
    });
  });
});

describe('a guest socket', () => {
  it('ends only its own connections when it closes', async () => {
    const own = await startLiveService({ graceMilliseconds: 600_000 });
    const world = worldOf(own);
    const [onePath, otherPath] = [join(folder.path, 'one'), join(folder.path, 'other')];
    const one = await openGuestSocket({ partitionId: 5n, path: onePath }, world);
    const other = await openGuestSocket({ partitionId: 5n, path: otherPath }, world);
    const client = await streamBySocket(onePath, 'subscription { tick }');
    const stream = await own.stream();
    const webSocket = await openBySocket(onePath);
    const closed = new Promise((resolve) => webSocket.socket.on('close', resolve));
    await one.close();
    expect(await closed).toBe(1001);
    expect(client.text()).toContain('event: complete');
    expect(stream.isDone).toBe(true);
    expect(existsSync(onePath)).toBe(false);
    expect((await postBySocket(otherPath, '{ hello }')).body).toEqual({ data: { hello: 'world' } });
    await other.remove();
    await own.close();
    await expect(postBySocket(otherPath, '{ hello }')).rejects.toThrow('ENOENT');
  });
});

describe('several guest sockets', () => {
  const problemsOf = async (opening: Promise<unknown>): Promise<readonly string[]> => {
    const thrown: unknown = await opening.catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(UsageError);
    return (thrown as UsageError).problems;
  };

  it('may belong to one partition', async () => {
    const places = ['p', 'q'].map((name) => ({ partitionId: 9n, path: join(folder.path, name) }));
    const sockets = await openGuestSockets({ ...worldOf(service), places, port: 4_000 });
    for (const each of places)
      expect((await postBySocket(each.path, '{ partition }')).body).toEqual({ data: { partition: '9' } });
    await sockets.close();
    for (const each of places) expect(existsSync(each.path)).toBe(false);
  });

  it('are all reported together if they have problems, and then none is left', async () => {
    const file = folder.write('file', 'precious');
    const good = join(folder.path, 'good');
    const long = join(folder.path, 'l'.repeat(100));
    const places = [
      { partitionId: 5n, path: good },
      { partitionId: 6n, path: file },
      { partitionId: 7n, path: long },
      { partitionId: 8n, path },
      { folder: folder.write('another', '') },
      { folder: join(folder.path, 'nowhere') },
    ];
    const all = [
      expect.stringContaining(`The guest socket ${file} needs a path that is free`),
      expect.stringContaining(`The guest socket ${long} needs a path of at most`),
      expect.stringContaining(
        `The guest socket ${path} needs a path that is free, but another program listens`,
      ),
      expect.stringMatching(/^A guest socket needs a folder that can be read, .*another: ENOTDIR/),
      expect.stringMatching(/^A guest socket needs a folder that can be read, .*nowhere: ENOENT/),
    ];
    expect(await problemsOf(checkGuestSockets(places, platform))).toEqual(all);
    expect(await problemsOf(openGuestSockets({ ...worldOf(service), places, port: 4_000 }))).toEqual(all);
    expect(existsSync(good)).toBe(false);
  });

  it('cannot have the same path, even in different spellings', async () => {
    const twice = `${folder.path}/../${folder.path.split('/').pop()}/x`;
    const places = [
      { partitionId: 5n, path: `${folder.path}/x` },
      { partitionId: 6n, path: twice },
      { folder: folder.path },
      { folder: `${folder.path}/.` },
    ];
    expect(await problemsOf(checkGuestSockets(places, platform))).toEqual([
      `The guest sockets 5=${folder.path}/x and 6=${twice} have the same path: each needs its own.`,
      `The guest sockets ${folder.path} and ${folder.path}/. have the same path: each needs its own.`,
    ]);
  });

  it('are all closed again if one cannot be opened', async () => {
    // Both are free when they are looked at.
    const taken = join(folder.path, 'taken');
    const places = [
      { partitionId: 5n, path: join(folder.path, 'first') },
      { partitionId: 6n, path: taken },
    ];
    const world = worldOf(service);
    const rival = {
      ...world,
      addListener: ((server, authenticate) => {
        server.prependOnceListener('listening', () => {
          if (!existsSync(taken)) folder.write('taken', 'precious');
        });
        return world.addListener(server, authenticate);
      }) satisfies GuestSocketOptions['addListener'],
    };
    expect(await problemsOf(openGuestSockets({ ...rival, places, port: 4_000 }))).toEqual([
      expect.stringContaining(taken),
    ]);
    expect(existsSync(join(folder.path, 'first'))).toBe(false);
  });
});
