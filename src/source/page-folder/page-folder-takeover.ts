/** Prepares a page folder to be written: whether it may be, and which objects are in it already. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { HvqlError, UsageError } from '../../errors.ts';
import { objectKey } from '../../snapshot/object-name.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { namesOf } from '../host-snapshot.ts';
import { systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { confineFiles, type ConfinedFiles } from './confined-files.ts';
import { readTextFile, systemFiles } from './file-system.ts';
import { folderTree } from './folder-tree.ts';
import { manifestName, parseManifest, type Manifest } from './manifest.ts';
import { manifestError, withFolderNamed } from './page-folder.ts';
import { treeTopology } from './page-tree.ts';

/** Where a file or folder is while it is added or removed: beside its place, under a name that readers ignore. */
export function hiddenPlace(place: string, state: 'new' | 'gone'): string {
  const start = place.lastIndexOf('/') + 1;
  return `${place.slice(0, start)}.${state}-${place.slice(start)}`;
}

/**
 * Creates the folder, or removes what an interrupted run was about to write. Returns the keys of the objects in it, a
 * partition before its virtual processors. Throws a UsageError if the folder has other content.
 */
export function prepareFolder(folder: string): Set<string> {
  try {
    return makeFolder(folder) ? new Set() : takeOver(folder);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    throw new UsageError([`The folder ${folder} cannot be written: ${systemErrorReason(thrown)}.`]);
  }
}

function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

function takeOver(folder: string): Set<string> {
  // Hidden files do not count: those of a run that ended before its first manifest, or of a mount.
  const held = readdirSync(folder).filter((name) => !name.startsWith('.'));
  if (held.length === 0) {
    removeHidden(folder);
    return new Set();
  }
  if (!held.includes(manifestName)) {
    throw new UsageError([
      `The folder ${folder} needs to be empty or a page folder with a ${manifestName}, but holds ${String(held[0])}.`,
    ]);
  }
  if (held.includes('frames'))
    throw new UsageError([`The folder ${folder} holds a capture, not live pages.`]);
  const files = confineFiles(folder, systemFiles);
  const manifest = withFolderNamed(folder, () => readManifest(`${folder}/${manifestName}`, files));
  const topology = listedTopology(folder, { files, manifest });
  // Nothing is removed before it is certain that this is a page folder.
  removeHidden(folder);
  for (const place of ['lp', 'partition', ...topology.partitions.map(({ id }) => `partition/${id}/vp`)]) {
    removeHidden(`${folder}/${place}`);
  }
  const keys = namesOf(topology).map(objectKey);
  return new Set(keys.filter((key) => key !== '' && existsSync(`${folder}/${key}`)));
}

function readManifest(path: string, files: ConfinedFiles): Manifest {
  try {
    return parseManifest(readTextFile(path, files));
  } catch (thrown) {
    throw manifestError(thrown);
  }
}

/** What is written and removed must lie in the folder itself, so not even links within it are taken over. */
function listedTopology(
  folder: string,
  { files, manifest }: { readonly files: ConfinedFiles; readonly manifest: Manifest },
): Topology {
  const tree = folderTree({ folder, files });
  let topology;
  try {
    topology = treeTopology(tree, () => manifest);
  } catch (thrown) {
    if (thrown instanceof HvqlError) throw new UsageError([`${folder}: ${thrown.message}`]);
    throw thrown;
  }
  for (const { listError } of [topology, ...topology.partitions])
    if (listError !== undefined) throw new UsageError([`${folder}: ${listError.message}`]);
  if (files.hasLinkedFolders)
    throw new UsageError([
      `The folder ${folder} has symbolic links in it, and hvql does not write through links.`,
    ]);
  return topology;
}

function removeHidden(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (/^\.(?:new|gone)-/.test(name)) rmSync(`${folder}/${name}`, { recursive: true, force: true });
  }
}
