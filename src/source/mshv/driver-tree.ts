/** The folder tree of the Linux mshv driver in debugfs. */
import { HvqlError } from '../../errors.ts';
import { objectKey, type ObjectName } from '../../snapshot/object-name.ts';
import { isNotThere, systemErrorCode } from '../../lib/system-error.ts';
import type { FileSystem } from '../page-folder/file-system.ts';
import type { PageTree } from '../page-folder/page-tree.ts';
import {
  reasonWithAdvice,
  StatsFiles,
  statsError,
  statsName,
  statsPlace,
  unavailable,
  withoutCounters,
} from './stats-file.ts';
import type { KeptFiles } from './kept-files.ts';
import type { StatsParser } from './stats-parser.ts';

/** The folder of the tree, and how it is read. */
export interface DriverTreeSettings {
  readonly folder: string;
  /** The id of the partition that the driver calls "self". */
  readonly selfId: bigint;
  readonly files: FileSystem;
  readonly parser: StatsParser;
  /** The files that stay open between readings; null if none may. */
  readonly kept: KeptFiles | null;
}

/** A tree of texts with the paths of its files, which a second thread also reads. */
export interface DriverTree extends PageTree {
  /** The path of an object's text. */
  path(name: ObjectName): string;
}

/** The folder of the own partition if it is not the root but has virtual machines itself (L1VH). */
const selfFolder = 'partition/self';

/**
 * The tree in this folder. It is listed each time, because debugfs does not change the time of a folder whose content
 * changes. Other files in it are not opened: writing to some of the driver's files has side effects.
 */
export function driverTree({ folder, selfId, files, parser, kept }: DriverTreeSettings): DriverTree {
  const texts = new StatsFiles(files, kept);
  const selfKey = `partition/${selfId}`;
  /** Whether a partition "self" exists; undefined before the first listing. */
  let hasSelf: boolean | undefined;

  /** Converts a place to the driver's name of it. */
  function driverPlace(place: string): string {
    if (hasSelf !== true) return place;
    if (place === selfKey) return selfFolder;
    return place.startsWith(`${selfKey}/`) ? selfFolder + place.slice(selfKey.length) : place;
  }

  function folders(place: string): readonly string[] {
    const names = list(driverPlace(place));
    if (place !== 'partition') return names;
    hasSelf = names.includes('self');
    return hasSelf ? [...names, String(selfId)] : names;
  }

  function list(place: string): string[] {
    try {
      return files
        .readdirSync(`${folder}/${place}`)
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .map((entry) => entry.name);
    } catch (thrown) {
      if (isNotThere(thrown)) return [];
      const reason = systemErrorCode(thrown);
      if (reason === undefined) throw thrown;
      const message = `The folder ${place} cannot be listed: ${reasonWithAdvice(thrown)}.`;
      throw new HvqlError('PAGE_UNAVAILABLE', message, { folder: place, reason });
    }
  }

  function describeAbsence(name: ObjectName): string {
    return hasSelf === true && (name.object === 'HYPERVISOR' || name.object === 'LOGICAL_PROCESSOR')
      ? 'is not there: the own partition is not the root, and the driver shows it nothing of the hypervisor and its processors'
      : 'is not there';
  }

  function path(name: ObjectName): string {
    if (hasSelf === undefined) folders('partition');
    return `${folder}/${driverPlace(objectKey(name))}/${statsName}`;
  }

  return {
    folders,
    path,
    read(name) {
      const place = statsPlace(name);
      let bytes;
      try {
        bytes = texts.read(path(name));
      } catch (thrown) {
        if (isNotThere(thrown)) {
          throw unavailable(place, { problem: describeAbsence(name), reason: 'ENOENT' });
        }
        throw statsError(place, thrown);
      }
      if (bytes.byteLength === 0) throw unavailable(place, { problem: 'is empty', reason: 'EMPTY' });
      const reading = parser.parse({ object: name.object, bytes });
      if (!reading.layout.isOfStatistics) throw withoutCounters(place);
      return reading;
    },
  };
}
