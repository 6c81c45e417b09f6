/** A topology as JSON, for another process. */
import { topologyOf, type PartitionEntry, type Topology } from '../../snapshot/topology.ts';
import { hvqlErrorOf, recordOf, type ErrorRecord } from './error-record.ts';
import type { HeldFacts } from '../../snapshot/past.ts';
import type { StatisticsArea } from '../../snapshot/object-name.ts';
import type { Source } from '../source.ts';

/** A topology that JSON holds. */
interface TopologyRecord {
  readonly logicalProcessors: readonly number[];
  readonly listError?: ErrorRecord;
  readonly partitions: readonly PartitionRecord[];
}

interface PartitionRecord {
  readonly id: string;
  readonly parent: string | null;
  readonly name: string | null;
  readonly virtualProcessors: readonly number[];
  readonly listError?: ErrorRecord;
}

/** The bytes of a topology. */
export function encodeTopology({ logicalProcessors, listError, partitions }: Topology): Buffer {
  const record: TopologyRecord = {
    logicalProcessors,
    ...(listError === undefined ? {} : { listError: recordOf(listError) }),
    partitions: partitions.map(({ id, parent, name, virtualProcessors, listError: reason }) => ({
      id: id.toString(),
      parent: parent?.toString() ?? null,
      name,
      virtualProcessors,
      ...(reason === undefined ? {} : { listError: recordOf(reason) }),
    })),
  };
  return Buffer.from(JSON.stringify(record));
}

/** The topology of such bytes. */
export function decodeTopology(bytes: Buffer): Topology {
  // Written above, by a process of the same program.
  const { logicalProcessors, listError, partitions } = JSON.parse(bytes.toString()) as TopologyRecord;
  return topologyOf(
    listError === undefined ? logicalProcessors : hvqlErrorOf(listError),
    partitions.map(entryOf),
  );
}

function entryOf({ id, parent, name, virtualProcessors, listError }: PartitionRecord): PartitionEntry {
  return {
    id: BigInt(id),
    parent: parent === null ? null : BigInt(parent),
    name,
    virtualProcessors,
    ...(listError === undefined ? {} : { listError: hvqlErrorOf(listError) }),
  };
}

/** The properties of a source that may change. */
export interface SourceFacts {
  readonly unreadableLines: number | null;
  readonly areas: readonly StatisticsArea[] | null;
  readonly held: HeldFacts | null;
}

/** The facts before the other process has sent any. */
export const noFacts: SourceFacts = { unreadableLines: null, areas: null, held: null };

/** The facts of a source now. */
export function sourceFacts({ unreadableLines = null, areas = null, held = null }: Source): SourceFacts {
  return { unreadableLines, areas, held };
}

/** The facts in the body of a message. */
export function parseFacts(body: Buffer): SourceFacts {
  // Written above, by a process of the same program.
  return JSON.parse(body.toString()) as SourceFacts;
}
