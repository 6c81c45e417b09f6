/** The file of a UNIX socket: there with its mode from the first moment, and removed at the end. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { BigIntStats } from 'node:fs';
import { chmod, link, mkdtemp, open, rename, rmdir, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';
import { checkSocketPath, lookAt, pathLimitInBytes, type SocketPath } from './socket-path.ts';

/** Where a socket is to be, and who may connect to it. */
export interface SocketFileOptions extends SocketPath {
  /** Who may write to the file may connect. */
  readonly mode: number;
}

/** A socket's file. */
export interface SocketFile {
  /** Removes it, unless somebody has put another one in its place. Is called while the server still listens. */
  remove(): Promise<void>;
}

/**
 * Lets a server listen on a socket file; a stale one is taken over. Rejects with a UsageError, of one problem that
 * names the path; then nothing is left of it, but the server may be listening and is to be closed.
 *
 * The socket is made in a folder that nobody else may enter, given its mode there, and then linked to its path. So
 * others cannot connect to it in any moment before, without the umask, which is one for the whole process. And
 * node, which removes the path that it was told when the server closes, whosever socket is there by then, does so in
 * that folder. In the kernel's lists the socket has its first name.
 */
export async function listenOnFile(server: Server, options: SocketFileOptions): Promise<SocketFile> {
  const { path } = options;
  try {
    const stale = await checkSocketPath(options);
    const folder = await mkdtemp(join(dirname(path), privatePrefix));
    // Of this name there is one only, wherever node should look for it at the end.
    const made = join(folder, randomUUID().slice(0, 8));
    const aside = join(folder, 'stale');
    try {
      await listen(server, { folder, made, platform: options.platform });
      await chmod(made, options.mode);
      const own = await lookAt(made);
      if (stale !== null) await takeAway(path, { stale, aside });
      await link(made, path);
      return { remove: () => remove(path, own) };
    } finally {
      await Promise.allSettled([unlink(made), unlink(aside)]);
      // Not with all that is in it: whatever came there by a mistake is not ours. One that stays is in nobody's way.
      await rmdir(folder).catch(() => undefined);
    }
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    const isTaken = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST';
    const problem = isTaken
      ? explainRace(path)
      : `The guest socket ${path} cannot be made: ${messageOf(thrown)}.`;
    throw new UsageError([problem]);
  }
}

/** What the names of the folders begin with that sockets are made in. */
export const privatePrefix = '.hvql-';

interface Making {
  readonly folder: string;
  readonly made: string;
  readonly platform: string;
}

/**
 * Listens in the private folder, whose path is longer than the socket's own and may be too long. In this very process
 * (`exclusive`), even where it is one of several behind one port.
 */
async function listen(server: Server, { folder, made, platform }: Making): Promise<void> {
  const limit = pathLimitInBytes(platform);
  if (Buffer.byteLength(made) <= limit) {
    server.listen({ path: made, exclusive: true });
    await once(server, 'listening');
    return;
  }
  if (platform !== 'linux') throw new Error("its folder's path is too long to make a socket in");
  // There, each folder that is open has a short name (proc_pid_fd(5)).
  const handle = await open(folder);
  try {
    server.listen({ path: `/proc/self/fd/${handle.fd}/${made.slice(folder.length + 1)}`, exclusive: true });
    await once(server, 'listening');
  } finally {
    await handle.close();
  }
}

/** Moves a stale socket out of the way; gives back what is not it, but came in its place since it was looked at. */
async function takeAway(
  path: string,
  { stale, aside }: { readonly stale: BigIntStats; readonly aside: string },
): Promise<void> {
  if ((await lookAt(path)) === null) return;
  await rename(path, aside);
  if (isSame(await lookAt(aside), stale)) return;
  await rename(aside, path);
  throw new UsageError([explainRace(path)]);
}

function explainRace(path: string): string {
  return `The guest socket ${path} needs a path that is free, but something else came there at the same time.`;
}

async function remove(path: string, own: BigIntStats | null): Promise<void> {
  if (isSame(await lookAt(path), own)) await unlink(path);
}

/** Whether two looks saw the same file: the number of one that has gone may soon be another's, but not its birth. */
function isSame(one: BigIntStats | null, other: BigIntStats | null): boolean {
  if (one === null || other === null) return false;
  return one.dev === other.dev && one.ino === other.ino && one.birthtimeNs === other.birthtimeNs;
}
