/** All guest sockets of a service: those of its settings, and those of the folders it watches. */
import { opendir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';
import { openGuestFolder } from './guest-socket-folder.ts';
import { openGuestSocket, type GuestSocketPlace, type GuestSocketWorld } from './guest-socket.ts';
import { checkSocketPath } from './socket-path.ts';

/** A guest socket as it is asked for: of one partition at a path, or of every partition that a folder asks one for. */
export type GuestSocketSetting = GuestSocketPlace | { readonly folder: string };

/** The sockets that are asked for. */
export interface GuestSocketsOptions {
  readonly places: readonly GuestSocketSetting[];
  /** The port of the virtual socket that guests connect to, for folders. */
  readonly port: number;
}

/** Guest sockets that are open. */
export interface GuestSockets {
  /** Opens no more and removes the sockets' files; is called before the service closes, with whose doors they close. */
  close(): Promise<void>;
}

/** Rejects with a UsageError that has all that is wrong with what is asked for. Changes nothing. */
export async function checkGuestSockets(
  places: readonly GuestSocketSetting[],
  platform: string,
): Promise<void> {
  const checks = places.map((place) =>
    'folder' in place ? checkFolder(place.folder, platform) : checkSocketPath({ path: place.path, platform }),
  );
  const ends = await Promise.allSettled([...checks, checkTwice(places)]);
  throwTogether(reasonsOf(ends));
}

/**
 * Opens all that is asked for. Rejects with a UsageError that has all that is wrong; then no socket's file is left, and
 * the doors close with the service.
 */
export async function openGuestSockets({
  places,
  port,
  ...world
}: GuestSocketsOptions & GuestSocketWorld): Promise<GuestSockets> {
  await checkGuestSockets(places, world.platform);
  const opening = places.map(async (place): Promise<GuestSockets> => {
    if ('folder' in place) return openGuestFolder({ ...world, folder: place.folder, port });
    const socket = await openGuestSocket(place, world);
    return { close: () => socket.remove() };
  });
  const ends = await Promise.allSettled(opening);
  const close = async (): Promise<void> => {
    const opened = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    await Promise.all(opened.map((each) => each.close()));
  };
  const failures = reasonsOf(ends);
  if (failures.length > 0) await close();
  throwTogether(failures);
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

/** Rejects where two settings come to the same path, however they spell it. */
async function checkTwice(places: readonly GuestSocketSetting[]): Promise<void> {
  const byPath = new Map<string, string>();
  const problems: string[] = [];
  for (const place of places) {
    const path = await placeOf(place);
    const name = 'folder' in place ? place.folder : `${place.partitionId}=${place.path}`;
    const other = byPath.get(path);
    if (other === undefined) byPath.set(path, name);
    else
      problems.push(
        `The guest sockets ${other} and ${name} are at the same place: each needs one of its own.`,
      );
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** Where a setting leads to, in one spelling; its own where that cannot be told, which is a problem of another kind. */
async function placeOf(place: GuestSocketSetting): Promise<string> {
  if ('folder' in place) return realpath(place.folder).catch(() => resolve(place.folder));
  const folder = dirname(place.path);
  return join(await realpath(folder).catch(() => resolve(folder)), basename(place.path));
}

function reasonsOf(ends: readonly PromiseSettledResult<unknown>[]): readonly unknown[] {
  return ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
}

function throwTogether(reasons: readonly unknown[]): void {
  for (const reason of reasons) if (!(reason instanceof UsageError)) throw reason;
  const problems = reasons.flatMap((reason) => (reason instanceof UsageError ? reason.problems : []));
  if (problems.length > 0) throw new UsageError(problems);
}
