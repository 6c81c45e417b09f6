/** Where a UNIX socket can be: what is wrong with a path, and what stands there already. */
import type { BigIntStats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';
import { isSomebodyListening } from './socket-probe.ts';

/** A path, and the system that it is to be a socket's on. */
export interface SocketPath {
  readonly path: string;
  /** As `process.platform` has it. */
  readonly platform: string;
}

/**
 * The stale socket at a path, which nobody listens on any more, or null where there is nothing. Rejects with a
 * UsageError, of one problem that names the path, where no socket can be made. Changes nothing.
 */
export async function checkSocketPath({ path, platform }: SocketPath): Promise<BigIntStats | null> {
  if (platform === 'win32') {
    return refuse(`The guest socket ${path} cannot be: UNIX sockets are not available on this system.`);
  }
  const limit = pathLimitInBytes(platform);
  const length = Buffer.byteLength(path);
  if (length > limit) {
    return refuse(
      `The guest socket ${path} needs a path of at most ${limit} bytes, for the kernel takes no more, but it has ${length}.`,
    );
  }
  await checkParent(path);
  const found = await lookAt(path).catch((thrown: unknown) =>
    refuse(`What is at the path of the guest socket ${path} cannot be told: ${messageOf(thrown)}.`),
  );
  if (found === null) return null;
  if (!found.isSocket()) {
    const kind = found.isDirectory() ? 'a folder' : 'a file that is no socket';
    return refuse(`The guest socket ${path} needs a path that is free, but there is ${kind}.`);
  }
  const isTaken = await isSomebodyListening(path).catch((thrown: unknown) =>
    refuse(`Whether the guest socket ${path} is in use cannot be told: ${messageOf(thrown)}.`),
  );
  if (!isTaken) return found;
  return refuse(`The guest socket ${path} needs a path that is free, but another program listens there.`);
}

/**
 * How long a path of a socket may be: the kernel's `sun_path`, less a zero at its end (unix(7); on BSD and macOS it is
 * 104 long). What is longer, node cuts without a word.
 */
export function pathLimitInBytes(platform: string): number {
  return platform === 'linux' ? 107 : 103;
}

/** What stands at a path, itself and not what it links to; null for nothing. */
export async function lookAt(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (thrown) {
    if (isNothingThere(thrown)) return null;
    throw thrown;
  }
}

/** Whether an error of the file system says that there simply is nothing. */
export function isNothingThere(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function checkParent(path: string): Promise<void> {
  const folder = dirname(path);
  const parent = await stat(folder).catch((thrown: unknown) =>
    refuse(`The guest socket ${path} needs a folder to be in, but has none: ${messageOf(thrown)}.`),
  );
  if (!parent.isDirectory()) {
    refuse(`The guest socket ${path} needs a folder to be in, but ${folder} is a file.`);
  }
}

function refuse(problem: string): never {
  throw new UsageError([problem]);
}
