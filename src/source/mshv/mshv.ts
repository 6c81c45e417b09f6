/**
 * The source `mshv[:<folder>]`: reads what the driver of a Linux root partition prints in debugfs, for each snapshot.
 */
import { HvqlError, problemsOf, UsageError } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
import { sameOrNext, type Topology } from '../../snapshot/topology.ts';
import { isNotThere, systemErrorCode } from '../../lib/system-error.ts';
import { readWithoutWaiting, systemFiles, type FileSystem } from '../page-folder/file-system.ts';
import type { Manifest } from '../page-folder/manifest.ts';
import { treeTopology } from '../page-folder/page-tree.ts';
import type { Source } from '../source.ts';
import { driverTree } from './driver-tree.ts';
import { KeptFiles } from './kept-files.ts';
import { partitionNames, type PartitionNames } from './partition-names.ts';
import { describeMshv, type MshvSettings } from './settings.ts';
import { reasonWithAdvice, statsName } from './stats-file.ts';
import { SecondReader } from './second-reader.ts';
import { readStats } from './stats-batch.ts';
import { StatsParser } from './stats-parser.ts';

/** The dependencies of the source. */
export interface MshvOptions {
  readonly clock: Clock;
  /** The path of a file with the names of partitions. */
  readonly names?: string;
  /** Called with problems of that file that occur later. */
  readonly warn?: (sentence: string) => void;
  /** The file system. @default this machine's */
  readonly files?: FileSystem;
  /** The thread that takes part in large batches. @default one of the source's own */
  readonly second?: SecondReader;
  /** Whether files stay open between readings. @default whether the folder is in debugfs */
  readonly areKept?: boolean;
}

/** How often files that are no longer read are closed. */
const sweepMilliseconds = 30_000;

/**
 * Opens a Linux host. Each reading reads only the `stats` files of its objects. Throws a UsageError with advice if the
 * folder cannot be read or is not the driver's, and one if the file of names is invalid. If the driver is unloaded
 * later, topologies fail until it is back.
 */
export function openMshv(settings: MshvSettings, options: MshvOptions): Source {
  const { folder, selfId } = settings;
  const { clock, files = systemFiles, warn = () => {} } = options;
  const parser = new StatsParser();
  // The thread reads this machine's file system.
  const areKept = options.areKept ?? files.isDebugfsSync(folder);
  const second = files === systemFiles ? (options.second ?? new SecondReader({ areKept })) : null;
  const kept = areKept ? new KeptFiles(files, readWithoutWaiting) : null;
  const tree = driverTree({ folder, selfId, files, parser, kept });
  let sweep: NodeJS.Timeout | undefined;
  const sweepSoon = (): void => {
    if (kept === null || kept.size === 0) return;
    sweep ??= setTimeout(() => {
      sweep = undefined;
      kept.closeUnused();
      sweepSoon();
    }, sweepMilliseconds).unref();
  };
  const problems = problemsOf(() => assertDriverFolder(folder, files));
  let names: () => PartitionNames = () => new Map();
  if (options.names !== undefined) {
    const path = options.names;
    problems.push(...problemsOf(() => (names = partitionNames({ path, selfId, files, warn }))));
  }
  if (problems.length > 0) throw new UsageError(problems);
  let latest: Topology | undefined;

  return {
    kind: 'mshv',
    description: describeMshv(settings),
    get unreadableLines() {
      return parser.unreadableLines;
    },
    async topology(signal, lists) {
      signal.throwIfAborted();
      try {
        files.statSync(folder);
        const before = lists == null || latest === undefined ? undefined : { topology: latest, lists };
        const next = treeTopology(tree, () => manifestOf(names(), selfId), before);
        return (latest = sameOrNext(latest, next));
      } catch (thrown) {
        throw driverError(thrown);
      }
    },
    async read(objects, signal) {
      const at = clock.now();
      try {
        return { at, outcomes: await readStats(tree, { objects, signal, second, layouts: parser.layouts }) };
      } finally {
        sweepSoon();
      }
    },
    async close() {
      clearTimeout(sweep);
      kept?.close();
      await second?.close();
    },
  };
}

/** The driver shows its own partition and the partitions created by it, which are its children. */
function manifestOf(names: PartitionNames, root: bigint): Manifest {
  const named = Array.from(names, ([id, name]) => [id, { parent: id === root ? null : root, name }] as const);
  return { root, partitions: new Map(named) };
}

function assertDriverFolder(folder: string, files: FileSystem): void {
  let entries;
  try {
    entries = files.readdirSync(folder);
  } catch (thrown) {
    if (isNotThere(thrown)) {
      throw new UsageError([
        `The folder ${folder} is not there: mount debugfs (mount -t debugfs none /sys/kernel/debug), ` +
          'on a Linux root partition whose kernel has the mshv driver.',
      ]);
    }
    if (systemErrorCode(thrown) === undefined) throw thrown;
    throw new UsageError([`The folder ${folder} cannot be read: ${reasonWithAdvice(thrown)}.`]);
  }
  if (entries.some(({ name }) => [statsName, 'lp', 'partition'].includes(name))) return;
  throw new UsageError([
    `The folder ${folder} is not that of the mshv driver: it has neither ${statsName} nor lp nor partition.`,
  ]);
}

/** Tells a client why the folder cannot be read, without its path. */
function driverError(thrown: unknown): unknown {
  const reason = systemErrorCode(thrown);
  if (reason === undefined) return thrown;
  const problem = isNotThere(thrown)
    ? 'is not there: the driver is not loaded, or debugfs is not mounted any more'
    : `cannot be read: ${reasonWithAdvice(thrown)}`;
  return new HvqlError('PAGE_UNAVAILABLE', `The folder of the mshv driver ${problem}.`, { reason });
}
