/** A simulated host: which objects it has, and the overlay page of each, at a moment of its own time. */
import type { Release } from '../../catalogue/group.ts';
import { pageSizeInBytes } from '../../page/format.ts';
import type { ObjectName, VirtualProcessorName } from '../../snapshot/object-name.ts';
import { type Topology, topologyOf, type PartitionEntry } from '../../snapshot/topology.ts';
import {
  hypervisorValues,
  logicalProcessorValues,
  partitionValues,
  virtualProcessorValues,
} from './driver-value.ts';
import { factorsOf } from './factor.ts';
import { PageLayout } from './page-layout.ts';
import type { SimulatorSettings } from './settings.ts';
import { nanosecondsPerTick, ticksPerSecond } from './integral.ts';
import { Timeline } from './timeline.ts';
import { namesOf } from '../host-snapshot.ts';
import type { Guest } from './guest.ts';

/** The first snapshot shows a host that has worked for a while. */
const uptimeAtStartInTicks = 600 * ticksPerSecond;

/** The parts that all pages of a release share. */
function pagesOf(release: Release) {
  const character = { seed: null, release };
  return {
    hypervisor: new PageLayout('HYPERVISOR', release),
    logicalProcessor: new PageLayout('LOGICAL_PROCESSOR', release),
    partition: new PageLayout('PARTITION', release),
    virtualProcessor: new PageLayout('VIRTUAL_PROCESSOR', release),
    hypervisorFactors: factorsOf('HYPERVISOR', character),
    logicalProcessorFactors: factorsOf('LOGICAL_PROCESSOR', character),
  };
}

/**
 * The simulated host. It has no clock: the caller passes the time since the start, which is ten minutes after the boot.
 * Its state depends only on that time and the settings, not on the steps in which it was advanced.
 */
export class SimulatedHost {
  readonly #timeline: Timeline;
  readonly #logicalProcessors: readonly number[];
  readonly #pages: ReturnType<typeof pagesOf>;
  #inventory: Inventory;
  /** The generation of the timeline when the inventory was made. */
  #generation: number;

  constructor(settings: SimulatorSettings) {
    this.#timeline = new Timeline(settings);
    this.#timeline.reach(uptimeAtStartInTicks);
    this.#pages = pagesOf(settings.release);
    this.#logicalProcessors = Array.from({ length: settings.logicalProcessors }, (_, index) => index);
    this.#inventory = takeInventory(this.#timeline.guests, this.#logicalProcessors);
    this.#generation = this.#timeline.generation;
  }

  /**
   * Advances to this time since the start, with a resolution of 100 ns. Earlier times are ignored. On a host of the
   * default size, each second that has passed takes a few microseconds.
   */
  advanceTo(elapsedNanoseconds: bigint): void {
    this.#timeline.reach(uptimeAtStartInTicks + Number(elapsedNanoseconds / BigInt(nanosecondsPerTick)));
    if (this.#generation === this.#timeline.generation) return;
    this.#inventory = takeInventory(this.#timeline.guests, this.#logicalProcessors);
    this.#generation = this.#timeline.generation;
  }

  /** The current topology: the same object until a partition starts or stops. */
  get topology(): Topology {
    return this.#inventory.topology;
  }

  /**
   * The names of all current objects: the hypervisor, the logical processors, then each partition followed by its
   * virtual processors. The same array until a partition starts or stops.
   */
  get objects(): readonly ObjectName[] {
    return this.#inventory.objects;
  }

  /** The object's current overlay page, new at every call; undefined if the object does not exist now. */
  page(object: ObjectName): Uint8Array | undefined {
    const bytes = new Uint8Array(pageSizeInBytes);
    return this.writePage(object, new DataView(bytes.buffer)) ? bytes : undefined;
  }

  /** Writes the object's current overlay page to these 4096 bytes, and returns whether the object exists now. */
  writePage(object: ObjectName, page: DataView): boolean {
    switch (object.object) {
      case 'HYPERVISOR':
        return this.#writeHypervisor(page);
      case 'LOGICAL_PROCESSOR':
        return this.#writeLogicalProcessor(object.index, page);
      case 'PARTITION':
        return this.#writePartition(object.partitionId, page);
      case 'VIRTUAL_PROCESSOR':
        return this.#writeVirtualProcessor(object, page);
    }
  }

  #writeHypervisor(page: DataView): boolean {
    const { hypervisor, hypervisorFactors: factors } = this.#pages;
    hypervisor.write(page, { values: hypervisorValues(this.#timeline), factors });
    return true;
  }

  #writeLogicalProcessor(index: number, page: DataView): boolean {
    if (this.#logicalProcessors[index] === undefined) return false;
    const { logicalProcessor, logicalProcessorFactors: factors } = this.#pages;
    logicalProcessor.write(page, { values: logicalProcessorValues(this.#timeline, index), factors });
    return true;
  }

  #writePartition(id: bigint, page: DataView): boolean {
    const guest = this.#inventory.guests.get(id);
    if (guest === undefined) return false;
    const values = partitionValues(this.#timeline, guest);
    this.#pages.partition.write(page, { values, factors: guest.partitionFactors });
    return true;
  }

  #writeVirtualProcessor(
    { partitionId, index }: Pick<VirtualProcessorName, 'partitionId' | 'index'>,
    page: DataView,
  ): boolean {
    const guest = this.#inventory.guests.get(partitionId);
    if (guest === undefined) return false;
    const position = guest.from + index;
    if (!Number.isInteger(index) || position < guest.from || position >= guest.before) return false;
    const values = virtualProcessorValues(this.#timeline, { guest, position });
    this.#pages.virtualProcessor.write(page, { values, factors: guest.virtualProcessorFactors });
    return true;
  }
}

/** The current objects, in the forms that callers need. */
export interface Inventory {
  readonly topology: Topology;
  /** In the order of `namesOf`. */
  readonly objects: readonly ObjectName[];
  /** The lifetimes of partitions by id; they have no state. */
  readonly guests: ReadonlyMap<bigint, Guest>;
}

/** Makes the inventory of these partitions and logical processors. */
export function takeInventory(
  guests: readonly (Guest | null)[],
  logicalProcessors: readonly number[],
): Inventory {
  const present = guests.filter((guest) => guest !== null);
  const topology = topologyOf(logicalProcessors, present.map(entryOf));
  return {
    topology,
    objects: namesOf(topology),
    guests: new Map(present.map((guest) => [BigInt(guest.lifetime.id), guest])),
  };
}

function entryOf({ lifetime, from, before }: Guest): PartitionEntry {
  return {
    id: BigInt(lifetime.id),
    parent: lifetime.parent === null ? null : BigInt(lifetime.parent),
    name: lifetime.name,
    virtualProcessors: Array.from({ length: before - from }, (_, index) => index),
  };
}
