/** Names of objects as bytes, for another process. */
import { statisticsObjects } from '../../catalogue/group.ts';
import { areaOf, hypervisorName, type ObjectName } from '../../snapshot/object-name.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** Beside the kind of an object. */
const selfBit = 0x80;

/** The bytes of names, in order: kind and area, partition and index of each, 0 where there is none. */
export function encodeNames(names: readonly ObjectName[]): Buffer {
  const bytes = new ByteWriter();
  for (const name of names) {
    bytes.u8(statisticsObjects.indexOf(name.object) + (areaOf(name) === 'SELF' ? selfBit : 0));
    bytes.u64('partitionId' in name ? name.partitionId : 0n);
    bytes.u32('index' in name ? name.index : 0);
  }
  return bytes.finish();
}

/** The names of such bytes. */
export function decodeNames(encoded: Buffer): ObjectName[] {
  const bytes = new ByteReader(encoded);
  const names: ObjectName[] = [];
  while (!bytes.isAtEnd) {
    const kind = bytes.u8();
    const object = statisticsObjects[kind & ~selfBit];
    const area = (kind & selfBit) === 0 ? {} : ({ area: 'SELF' } as const);
    const [partitionId, index] = [bytes.u64(), bytes.u32()];
    if (object === 'LOGICAL_PROCESSOR') names.push({ object, index });
    else if (object === 'PARTITION') names.push({ object, partitionId, ...area });
    else if (object === 'VIRTUAL_PROCESSOR') names.push({ object, partitionId, index, ...area });
    else names.push(hypervisorName);
  }
  return names;
}
