/** Global ids: opaque to clients, and no more than a name; whether it may be read is decided when it is. */
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

/** Ids that were asked for, by the name that stands for an object for as long as the topology does. */
const known = new WeakMap<ObjectName, string>();

/** The id of an object, also its cursor in a connection. */
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

/** The longest id there is has 66: a virtual processor's, with numbers of 20 and 16 digits. */
const idLimit = 100;

/** Names by their ids, for lists of ids that are requested again. */
const parsed = new Map<string, ObjectName>();
const parsedLimit = 10_000;

/** The name behind an id. Throws INVALID_PARAMETER for anything that `nodeIdOf` did not make. */
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
  // Base64 has many spellings of the same bytes and decimal of the same number: one of them is the id.
  if (name !== undefined && encode(name) === id) return name;
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${JSON.stringify(excerpt(id, 60))} is not an id that this service has given.`,
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
