/** The source `windows`: Hyper-V's raw performance classes, read by one long-running PowerShell. */
import { fileURLToPath } from 'node:url';
import { HvqlError, UsageError } from '../../errors.ts';
import type { Clock, Moment } from '../../snapshot/moment.ts';
import { sameOrNext, type Topology } from '../../snapshot/topology.ts';
import type { SourceLog, Source } from '../source.ts';
import { HostSample } from './host-sample.ts';
import { SampleQueue } from './sample-queue.ts';
import type { Sample } from './sample.ts';
import { describeWindows, type WindowsSettings } from './settings.ts';
import { wantedFor, wantedForTopology } from './wanted-class.ts';

/** The dependencies of the source. */
export interface WindowsOptions {
  readonly clock: Clock;
  readonly log?: SourceLog | undefined;
  /** The value of `process.platform`; not checked if absent. */
  readonly platform?: string | undefined;
  /** How long one sample may take, in milliseconds, the start of PowerShell included. */
  readonly limitMilliseconds?: number;
}

/** The script that PowerShell runs. It is beside this file, in src and in dist. */
const script = fileURLToPath(new URL('read-classes.ps1', import.meta.url));
/** A host with a thousand virtual processors whose PowerShell has just been started needs some 10 s. */
const defaultLimitMilliseconds = 30_000;
/** Maximum age of the topology: listing costs half as much as reading. */
const listAgeNanoseconds = 1_000_000_000n;

/**
 * Opens the source. Nothing is started before the first sample. A reading has no page. The topology is listed at most
 * once a second. Throws a UsageError on a machine that has no Windows PowerShell, unless the settings name a program.
 */
export function openWindows(settings: WindowsSettings, options: WindowsOptions): Source {
  const { clock, log, platform, limitMilliseconds = defaultLimitMilliseconds } = options;
  const { powershell, idleMilliseconds } = settings;
  if (platform !== undefined && platform !== 'win32' && powershell === 'powershell.exe') {
    throw new UsageError([
      `The source windows reads the Windows host that it runs on, but this is ${platform}.`,
    ]);
  }
  const samples = new SampleQueue({
    executable: powershell,
    script,
    clock,
    log,
    idleMilliseconds,
    limitMilliseconds,
  });
  let newest: Moment | undefined;
  let latest: { readonly topology: Topology; readonly listedAt: bigint } | undefined;

  return {
    kind: 'windows',
    description: describeWindows(settings),
    async topology(signal) {
      signal.throwIfAborted();
      const listedAt = clock.now().monotonicNanoseconds;
      if (latest !== undefined && listedAt - latest.listedAt < listAgeNanoseconds) return latest.topology;
      const sample = await samples.read(wantedForTopology, signal);
      momentOf(sample);
      latest = { topology: sameOrNext(latest?.topology, new HostSample(sample).topology()), listedAt };
      return latest.topology;
    },
    async read(objects, signal) {
      const sample = await samples.read(wantedFor(objects), signal);
      newest = laterOf(newest, momentOf(sample));
      const at = newest;
      const host = new HostSample(sample);
      return { at, outcomes: objects.map((object) => host.read(object)) };
    },
    close: () => samples.close(),
  };
}

/** The classes of a sample have their own times: a sample of fewer classes may seem to be older than one of more. */
function laterOf(newest: Moment | undefined, at: Moment): Moment {
  return newest !== undefined && newest.monotonicNanoseconds > at.monotonicNanoseconds ? newest : at;
}

/** The moment of a sample. Throws PAGE_UNAVAILABLE if none of its classes has an instance. */
function momentOf({ at, tables }: Sample): Moment {
  if (at !== null) return at;
  const reasons = [...tables.values()].filter((table) => typeof table === 'string');
  throw new HvqlError(
    'PAGE_UNAVAILABLE',
    "Windows counts nothing for a hypervisor: the performance classes of Hyper-V's hypervisor are missing, empty or unreadable.",
    {},
    { cause: new Error(reasons.join('\n') || 'They are there, and have no instance.') },
  );
}
