/** Names of partitions from a file, because the driver knows only ids. */
import { UsageError, messageOf } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';
import { FileMemory } from '../page-folder/file-memory.ts';
import { systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { type FileSystem, readTextFile } from '../page-folder/file-system.ts';
import { ManifestCheck } from '../page-folder/manifest-check.ts';

/** Names by partition id. */
export type PartitionNames = ReadonlyMap<bigint, string>;

/** The options of reading names. */
export interface PartitionNamesSettings {
  readonly path: string;
  /** The id of the partition that the file may call "self". */
  readonly selfId: bigint;
  readonly files: FileSystem;
  /** Called once for each problem that appears in the file later. */
  readonly warn: (sentence: string) => void;
}

/**
 * A function that returns the names in the file, reloaded when it has changed. Throws a UsageError if the file cannot be
 * read at the start. If that happens later, the last names are used until the file is valid again: a
 * partition without a name for a while would look like another one in a chart.
 */
export function partitionNames({ path, selfId, files, warn }: PartitionNamesSettings): () => PartitionNames {
  const memory = new FileMemory(files, (place) => parseNames(readTextFile(place, files), { path, selfId }));
  let names = read();
  let warned = '';

  function read(): PartitionNames {
    let found;
    try {
      found = memory.get(path);
    } catch (thrown) {
      throw unreadable(path, thrown);
    }
    if (found === undefined) throw new UsageError([`${path} with the names of partitions does not exist.`]);
    return found;
  }

  return () => {
    try {
      names = read();
      warned = '';
    } catch (thrown) {
      const problem = messageOf(thrown);
      if (problem !== warned) warn(problem);
      warned = problem;
    }
    memory.forgetUnused();
    return names;
  };
}

function unreadable(path: string, thrown: unknown): UsageError {
  if (thrown instanceof UsageError) return thrown;
  const reason = systemErrorCode(thrown) === undefined ? messageOf(thrown) : systemErrorReason(thrown);
  return new UsageError([`${path} with the names of partitions cannot be read: ${reason}.`]);
}

/** Parses `{"1": "root", "5": "web-1"}`. Throws a UsageError with everything that is wrong with it. */
export function parseNames(
  text: string,
  { path, selfId }: { readonly path: string; readonly selfId: bigint },
): PartitionNames {
  const check = new ManifestCheck(path);
  const names = new Map<bigint, string>();
  for (const [key, value] of Object.entries(check.parse(text))) {
    const id = key === 'self' ? selfId : parsePartitionId(key);
    if (id === null) check.note(`"${key}" is no partition's id, a whole number from 1 on, nor "self"`);
    if (typeof value !== 'string')
      check.noteNeed({ path: key, value }, 'the name of a partition in a string');
    else if (id !== null) names.set(id, value);
  }
  check.end();
  return names;
}
