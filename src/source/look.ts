/** One look at everything that a source has. */
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { hypervisorName, type ObjectName } from '../snapshot/object-name.ts';
import type { Reading } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Source } from './source.ts';

/** An object and the 4096 bytes of its page. */
export interface NamedPage {
  readonly name: ObjectName;
  readonly bytes: Uint8Array;
}

/** An object and its reading. */
export interface NamedReading {
  readonly name: ObjectName;
  readonly reading: Reading;
}

/** What there was at one moment. */
export interface Look {
  readonly at: Moment;
  readonly topology: Topology;
  /** In the order of `namesOf`; without those that could not be read. */
  readonly pages: readonly NamedPage[];
  /** The readings behind which there is no page, in the same order. */
  readonly pageless: readonly NamedReading[];
  readonly failures: readonly HvqlError[];
}

/** Every object of a topology: the hypervisor, logical processors, each partition and its virtual processors. */
export function namesOf(topology: Topology): ObjectName[] {
  const names: ObjectName[] = [hypervisorName];
  for (const index of topology.logicalProcessors) names.push({ object: 'LOGICAL_PROCESSOR', index });
  for (const { id: partitionId, virtualProcessors } of topology.partitions) {
    names.push({ object: 'PARTITION', partitionId });
    for (const index of virtualProcessors) names.push({ object: 'VIRTUAL_PROCESSOR', partitionId, index });
  }
  return names;
}

/** Reads every object. Rejects like the source. */
export async function lookAtAll(source: Source, signal: AbortSignal): Promise<Look> {
  const topology = await source.topology(signal);
  const names = namesOf(topology);
  const { at, outcomes } = await source.read(names, signal);
  const pages: NamedPage[] = [];
  const pageless: NamedReading[] = [];
  const unlisted = [topology, ...topology.partitions].map((listing) => listing.unlisted);
  const failures = unlisted.filter((error) => error !== undefined);
  outcomes.forEach((outcome, n) => {
    const name = names[n] ?? hypervisorName;
    if (outcome instanceof HvqlError) failures.push(outcome);
    else if (outcome.page !== null) pages.push({ name, bytes: outcome.page.bytes });
    else pageless.push({ name, reading: outcome });
  });
  return { at, topology, pages, pageless, failures };
}
