/** The source `pages:<folder>`: overlay pages in a folder that another program updates, read for each snapshot. */
import { releases, type Release } from '../../catalogue/group.ts';
import { HvqlError, UsageError, messageOf } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
import { sameOrNext, type Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { confineFiles } from './confined-files.ts';
import { FileMemory } from './file-memory.ts';
import { isNotThere, systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { systemFiles, type FileSystem, readTextFile } from './file-system.ts';
import { FoundAreas } from './found-areas.ts';
import { folderTree } from './folder-tree.ts';
import { emptyManifest, manifestName, parseManifest, type Manifest, ManifestMemory } from './manifest.ts';
import { readObjects, readObjectsSync } from './page-batch.ts';
import { treeTopology, virtualProcessorsPlace } from './page-tree.ts';

/** The dependencies of a page folder. */
export interface PageFolderOptions {
  readonly clock: Clock;
  /** The file system, if it is not this machine's. */
  readonly files?: FileSystem;
  /** The release of the hypervisor that writes the pages, if it is not the first. */
  readonly release?: Release;
  /** Shared with other processes that read the folder. */
  readonly manifestMemory?: ManifestMemory | undefined;
}

/**
 * Opens a page folder. Reads only the pages of the objects that are read, each time; folders and the manifest are read
 * again when they have changed. Throws a UsageError if there is no such folder or its manifest is invalid. If the
 * folder goes away later, topologies fail until it is back; so they do while the manifest is missing or invalid, if this
 * process or another has found one before, even before the opening.
 */
export function openPageFolder(
  folder: string,
  {
    clock,
    files = systemFiles,
    release = releases[0],
    manifestMemory = new ManifestMemory(),
  }: PageFolderOptions,
): Source {
  const confined = confineFiles(folder, files);
  const tree = folderTree({ folder, release, files: confined, keepsPages: true });
  const manifests = new FileMemory(files, (path) => parseManifest(readTextFile(path, confined)));
  const manifestPath = `${folder}/${manifestName}`;
  const areas = new FoundAreas(files.now);
  let latest: Topology | undefined;
  /** Whether the cached listings are those of the latest topology. */
  let isWhole = false;
  /** Whether there was a manifest the last time. */
  let hasManifest = false;

  function manifest(explain: (thrown: unknown) => Error): Manifest {
    let found;
    try {
      found = manifests.get(manifestPath);
    } catch (thrown) {
      manifestMemory.note();
      throw explain(thrown);
    }
    hasManifest = found !== undefined;
    if (hasManifest) manifestMemory.note();
    else if (manifestMemory.isKnown) throw manifestGone();
    return found ?? emptyManifest;
  }

  assertFolder(folder, files);
  if (!manifestMemory.isKnown) withFolderNamed(folder, () => manifest(manifestError));

  /** The latest topology, if the files that these parts of it were read from have not changed; else null. */
  function standing(lists: ReadonlySet<bigint>): Topology | null {
    if (!isWhole || latest === undefined) return null;
    // Another process may have seen a manifest since.
    if (manifestMemory.isKnown && !hasManifest) return null;
    if (!tree.stands('partition') || !manifests.stands(manifestPath)) return null;
    for (const id of lists) if (!tree.stands(virtualProcessorsPlace(id))) return null;
    return tree.stands('lp') ? latest : null;
  }

  function topology(lists: ReadonlySet<bigint> | null = null): Topology {
    try {
      const state = files.statSync(folder);
      if (!state.isDirectory())
        throw new HvqlError('PAGE_UNAVAILABLE', 'The page folder is not a folder.', { reason: 'ENOTDIR' });
      tree.noteFolder(state);
    } catch (thrown) {
      throw folderError(thrown);
    }
    return (lists === null ? null : standing(lists)) ?? wholeTopology();
  }

  function wholeTopology(): Topology {
    isWhole = false;
    try {
      latest = sameOrNext(
        latest,
        treeTopology(tree, () => manifest(manifestUnavailable)),
      );
      isWhole = true;
      return latest;
    } catch (thrown) {
      throw folderError(thrown);
    } finally {
      tree.forgetUnused();
      manifests.forgetUnused();
    }
  }

  return {
    kind: 'pages',
    description: `pages:${folder}${release === releases[0] ? '' : `?release=${release}`}`,
    get areas() {
      try {
        return areas.in({ topology: latest ?? topology(), has: tree.has });
      } catch {
        // The next topology reports why.
        return null;
      }
    },
    async topology(signal, lists): Promise<Topology> {
      signal.throwIfAborted();
      return topology(lists);
    },
    async read(objects, signal) {
      const at = clock.now();
      return { at, outcomes: await readObjects(tree, { objects, signal }) };
    },
    sync: {
      topology,
      read(objects) {
        const at = clock.now();
        const outcomes = readObjectsSync(tree, objects);
        return outcomes === null ? null : { at, outcomes };
      },
    },
    close: async () => tree.close(),
  };
}

/** Throws a UsageError, which may name the path, if there is no folder to read. */
export function assertFolder(folder: string, files: FileSystem): void {
  try {
    if (files.statSync(folder).isDirectory()) return;
  } catch (thrown) {
    throw new UsageError([`The folder ${folder} cannot be read: ${systemErrorReason(thrown)}.`]);
  }
  throw new UsageError([`${folder} is not a folder.`]);
}

/** Runs a function that throws problems of the folder's files, and prepends the folder's path to each. */
export function withFolderNamed<T>(folder: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    throw new UsageError(thrown.problems.map((problem) => `${folder}/${problem}`));
  }
}

/** Why a manifest could not be read, without its path. */
export function manifestError(thrown: unknown): UsageError {
  if (thrown instanceof UsageError) return thrown;
  const reason = systemErrorCode(thrown) === undefined ? messageOf(thrown) : systemErrorReason(thrown);
  return new UsageError([`${manifestName} cannot be read: ${reason}.`]);
}

/**
 * Why a manifest could not be read, for a client. Its problems may quote names of partitions that not every client may
 * read, so they are for the log only.
 */
export function manifestUnavailable(thrown: unknown): HvqlError {
  const problem = manifestError(thrown);
  return thrown instanceof UsageError
    ? new HvqlError('PAGE_UNAVAILABLE', `${manifestName} is not valid.`, {}, { cause: problem })
    : new HvqlError('PAGE_UNAVAILABLE', problem.message);
}

/** PAGE_UNAVAILABLE for a manifest that is gone. */
export function manifestGone(): HvqlError {
  const problem = 'is not there any more, and without it nothing says which partition is the root';
  return new HvqlError('PAGE_UNAVAILABLE', `${manifestName} ${problem}.`, { reason: 'ENOENT' });
}

/** Why the folder as a whole cannot be read, for a client: without its path. */
function folderError(thrown: unknown): unknown {
  const reason = systemErrorCode(thrown);
  if (reason === undefined) return thrown;
  const problem = isNotThere(thrown) ? 'is not there' : `cannot be read: ${systemErrorReason(thrown)}`;
  return new HvqlError('PAGE_UNAVAILABLE', `The page folder ${problem}.`, { reason });
}
