/** Global ids: opaque names of objects. An id grants nothing: access is decided when the object is read. */
import { HvqlError } from '../errors.ts';
import { setBounded } from '../lib/bounded-map.ts';
import { excerpt } from '../lib/json.ts';
import { hypervisorName, objectKey, type ObjectName } from '../snapshot/object-name.ts';
import type { StatisticsObject } from '../catalogue/group.ts';

const prefixes: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'hypervisor',
  LOGICAL_PROCESSOR: 'logical-processor',
  PARTITION: 'partition',
  VIRTUAL_PROCESSOR: 'virtual-processor',
};

/** Ids by object name. A name is one object while the topology lives. */
const known = new WeakMap<ObjectName, string>();

/** The id of an object, which is also its cursor in a connection. */
export function nodeIdOf(name: ObjectName): string {
  let id = known.get(name);
  if (id === undefined) known.set(name, (id = encode(name)));
  return id;
}

function encode(name: ObjectName): string {
  return Buffer.from(`${prefixes[name.object]}:${objectKey(name)}`).toString('base64url');
}

const keys =
  /^(?:hypervisor:|logical-processor:lp\/(?<lp>\d+)|partition:partition\/(?<partition>\d+)|virtual-processor:partition\/(?<parent>\d+)\/vp\/(?<vp>\d+))$/;

/** The longest id has 66 characters: a virtual processor with numbers of 20 and 16 digits. */
const idLimit = 100;

/** Names by their ids, for lists of ids that are requested again. */
const parsed = new Map<string, ObjectName>();
const parsedLimit = 10_000;

/** The name that an id encodes. Throws INVALID_PARAMETER for any text that `nodeIdOf` does not return. */
export function parseNodeId(id: string): ObjectName {
  const known = parsed.get(id);
  if (known !== undefined) return known;
  const name = parse(id);
  setBounded(parsed, { key: id, value: name, limit: parsedLimit });
  return name;
}

function parse(id: string): ObjectName {
  const groups = id.length > idLimit ? undefined : keys.exec(Buffer.from(id, 'base64url').toString())?.groups;
  const name = groups === undefined ? undefined : nameOf(groups);
  // Base64 and decimal numbers have several spellings of one value: only one of them is the id.
  if (name !== undefined && encode(name) === id) return name;
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${JSON.stringify(excerpt(id, 60))} is not an id of this service.`,
  );
}

function nameOf(groups: Partial<Record<string, string>>): ObjectName {
  const { lp, partition, parent, vp } = groups;
  if (lp !== undefined) return { object: 'LOGICAL_PROCESSOR', index: Number(lp) };
  if (partition !== undefined) return { object: 'PARTITION', partitionId: BigInt(partition) };
  if (parent !== undefined && vp !== undefined) {
    return { object: 'VIRTUAL_PROCESSOR', partitionId: BigInt(parent), index: Number(vp) };
  }
  return hypervisorName;
}
