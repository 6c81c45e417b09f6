/** Access that notes whose virtual processors are looked for. */
import type { VirtualProcessorName } from '../snapshot/object-name.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { AccessTo } from './access-of.ts';
import { Access, type Granted, type GrantedPartition } from './access.ts';
import type { Caller } from './caller.ts';

/** What makes such access: `noted` gets the id of each partition whose virtual processors are asked for. */
export function recordingAccess(noted: Set<bigint>): AccessTo {
  return (caller, topology) => new RecordingAccess({ caller, topology, noted });
}

/** The same rules, and the same names. */
class RecordingAccess extends Access {
  readonly #noted: Set<bigint>;

  constructor(parts: { caller: Caller; topology: Topology; noted: Set<bigint> }) {
    super(parts.caller, parts.topology);
    this.#noted = parts.noted;
  }

  override allVirtualProcessors(): readonly Granted<VirtualProcessorName>[] {
    for (const { entry } of this.partitions()) this.#noted.add(entry.id);
    return super.allVirtualProcessors();
  }

  override virtualProcessors(partition: GrantedPartition): readonly Granted<VirtualProcessorName>[] {
    this.#noted.add(partition.entry.id);
    return super.virtualProcessors(partition);
  }

  override virtualProcessor(partition: GrantedPartition, index: number): Granted<VirtualProcessorName> {
    this.#noted.add(partition.entry.id);
    return super.virtualProcessor(partition, index);
  }
}
