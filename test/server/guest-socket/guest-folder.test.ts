import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { watch, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGuestFolder, type GuestFolder } from '../../../src/server/guest-socket/guest-folder.ts';
import { postBySocket } from '../guest-client.ts';
import { until } from '../../until.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { startTestService, type TestService } from '../test-service.ts';

let scratch: ReturnType<typeof temporaryFolder>;
let folder: string;
let service: TestService;
let watched: GuestFolder;
beforeEach(async () => {
  scratch = temporaryFolder();
  folder = join(scratch.path, 'guests');
  mkdirSync(folder);
  service = await startTestService();
});
afterEach(async () => {
  await watched.close();
  await service.close();
  scratch.remove();
});

async function open(options: { limit?: number } = {}): Promise<void> {
  watched = await openGuestFolder({
    folder,
    port: 4_000,
    addListener: (server, authenticate) => service.addListener(server, authenticate),
    log: pino({ level: 'trace' }, { write: (line: string) => service.lines.push(line) }),
    mode: 0o600,
    platform: process.platform,
    retryMilliseconds: 50,
    ...options,
  });
}

const request = (name: string): string => {
  const path = join(folder, name);
  writeFileSync(path, '');
  return path;
};
const socketOf = (id: string): string => join(folder, `${id}.sock_4000`);
const isThere = (id: string) => (): boolean => existsSync(socketOf(id));
const isGone = (id: string) => (): boolean => !existsSync(socketOf(id));
const ask = async (id: string): Promise<unknown> =>
  (await postBySocket(socketOf(id), '{ partition }')).body.data.partition;
const logged = (message: string): Record<string, unknown>[] =>
  service.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === message);

describe('a folder of guest sockets', () => {
  it('has a socket for each partition that requests one at the start, and no others', async () => {
    const names = ['5.sock', '18446744073709551615.sock', '0.sock', '07.sock', '18446744073709551616.sock'];
    const others = ['web.sock', '8.sock_80', '9.socket', '10', '-1.sock', '0x5.sock'];
    for (const name of [...names, ...others]) request(name);
    mkdirSync(join(folder, '11.sock'));
    await open();
    expect(readdirSync(folder).sort()).toEqual(
      [...names, ...others, '11.sock', '5.sock_4000', '18446744073709551615.sock_4000'].sort(),
    );
    expect(await ask('5')).toBe('5');
    expect(await ask('18446744073709551615')).toBe('18446744073709551615');
    expect(statSync(socketOf('5')).mode & 0o777).toBe(0o600);
    expect(logged('guest socket open')).toEqual([
      expect.objectContaining({ level: 30, partition: '5', path: socketOf('5') }),
      expect.objectContaining({ level: 30, partition: '18446744073709551615' }),
    ]);
  });

  it('follows partitions that start, stop and start again', async () => {
    await open();
    expect(readdirSync(folder)).toEqual([]);
    for (let n = 0; n < 3; n += 1) {
      const entry = request('5.sock');
      await until(isThere('5'));
      expect(await ask('5')).toBe('5');
      unlinkSync(entry);
      await until(isGone('5'));
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('creates a socket again if its file was removed', async () => {
    request('5.sock');
    await open();
    unlinkSync(socketOf('5'));
    await until(isThere('5'));
    expect(await ask('5')).toBe('5');
  });

  it('takes over the sockets of a killed service, and other files at their paths do not block other sockets', async () => {
    const precious = request('5.sock_4000');
    const rival = createServer();
    rival.listen(socketOf('6'));
    await until(isThere('6'));
    for (const id of ['5', '6', '7']) request(`${id}.sock`);
    await open();
    expect(await ask('7')).toBe('7');
    expect(logged('guest socket not opened')).toEqual([
      expect.objectContaining({
        partition: '5',
        problem: expect.stringContaining(`${precious} needs a path that is free, but there is a file`),
      }),
      expect.objectContaining({
        partition: '6',
        problem: expect.stringContaining('another program listens'),
      }),
    ]);
    expect(statSync(precious).isFile()).toBe(true);
    // They are tried again, and logged once.
    await new Promise((resolve) => rival.close(resolve));
    unlinkSync(precious);
    await until(() => isThere('5')() && isThere('6')());
    expect([await ask('5'), await ask('6')]).toEqual(['5', '6']);
    expect(logged('guest socket not opened')).toHaveLength(2);
  });

  it('reports by name which path would be too long', async () => {
    folder = join(scratch.path, 'd'.repeat(100 - Buffer.byteLength(scratch.path)));
    mkdirSync(folder);
    request('123.sock');
    request('5.sock');
    await open();
    expect(readdirSync(folder).sort()).toEqual(['123.sock', '5.sock']);
    const [line] = logged('guest socket not opened');
    expect(line).toMatchObject({
      problem: expect.stringMatching(
        /5\.sock_4000 needs a path of at most 107 bytes, .* but it has 1\d\d\.$/,
      ),
    });
    expect(logged('guest socket not opened')).toHaveLength(2);
  });

  it('has a limited number of sockets, which is logged if it is reached', async () => {
    for (const id of ['5', '6', '7']) request(`${id}.sock`);
    await open({ limit: 2 });
    const sockets = (): string[] => readdirSync(folder).filter((name) => name.endsWith('_4000'));
    expect(sockets()).toHaveLength(2);
    expect(logged('more guest sockets are requested than the limit allows')).toEqual([
      expect.objectContaining({ folder, limit: 2, unanswered: 1 }),
    ]);
    const [first] = sockets();
    const left = ['5', '6', '7'].find((id) => !existsSync(socketOf(id)));
    unlinkSync(join(folder, String(first).replace('_4000', '')));
    await until(isThere(String(left)));
    expect(sockets()).toHaveLength(2);
    expect(await ask(String(left))).toBe(left);
  });

  it.each([
    ['removed', () => rmSync(folder, { recursive: true })],
    ['moved away', () => renameSync(folder, `${folder}-away`)],
  ])('may be %s, and is watched again when it is back', async (_, takeAway) => {
    request('5.sock');
    await open();
    takeAway();
    await until(() => logged('the folder of guest sockets cannot be read').length > 0);
    mkdirSync(folder);
    await until(() => logged('the folder of guest sockets can be read again').length > 0);
    request('6.sock');
    await until(isThere('6'));
    expect(await ask('6')).toBe('6');
    const entry = request('5.sock');
    await until(isThere('5'));
    unlinkSync(entry);
    await until(isGone('5'));
    expect(logged('the folder of guest sockets cannot be read')).toHaveLength(1);
  });

  it('may be replaced by another folder atomically', async () => {
    request('5.sock');
    await open();
    const next = `${folder}-next`;
    mkdirSync(next);
    writeFileSync(join(next, '6.sock'), '');
    renameSync(folder, `${folder}-away`);
    renameSync(next, folder);
    await until(isThere('6'));
    expect(await ask('6')).toBe('6');
    expect(isThere('5')()).toBe(false);
  });

  it('is left unchanged at the end, and no longer watched', async () => {
    request('5.sock');
    await open();
    await watched.close();
    expect(readdirSync(folder)).toEqual(['5.sock']);
    const changes = watch(folder);
    const changed = once(changes, 'change');
    request('6.sock');
    await changed;
    changes.close();
    expect(readdirSync(folder)).toEqual(['5.sock', '6.sock']);
  });

  it('keeps the right sockets open while many are requested and removed at once', async () => {
    await open();
    const ids = Array.from({ length: 60 }, (_, n) => String(n + 100));
    for (const id of ids) request(`${id}.sock`);
    await until(() => ids.every((id) => isThere(id)()));
    for (const id of ids.slice(30)) unlinkSync(join(folder, `${id}.sock`));
    await until(() => ids.slice(30).every((id) => isGone(id)()));
    expect(await Promise.all(ids.slice(0, 30).map(ask))).toEqual(ids.slice(0, 30));
    expect(readdirSync(folder)).toHaveLength(60);
  });
});
