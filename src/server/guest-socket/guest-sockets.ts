/** All guest sockets of a service, from its settings. */
import { opendir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';
import { openGuestFolder } from './guest-folder.ts';
import { openGuestSocket, type GuestSocketOptions, type GuestSocketPlace } from './guest-socket.ts';
import { checkSocketPath } from './socket-file.ts';

/** One socket, or a folder with sockets for all partitions that request one there. */
export type GuestSocketSetting = GuestSocketPlace | { readonly folder: string };

/** Rejects with a UsageError that has all problems of the settings. Changes nothing. */
export async function checkGuestSockets(
  places: readonly GuestSocketSetting[],
  platform: string,
): Promise<void> {
  const checks = places.map((place) =>
    'folder' in place ? checkFolder(place.folder, platform) : checkSocketPath({ path: place.path, platform }),
  );
  throwTogether(await Promise.allSettled([...checks, checkDistinct(places)]));
}

/**
 * Opens the guest sockets of the settings. `port` is the port of the virtual socket that guests connect to, for folders.
 * Rejects with a UsageError with all problems; then no file remains, and the listeners close with the service. `close`
 * removes the files; call it before the service closes.
 */
export async function openGuestSockets({
  places,
  port,
  ...options
}: GuestSocketOptions & { readonly places: readonly GuestSocketSetting[]; readonly port: number }): Promise<{
  close(): Promise<void>;
}> {
  await checkGuestSockets(places, options.platform);
  const opening = await Promise.allSettled(
    places.map(async (place) => {
      if ('folder' in place) return openGuestFolder({ ...options, folder: place.folder, port });
      const socket = await openGuestSocket(place, options);
      return { close: () => socket.remove() };
    }),
  );
  const close = async (): Promise<void> => {
    const opened = opening.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    await Promise.all(opened.map((each) => each.close()));
  };
  if (opening.some(({ status }) => status === 'rejected')) await close();
  throwTogether(opening);
  return { close };
}

async function checkFolder(folder: string, platform: string): Promise<void> {
  if (platform === 'win32') {
    throw new UsageError([
      `No guest socket can be in ${folder}: UNIX sockets are not available on this system.`,
    ]);
  }
  try {
    await (await opendir(folder)).close();
  } catch (thrown) {
    throw new UsageError([
      `A guest socket needs a folder that can be read, or <partition id>=<path>, but is ${folder}: ${messageOf(thrown)}.`,
    ]);
  }
}

/** Rejects if two settings refer to the same path, even in different spellings. */
async function checkDistinct(places: readonly GuestSocketSetting[]): Promise<void> {
  const byPath = new Map<string, string>();
  const problems: string[] = [];
  for (const place of places) {
    const path = await realPathOf('folder' in place ? place.folder : place.path, 'folder' in place);
    const name = 'folder' in place ? place.folder : `${place.partitionId}=${place.path}`;
    const other = byPath.get(path);
    if (other === undefined) byPath.set(path, name);
    else problems.push(`The guest sockets ${other} and ${name} have the same path: each needs its own.`);
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** Resolves links in the path, except in its last part. If that fails, another check reports why. */
async function realPathOf(path: string, isFolder: boolean): Promise<string> {
  const folder = isFolder ? path : dirname(path);
  return join(await realpath(folder).catch(() => resolve(folder)), isFolder ? '' : basename(path));
}

function throwTogether(ends: readonly PromiseSettledResult<unknown>[]): void {
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  const problems = reasons.flatMap((reason) => {
    if (!(reason instanceof UsageError)) throw reason;
    return reason.problems;
  });
  if (problems.length > 0) throw new UsageError(problems);
}
