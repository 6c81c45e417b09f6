/** `hvql simulate`: continuously writes the statistics of a simulated hypervisor to a page folder. */
import { UsageError } from '../../errors.ts';
import { systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { pageFolderWriter, type PageFolderWriter } from '../../source/page-folder/page-folder-writer.ts';
import { takeSnapshot, type HostSnapshot } from '../../source/host-snapshot.ts';
import type { SimulatorSettings } from '../../source/simulator/settings.ts';
import { openSimulator } from '../../source/simulator/simulator.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import type { CommandContext } from '../command-context.ts';
import { formatCount, printable } from '../format.ts';
import { ticks } from './ticks.ts';
import { progress } from './progress.ts';

/** The options of a simulation; times are in milliseconds. */
export interface SimulateOptions {
  readonly settings: SimulatorSettings;
  /** A new or empty folder, or the page folder of an earlier run. */
  readonly out: string;
  /** The time between updates of all pages. */
  readonly every: number;
  /** If not given, until the signal is aborted. */
  readonly for?: number | undefined;
}

/**
 * Updates the pages until the time is over or the signal is aborted, and keeps the last ones. Rejects with a UsageError if
 * the folder contains anything else or cannot be written.
 */
export async function simulate(options: SimulateOptions, context: CommandContext): Promise<number> {
  const { settings, out, every } = options;
  const writer = pageFolderWriter(out);
  const source = openSimulator(settings, context.clock);
  const line = progress(context.stderr);
  let renewals = 0;
  try {
    for await (const number of ticks({ ...options, ...context })) {
      // Snapshots of the simulator are synchronous; a signal between two of them ends the ticks.
      const snapshot = await takeSnapshot(source, new AbortController().signal);
      writeSnapshot(writer, { snapshot, out });
      renewals++;
      const pages = formatCount(snapshot.pages.length, 'page');
      if (number === 0)
        context.stdout.write(`Writing ${pages} to ${printable(out)} every ${formatDuration(every)}.\n`);
      line.show(
        `${formatCount(snapshot.topology.partitions.length, 'partition')}, ${pages}, renewed ${formatCount(renewals, 'time')}`,
      );
    }
  } finally {
    line.clear();
    await source.close();
  }
  context.stdout.write(
    `Renewed the pages ${formatCount(renewals, 'time')}; the last ones stay in ${printable(out)}.\n`,
  );
  return 0;
}

function writeSnapshot(
  writer: PageFolderWriter,
  { snapshot, out }: { snapshot: HostSnapshot; out: string },
): void {
  try {
    writer.write(snapshot);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    throw new UsageError([`The folder ${out} cannot be written any more: ${systemErrorReason(thrown)}.`]);
  }
}
