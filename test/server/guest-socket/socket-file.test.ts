import { once } from 'node:events';
import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import {
  checkSocketPath,
  hasListener,
  listenOnFile,
  type SocketFile,
} from '../../../src/server/guest-socket/socket-file.ts';
import { temporaryFolder } from '../temporary-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
let servers: Server[];
beforeEach(() => {
  folder = temporaryFolder();
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map(close));
  folder.remove();
});

function newServer(): Server {
  const server = createServer((socket) => socket.end());
  servers.push(server);
  return server;
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

const { platform } = process;
const open = (path: string, mode = 0o600): Promise<SocketFile> =>
  listenOnFile(newServer(), { path, mode, platform });
const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;
const problemOf = async (path: string, system: string = platform): Promise<string> => {
  const thrown: unknown = await checkSocketPath({ path, platform: system }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(UsageError);
  const { problems } = thrown as UsageError;
  expect(problems).toHaveLength(1);
  return String(problems[0]);
};

/** A socket file whose program has exited without removing it. */
async function leaveStale(path: string): Promise<void> {
  const server = newServer();
  const elsewhere = join(folder.path, 'elsewhere');
  server.listen(elsewhere);
  await once(server, 'listening');
  // Node removes the name that it was given, and leaves this one.
  linkSync(elsewhere, path);
  await close(server);
  expect(await hasListener(path)).toBe(false);
}

describe('a socket file', () => {
  it.each([
    ['a permissive umask', 0o000, 0o600],
    ['a strict umask', 0o177, 0o666],
    ['a usual umask', 0o022, 0o660],
  ])('has its mode under every umask: %s', async (_, umask, mode) => {
    const path = join(folder.path, 'a');
    const before = process.umask(umask);
    try {
      await open(path, mode);
    } finally {
      process.umask(before);
    }
    expect(modeOf(path)).toBe(mode);
    expect(await hasListener(path)).toBe(true);
  });

  it('has its mode from the first moment, and no other user can connect earlier', async () => {
    const path = join(folder.path, 'a');
    const seen: [string, number][] = [];
    // Called by the event loop between any two steps of the making.
    let immediate: NodeJS.Immediate;
    const listFolder = (): void => {
      for (const name of readdirSync(folder.path)) {
        const found = lstatSync(join(folder.path, name), { throwIfNoEntry: false });
        if (found !== undefined) seen.push([name, found.mode & 0o7777]);
      }
      immediate = setImmediate(listFolder);
    };
    immediate = setImmediate(listFolder);
    const before = process.umask(0);
    try {
      for (let n = 0; n < 50; n += 1) {
        const server = newServer();
        const file = await listenOnFile(server, { path, mode: 0o600, platform });
        await file.remove();
        await close(server);
      }
    } finally {
      clearImmediate(immediate);
      process.umask(before);
    }
    expect(new Set(seen.map(([name]) => name === 'a'))).toEqual(new Set([true, false]));
    for (const [name, mode] of seen) expect([name, mode]).toEqual([name, name === 'a' ? 0o600 : 0o700]);
  });

  it('is the only file in its folder, and is removed at the end', async () => {
    const path = join(folder.path, 'a');
    const file = await open(path);
    expect(readdirSync(folder.path)).toEqual(['a']);
    await file.remove();
    expect(readdirSync(folder.path)).toEqual([]);
    // A missing file is not an error.
    await file.remove();
  });

  it('is not removed at the end if another one has replaced it', async () => {
    const path = join(folder.path, 'a');
    const server = newServer();
    const file = await listenOnFile(server, { path, mode: 0o600, platform });
    unlinkSync(path);
    await open(path);
    await file.remove();
    await close(server);
    expect(await hasListener(path)).toBe(true);
  });

  it('replaces a stale one', async () => {
    const path = join(folder.path, 'a');
    await leaveStale(path);
    await open(path);
    expect(await hasListener(path)).toBe(true);
    expect(readdirSync(folder.path)).toEqual(['a']);
  });

  it('is created by one of two processes that replace the same stale one at the same time', async () => {
    const path = join(folder.path, 'a');
    for (let n = 0; n < 20; n += 1) {
      const stale = join(folder.path, 'stale');
      await leaveStale(stale);
      renameSync(stale, path);
      const ends = await Promise.allSettled([open(path), open(path)]);
      expect(await hasListener(path)).toBe(true);
      const made = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      expect(made).toHaveLength(1);
      expect(readdirSync(folder.path)).toEqual(['a']);
      await made[0]?.remove();
    }
  });

  it('can have the longest path that the kernel accepts, even if the path of its folder is almost as long', async () => {
    const parent = `${folder.path}/${'d'.repeat(104 - Buffer.byteLength(folder.path))}`;
    mkdirSync(parent);
    const path = `${parent}/s`;
    expect(Buffer.byteLength(path)).toBe(107);
    const server = newServer();
    const file = await listenOnFile(server, { path, mode: 0o600, platform });
    expect(await hasListener(path)).toBe(true);
    expect(modeOf(path)).toBe(0o600);
    await file.remove();
    await close(server);
    expect(readdirSync(parent)).toEqual([]);
  });
});

describe('the path of a socket file', () => {
  it('is refused, with its length, if it is longer', async () => {
    const path = `${folder.path}/${'s'.repeat(107 - Buffer.byteLength(folder.path))}`;
    const sentence = "needs a path of at most 107 bytes, the kernel's limit, but it has 108.";
    expect(await problemOf(path)).toBe(`The guest socket ${path} ${sentence}`);
    await expect(open(path)).rejects.toThrow(sentence);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is measured in bytes, not in characters', async () => {
    const path = `${folder.path}/${'é'.repeat(50)}`;
    expect(path.length).toBeLessThan(107);
    expect(await problemOf(path)).toContain(`but it has ${Buffer.byteLength(path)}.`);
  });

  it('has a lower maximum on some systems', async () => {
    const path = `${folder.path}/${'s'.repeat(103 - Buffer.byteLength(folder.path))}`;
    expect(await problemOf(path, 'darwin')).toContain('needs a path of at most 103 bytes');
  });

  it('must be in an existing folder', async () => {
    const path = join(folder.path, 'nowhere', 'a');
    expect(await problemOf(path)).toContain(
      `The guest socket ${path} needs a folder to be in, but has none: `,
    );
    folder.write('file', '');
    const below = join(folder.path, 'file', 'a');
    expect(await problemOf(below)).toBe(
      `The guest socket ${below} needs a folder to be in, but ${folder.path}/file is a file.`,
    );
  });

  it.each([
    ['a file that is no socket', (path: string) => writeFileSync(path, 'precious')],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a file that is no socket', (path: string) => symlinkSync('/nowhere', path)],
  ])('is refused, and nothing is removed, if there is %s', async (what, make) => {
    const path = join(folder.path, 'a');
    make(path);
    const { ino } = lstatSync(path);
    expect(await problemOf(path)).toBe(
      `The guest socket ${path} needs a path that is free, but there is ${what}.`,
    );
    await expect(open(path)).rejects.toThrow(UsageError);
    expect(lstatSync(path).ino).toBe(ino);
    expect(readdirSync(folder.path)).toEqual(['a']);
  });

  it('is refused, and nothing is removed, if a program listens there', async () => {
    const path = join(folder.path, 'a');
    await open(path);
    const { ino } = lstatSync(path);
    const problem = `The guest socket ${path} needs a path that is free, but another program listens there.`;
    expect(await problemOf(path)).toBe(problem);
    await expect(open(path)).rejects.toThrow(problem);
    expect(lstatSync(path).ino).toBe(ino);
    expect(await hasListener(path)).toBe(true);
  });

  it('is refused on systems without UNIX sockets, without access to the file', async () => {
    const path = join(folder.path, 'a');
    expect(await problemOf(path, 'win32')).toContain('UNIX sockets are not available on this system');
    expect(existsSync(path)).toBe(false);
  });
});
