/** A snapshot of everything that a source has. */
import { HvqlError } from '../errors.ts';
import type { Moment } from '../snapshot/moment.ts';
import { areaOf, hypervisorName, withUnlisted, type ObjectName } from '../snapshot/object-name.ts';
import type { Reading } from '../snapshot/reading.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Source } from './source.ts';

/** An object, by a name with the area of its page, and the 4096 bytes of the page. */
export interface NamedPage {
  readonly name: ObjectName;
  readonly bytes: Uint8Array;
}

/** An object and its reading. */
export interface NamedReading {
  readonly name: ObjectName;
  readonly reading: Reading;
}

/** Everything that a source has at one time. */
export interface HostSnapshot {
  readonly at: Moment;
  readonly topology: Topology;
  /**
   * In the order of `namesOf`, followed by those of the area SELF if the source has pages of both; without those that
   * could not be read.
   */
  readonly pages: readonly NamedPage[];
  /** The readings without a page, in the same order. */
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

/** The partitions and virtual processors again, for their area SELF. */
function selfNamesOf(topology: Topology): ObjectName[] {
  return namesOf(topology).flatMap((name) =>
    name.object === 'PARTITION' || name.object === 'VIRTUAL_PROCESSOR' ? [{ ...name, area: 'SELF' }] : [],
  );
}

/** An object with one area returns it for both names: it is stored once, under the name of its area. */
function isOfItsArea(name: ObjectName, { page }: Reading): boolean {
  const area = areaOf(name);
  return area === null || area === (page?.area ?? 'PARENT');
}

/** Reads every object, and both areas of those that have them. Rejects like the source. */
export async function takeSnapshot(source: Source, signal: AbortSignal): Promise<HostSnapshot> {
  const topology = await source.topology(signal);
  const names = [
    ...namesOf(topology),
    ...(source.areas?.includes('SELF') === true ? selfNamesOf(topology) : []),
  ];
  const { at, outcomes } = await source.read(names.map(withUnlisted), signal);
  const pages: NamedPage[] = [];
  const pageless: NamedReading[] = [];
  const listErrors = [topology, ...topology.partitions].map((listing) => listing.listError);
  const failures = listErrors.filter((error) => error !== undefined);
  outcomes.forEach((outcome, n) => {
    const name = names[n] ?? hypervisorName;
    if (outcome instanceof HvqlError) {
      // An object that is gone fails in both areas with the same message.
      if (!failures.some(({ message }) => message === outcome.message)) failures.push(outcome);
    } else if (!isOfItsArea(name, outcome)) return;
    else if (outcome.page !== null) pages.push({ name, bytes: outcome.page.bytes });
    else pageless.push({ name, reading: outcome });
  });
  return { at, topology, pages, pageless, failures };
}
