/** Access that records the partitions whose virtual processors are requested. */
import type { VirtualProcessorName } from '../snapshot/object-name.ts';
import type { Topology } from '../snapshot/topology.ts';
import { type AccessTo, Access, type Granted, type GrantedPartition } from './access.ts';
import type { Caller } from './caller.ts';

/** Computes such access; `recorded` receives the id of each partition. */
export function recordingAccess(recorded: Set<bigint>): AccessTo {
  return (caller, topology) => new RecordingAccess({ caller, topology, recorded });
}

/** The same rules and names. */
class RecordingAccess extends Access {
  readonly #recorded: Set<bigint>;

  constructor(parts: { caller: Caller; topology: Topology; recorded: Set<bigint> }) {
    super(parts.caller, parts.topology);
    this.#recorded = parts.recorded;
  }

  override allVirtualProcessors(): readonly Granted<VirtualProcessorName>[] {
    for (const { entry } of this.partitions()) this.#recorded.add(entry.id);
    return super.allVirtualProcessors();
  }

  override virtualProcessors(partition: GrantedPartition): readonly Granted<VirtualProcessorName>[] {
    this.#recorded.add(partition.entry.id);
    return super.virtualProcessors(partition);
  }

  override virtualProcessor(partition: GrantedPartition, index: number): Granted<VirtualProcessorName> {
    this.#recorded.add(partition.entry.id);
    return super.virtualProcessor(partition, index);
  }
}
