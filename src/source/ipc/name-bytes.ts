/** Names of objects as bytes, for another process. */
import { statisticsObjects } from '../../catalogue/group.ts';
import { areaOf, hypervisorName, withUnlisted, type ObjectName } from '../../snapshot/object-name.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/** Beside the kind of an object. */
const selfBit = 0x80;
const unlistedBit = 0x40;

/** The bytes of names, in order: kind and area, partition and index of each, 0 if it has none. */
export function encodeNames(names: readonly ObjectName[]): Buffer {
  const bytes = new ByteWriter();
  for (const name of names) {
    const kind = statisticsObjects.indexOf(name.object);
    bytes.u8(kind | (areaOf(name) === 'SELF' ? selfBit : 0) | (name.unlisted === true ? unlistedBit : 0));
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
    const object = statisticsObjects[kind & ~(selfBit | unlistedBit)];
    const area = (kind & selfBit) === 0 ? {} : ({ area: 'SELF' } as const);
    const beside = (kind & unlistedBit) === 0 ? {} : ({ unlisted: true } as const);
    const [partitionId, index] = [bytes.u64(), bytes.u32()];
    if (object === 'LOGICAL_PROCESSOR') names.push({ object, index, ...beside });
    else if (object === 'PARTITION') names.push({ object, partitionId, ...area, ...beside });
    else if (object === 'VIRTUAL_PROCESSOR') names.push({ object, partitionId, index, ...area, ...beside });
    else names.push((kind & unlistedBit) === 0 ? hypervisorName : withUnlisted(hypervisorName));
  }
  return names;
}
