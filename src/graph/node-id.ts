/** Global ids: opaque names of objects on their host. An id grants nothing: access is decided when the object is read. */
import { HvqlError } from '../errors.ts';
import { setBounded } from '../lib/bounded-map.ts';
import { excerpt } from '../lib/json.ts';
import { hypervisorName, objectKey, type ObjectName } from '../snapshot/object-name.ts';
import type { StatisticsObject } from '../catalogue/group.ts';

/** An object, and the name of its host. */
export interface HostObject {
  readonly host: string;
  readonly name: ObjectName;
}

const prefixes: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'hypervisor',
  LOGICAL_PROCESSOR: 'logical-processor',
  PARTITION: 'partition',
  VIRTUAL_PROCESSOR: 'virtual-processor',
};

/** The last id by object name. A name is the same object as long as its topology exists; the hypervisor's is shared by all hosts. */
const known = new WeakMap<ObjectName, { readonly host: string; readonly id: string }>();

/** The id of an object of a host, which is also its cursor in a connection. */
export function nodeIdOf(name: ObjectName, host: string): string {
  const last = known.get(name);
  if (last?.host === host) return last.id;
  const id = encode({ host, name });
  known.set(name, { host, id });
  return id;
}

function encode({ host, name }: HostObject): string {
  return Buffer.from(`${prefixes[name.object]}:${host}:${objectKey(name)}`).toString('base64url');
}

const keys =
  /^(?<kind>hypervisor|logical-processor|partition|virtual-processor):(?<host>[a-z0-9-]{1,63}):(?:lp\/(?<lp>\d+)|partition\/(?<partition>\d+)(?:\/vp\/(?<vp>\d+))?)?$/;

/** The longest id has 152 characters: a virtual processor with numbers of 20 and 16 digits on a host of 63. */
const idLimit = 200;

/** What ids name, for lists of ids that are requested again. */
const parsed = new Map<string, HostObject>();
const parsedLimit = 10_000;

/** The object that an id encodes. Throws INVALID_PARAMETER for any text that `nodeIdOf` does not return. */
export function parseNodeId(id: string): HostObject {
  const known = parsed.get(id);
  if (known !== undefined) return known;
  const object = parse(id);
  setBounded(parsed, { key: id, value: object, limit: parsedLimit });
  return object;
}

function parse(id: string): HostObject {
  const groups = id.length > idLimit ? undefined : keys.exec(Buffer.from(id, 'base64url').toString())?.groups;
  if (groups !== undefined) {
    const object = { host: groups['host'] ?? '', name: nameOf(groups) };
    // Base64 and decimal numbers have several spellings of one value, and a kind has one form: only that is the id.
    if (encode(object) === id) return object;
  }
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${JSON.stringify(excerpt(id, 60))} is not an id of this service.`,
  );
}

function nameOf(groups: Partial<Record<string, string>>): ObjectName {
  const { lp, partition, vp } = groups;
  if (lp !== undefined) return { object: 'LOGICAL_PROCESSOR', index: Number(lp) };
  if (partition === undefined) return hypervisorName;
  const partitionId = BigInt(partition);
  if (vp === undefined) return { object: 'PARTITION', partitionId };
  return { object: 'VIRTUAL_PROCESSOR', partitionId, index: Number(vp) };
}
