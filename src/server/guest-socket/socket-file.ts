/** The file of a UNIX socket: checks it, creates it with its mode, replaces a stale one, and removes it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { BigIntStats } from 'node:fs';
import { chmod, link, lstat, mkdtemp, open, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';

/** A path for a socket, and the value of `process.platform`. */
export interface SocketPath {
  readonly path: string;
  readonly platform: string;
}

/** A socket's file. `remove` leaves a file that has replaced it; call it while the server still listens. */
export interface SocketFile {
  remove(): Promise<void>;
}

/** The prefix of the private folders in which sockets are created. */
export const privatePrefix = '.hvql-';

/**
 * Makes a server listen on a socket file. Users who can write to the file can connect. Rejects with a UsageError with one
 * problem that names the path; then no file remains, but the server may be listening.
 *
 * The socket gets its mode in a folder that no other user can enter and is then linked to its path, so that no client can
 * connect before, and the umask of the process does not change. When the server closes, Node removes the path that it
 * was given, even if another socket has replaced it; here that is the path in the private folder.
 */
export async function listenOnFile(
  server: Server,
  { path, platform, mode }: SocketPath & { readonly mode: number },
): Promise<SocketFile> {
  try {
    const stale = await checkSocketPath({ path, platform });
    const folder = await mkdtemp(join(dirname(path), privatePrefix));
    // Unique, because Node may look for it in another folder when the server closes.
    const temporary = join(folder, randomUUID().slice(0, 8));
    const aside = join(folder, 'stale');
    try {
      await listen(server, { folder, temporary, platform });
      await chmod(temporary, mode);
      const own = await fileAt(temporary);
      if (stale !== null) await moveAside(path, { stale, aside });
      await link(temporary, path);
      return {
        remove: async () => {
          if (isSame(await fileAt(path), own)) await unlink(path);
        },
      };
    } finally {
      await Promise.allSettled([unlink(temporary), unlink(aside)]);
      // Not recursive, because other files in it are not ours. A remaining folder does no harm.
      await rmdir(folder).catch(() => undefined);
    }
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return refuseRace(path);
    return refuse(`The guest socket ${path} cannot be made: ${messageOf(thrown)}.`);
  }
}

/** Listens in this process (`exclusive`), even if it is one of several workers behind one port. */
async function listen(
  server: Server,
  {
    folder,
    temporary,
    platform,
  }: { readonly folder: string; readonly temporary: string; readonly platform: string },
): Promise<void> {
  // The path in the private folder is longer than the socket's own path. On Linux, an open folder also has a short path
  // (proc_pid_fd(5)).
  const isShort = Buffer.byteLength(temporary) <= pathLimitInBytes(platform);
  if (!isShort && platform !== 'linux') throw new Error("its folder's path is too long to make a socket in");
  const handle = isShort ? null : await open(folder);
  try {
    const path =
      handle === null ? temporary : `/proc/self/fd/${handle.fd}/${temporary.slice(folder.length + 1)}`;
    server.listen({ path, exclusive: true });
    await once(server, 'listening');
  } finally {
    await handle?.close();
  }
}

/** Moves a stale socket away. Puts back a file that has replaced it since it was checked, and refuses. */
async function moveAside(
  path: string,
  { stale, aside }: { readonly stale: BigIntStats; readonly aside: string },
): Promise<void> {
  if ((await fileAt(path)) === null) return;
  await rename(path, aside);
  if (isSame(await fileAt(aside), stale)) return;
  await rename(aside, path);
  refuseRace(path);
}

/**
 * The stale socket at a path, on which no program listens any more, or null if the path is free. Rejects with a
 * UsageError with one problem that names the path if no socket can be created. Changes nothing.
 */
export async function checkSocketPath({ path, platform }: SocketPath): Promise<BigIntStats | null> {
  const at = `The guest socket ${path}`;
  if (platform === 'win32')
    return refuse(`${at} cannot be made: UNIX sockets are not available on this system.`);
  const limit = pathLimitInBytes(platform);
  const length = Buffer.byteLength(path);
  if (length > limit) {
    return refuse(`${at} needs a path of at most ${limit} bytes, the kernel's limit, but it has ${length}.`);
  }
  const folder = dirname(path);
  const parent = await stat(folder).catch((thrown: unknown) =>
    refuse(`${at} needs a folder to be in, but has none: ${messageOf(thrown)}.`),
  );
  if (!parent.isDirectory()) return refuse(`${at} needs a folder to be in, but ${folder} is a file.`);
  const found = await fileAt(path).catch((thrown: unknown) =>
    refuse(`What is at the path of the guest socket ${path} cannot be found out: ${messageOf(thrown)}.`),
  );
  if (found === null) return null;
  if (!found.isSocket()) {
    const kind = found.isDirectory() ? 'a folder' : 'a file that is no socket';
    return refuse(`${at} needs a path that is free, but there is ${kind}.`);
  }
  const isTaken = await hasListener(path).catch((thrown: unknown) =>
    refuse(`Whether the guest socket ${path} is in use cannot be found out: ${messageOf(thrown)}.`),
  );
  return isTaken ? refuse(`${at} needs a path that is free, but another program listens there.`) : found;
}

/**
 * The maximum length of a socket's path: the kernel's `sun_path` without its final zero (unix(7); 104 bytes on BSD and
 * macOS). Node truncates longer paths without an error.
 */
function pathLimitInBytes(platform: string): number {
  return platform === 'linux' ? 107 : 103;
}

/** The kernel responds immediately; if a connection takes longer, there is a listener. */
const connectTimeoutMilliseconds = 1_000;

/** Whether a program listens on a socket file. Rejects if this cannot be determined. */
export function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const finish = (isListening: boolean): void => {
      socket.destroy();
      resolve(isListening);
    };
    socket.setTimeout(connectTimeoutMilliseconds, () => finish(true));
    socket.once('connect', () => finish(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') finish(false);
      // The backlog is full, or it is a socket of another type.
      else if (error.code === 'EAGAIN' || error.code === 'EPROTOTYPE') finish(true);
      else reject(error);
    });
  });
}

/** The file at a path, without following links; null if the path is free. */
async function fileAt(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (thrown) {
    if (isNotFound(thrown)) return null;
    throw thrown;
  }
}

/** Whether a file system error means that a file or its folder does not exist. */
export function isNotFound(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Compares the birth time too, because the inode number of a removed file may be reused. */
function isSame(one: BigIntStats | null, other: BigIntStats | null): boolean {
  if (one === null || other === null) return false;
  return one.dev === other.dev && one.ino === other.ino && one.birthtimeNs === other.birthtimeNs;
}

function refuseRace(path: string): never {
  return refuse(
    `The guest socket ${path} needs a path that is free, but something else came there at the same time.`,
  );
}

function refuse(problem: string): never {
  throw new UsageError([problem]);
}
