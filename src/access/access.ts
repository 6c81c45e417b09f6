/**
 * What a caller may read. Reading requires `Granted` names, which only this module creates, so access is checked for every
 * read, once per object.
 */
import { HvqlError } from '../errors.ts';
import {
  describeObject,
  hypervisorName,
  withUnlisted,
  type HypervisorName,
  type LogicalProcessorName,
  type ObjectName,
  type PartitionName,
  type VirtualProcessorName,
} from '../snapshot/object-name.ts';
import { namesIn, type NamedPartition, type NamedTopology } from '../snapshot/named-topology.ts';
import type { PartitionEntry, Topology } from '../snapshot/topology.ts';
import {
  AccessDenied,
  type DeniedObject,
  areaFor,
  denialOf,
  isRoot,
  localCaller,
  type DenialReason,
} from './rule.ts';
import { setBounded } from '../lib/bounded-map.ts';
import type { Caller, LocalCaller } from './caller.ts';

declare const granted: unique symbol;
/** The name of an object that a caller may read. Only this module creates it. */
export type Granted<Name extends ObjectName = ObjectName> = Name & { readonly [granted]: true };

/** A partition that a caller may read, with its entry in the topology. */
export interface GrantedPartition {
  readonly name: Granted<PartitionName>;
  readonly entry: PartitionEntry;
}

/**
 * The rules for one caller over one topology. Forbidden reads throw ACCESS_DENIED. Processors that could not be
 * listed throw the reason, to callers who may read them. Names and lists are those of the topology: the same objects
 * each time. A name says which area of the object is granted.
 */
export class Access {
  readonly caller: LocalCaller;
  readonly topology: Topology;
  readonly isRoot: boolean;
  readonly #names: NamedTopology;
  #partitions: readonly GrantedPartition[] | undefined;
  #virtualProcessors: readonly Granted<VirtualProcessorName>[] | undefined;

  constructor(caller: Caller, topology: Topology) {
    this.caller = localCaller(caller, topology);
    this.topology = topology;
    this.isRoot = isRoot(this.caller, topology);
    this.#names = namesIn(topology);
  }

  hypervisor(): Granted<HypervisorName> {
    return this.#grant(hypervisorName);
  }

  /** All logical processors, ascending. */
  logicalProcessors(): readonly Granted<LogicalProcessorName>[] {
    // They are of one access class: a caller may read all of them or none.
    this.#grant(firstLogicalProcessor, { object: 'LOGICAL_PROCESSOR', index: 'all' });
    if (this.topology.listError !== undefined) throw this.topology.listError;
    return allGranted(this.#names.logicalProcessors);
  }

  /** Throws INVALID_PARAMETER if no logical processor has this index. */
  logicalProcessor(index: number): Granted<LogicalProcessorName> {
    const known = this.#names.logicalProcessor(index);
    const name = this.#grant(known ?? { object: 'LOGICAL_PROCESSOR', index });
    if (this.topology.listError !== undefined) throw this.topology.listError;
    if (known !== undefined) return name;
    throw new HvqlError(
      'INVALID_PARAMETER',
      `There is no logical processor ${index}; there are ${rangeOf(this.topology.logicalProcessors)}.`,
    );
  }

  /** The partitions that the caller may read, by ascending id. */
  partitions(): readonly GrantedPartition[] {
    return (this.#partitions ??= this.topology.partitions.flatMap(({ id }) => {
      const partition = this.#partitionOf(id);
      return partition !== undefined && denialOf(partition.name, this) === null
        ? [grantedPartition(partition)]
        : [];
    }));
  }

  /**
   * Throws INVALID_PARTITION_ID if there is no such partition and the caller is root. For other callers a partition
   * that does not exist is denied like one that they may not read.
   */
  partition(id: bigint): GrantedPartition {
    const partition = this.#partitionOf(id);
    if (this.isRoot && partition === undefined) {
      throw new HvqlError('INVALID_PARTITION_ID', `There is no partition ${id}.`);
    }
    const name = partition?.name ?? partitionName(id);
    const reason = denialOf(name, this);
    if (reason !== null || partition === undefined) throw denied(reason ?? 'NOT_SELF_OR_PARENT', { name });
    return grantedPartition(partition);
  }

  /**
   * The partition that created this one; null for the root. Throws like `partition`, but without the id of the
   * parent.
   */
  parentOf({ entry: { id, parent } }: GrantedPartition): GrantedPartition | null {
    if (parent === null) return null;
    const name = partitionName(parent);
    const reason = denialOf(name, this);
    // A guest may read itself, but must not learn the id of its parent from the error.
    if (reason !== null)
      throw denied(reason, { name, words: `the parent of ${describeObject(partitionName(id))}` });
    return this.partition(parent);
  }

  /** The virtual processors of all partitions that the caller may read, without those that could not be listed. */
  allVirtualProcessors(): readonly Granted<VirtualProcessorName>[] {
    return (this.#virtualProcessors ??= this.partitions()
      .filter(({ entry }) => entry.listError === undefined)
      .flatMap((partition) => this.virtualProcessors(partition)));
  }

  /** The virtual processors of a partition, ascending. They are local to it, so its readers may read them. */
  virtualProcessors({ entry }: GrantedPartition): readonly Granted<VirtualProcessorName>[] {
    if (entry.listError !== undefined) throw entry.listError;
    return allGranted(this.#partitionOf(entry.id)?.virtualProcessors ?? []);
  }

  /** Throws INVALID_VP_INDEX if the partition has none with this index. */
  virtualProcessor(partition: GrantedPartition, index: number): Granted<VirtualProcessorName> {
    const { id, virtualProcessors, listError } = partition.entry;
    if (listError !== undefined) throw listError;
    const name = this.#partitionOf(id)?.virtualProcessor(index);
    if (name !== undefined) return asGranted(name);
    throw new HvqlError(
      'INVALID_VP_INDEX',
      `Partition ${id} has no virtual processor ${index}; there are ${rangeOf(virtualProcessors)}.`,
    );
  }

  /** A partition's names in the caller's area: SELF for itself, PARENT for its child. */
  #partitionOf(id: bigint): NamedPartition | undefined {
    return this.#names.partition(id, areaFor(this.caller, id));
  }

  /** `object`: what is read, if the name stands for more than itself. */
  #grant<Name extends ObjectName>(name: Name, object?: DeniedObject): Granted<Name> {
    const reason = denialOf(name, this);
    if (reason !== null) throw denied(reason, { name, object });
    return asGranted(name);
  }
}

/** The name of a granted object that also asks for its unlisted counters, which have the same rights. */
export function grantedWithUnlisted<Name extends ObjectName>(name: Granted<Name>): Granted<Name> {
  return asGranted(withUnlisted<Name>(name));
}

function asGranted<Name extends ObjectName>(name: Name): Granted<Name> {
  return name as Granted<Name>;
}

function grantedPartition({ name, entry }: NamedPartition): GrantedPartition {
  return { name: asGranted(name), entry };
}

function allGranted<Name extends ObjectName>(names: readonly Name[]): readonly Granted<Name>[] {
  return names as readonly Granted<Name>[];
}

function partitionName(partitionId: bigint): PartitionName {
  return { object: 'PARTITION', partitionId };
}

const firstLogicalProcessor: LogicalProcessorName = { object: 'LOGICAL_PROCESSOR', index: 0 };

const explanations: Readonly<Record<DenialReason, (words: string) => string>> = {
  NOT_ROOT: () => 'only the root partition may read the hypervisor and its logical processors',
  NOT_SELF_OR_PARENT: (words) => `only the partition itself and its parent may read ${words}`,
  NO_PRIVILEGE: (words) => `the caller lacks the privilege to read ${words}`,
};

/** What was denied; `words` describes it to the caller. */
interface Denial {
  readonly name: ObjectName;
  readonly object?: DeniedObject | undefined;
  readonly words?: string;
}

function denied(
  reason: DenialReason,
  { name, object = name, words = describeObject(name) }: Denial,
): AccessDenied {
  return new AccessDenied(`Access denied: ${explanations[reason](words)}.`, { object, reason });
}

/** The existing indexes as text: "4, from 0 to 3". */
function rangeOf(indexes: readonly number[]): string {
  const [first, last] = [indexes.at(0), indexes.at(-1)];
  return first === undefined || last === undefined ? 'none' : `${indexes.length}, from ${first} to ${last}`;
}

/** Computes a caller's access to a topology. */
export type AccessTo = (caller: Caller, topology: Topology) => Access;

/** The number of partitions whose access is kept per topology. */
const partitionsKept = 64;

const kept = new WeakMap<Topology, Map<bigint, (Access | undefined)[]>>();

/**
 * The access of a caller to a topology: the same object for the same partition and privileges, while it is kept. It
 * is therefore a key for what depends on rights over a topology.
 */
export function accessOf(caller: Caller, topology: Topology): Access {
  if (newest?.caller !== caller || newest.access.topology !== topology)
    newest = { caller, access: keptAccessOf(caller, topology) };
  return newest.access;
}

/** Each operation looks this up several times, and a caller that repeats requests is one object. */
let newest: { readonly caller: Caller; readonly access: Access } | null = null;

function keptAccessOf(caller: Caller, topology: Topology): Access {
  let byPartition = kept.get(topology);
  if (byPartition === undefined)
    kept.set(topology, (byPartition = new Map<bigint, (Access | undefined)[]>()));
  const { partitionId } = localCaller(caller, topology);
  let byPrivileges = byPartition.get(partitionId);
  if (byPrivileges === undefined) {
    byPrivileges = [];
    setBounded(byPartition, { key: partitionId, value: byPrivileges, limit: partitionsKept });
  }
  return (byPrivileges[numberOf(caller)] ??= new Access(caller, topology));
}

/** The privileges as the bits of a number. */
function numberOf({ privileges }: Caller): number {
  return (privileges.has('ACCESS_STATS') ? 1 : 0) + (privileges.has('ACCESS_STATS_MSR') ? 2 : 0);
}
