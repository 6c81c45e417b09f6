/** Whether hosts of the fleet report a counter, which each host determines from its own reading. */
import type { GraphQLFieldResolver } from 'graphql';
import { HvqlError } from '../../errors.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { isObject } from '../../lib/json.ts';
import { fleetOf } from './fleet-context.ts';
import type { FleetReader } from './fleet-reader.ts';
import type { HostPart } from './host-part.ts';

/** The maximum number of hosts that an operation queries; each response has all counters. */
const mostAsked = 8;

const part: HostPart = {
  text: 'counterDefinitions { object field isReported }',
  fragments: new Map(),
  variables: new Map(),
  expectedBytes: 32_768,
};

export const reportedDescription =
  'Whether hosts report it: whether a current reading of one such object contains it on the first host of each kind of source ' +
  `and version, at most ${mostAsked} hosts. null: the caller may read no such object there, or none of these hosts responds.`;

/** One query for all counters of an operation. */
export const readReported: GraphQLFieldResolver<unknown, unknown> = async (source, _args, context) => {
  const { object, field } = source as Counter;
  const reader = fleetOf(context as object);
  let reported = known.get(reader);
  if (reported === undefined) known.set(reader, (reported = ask(reader)));
  return (await reported).get(keyOf(object, field)) ?? null;
};

const known = new WeakMap<FleetReader, Promise<ReadonlyMap<string, boolean>>>();

async function ask(reader: FleetReader): Promise<ReadonlyMap<string, boolean>> {
  const reported = new Map<string, boolean>();
  const lists = await Promise.all(hostsToAsk(reader).map((host) => definitionsOf(reader, host)));
  for (const definition of lists.flat()) {
    if (!isObject(definition) || typeof definition['isReported'] !== 'boolean') continue;
    const key = keyOf(String(definition['object']), String(definition['field']));
    reported.set(key, reported.get(key) === true || definition['isReported']);
  }
  return reported;
}

async function definitionsOf(reader: FleetReader, host: string): Promise<readonly unknown[]> {
  try {
    const list = await reader.ask(host, part);
    return Array.isArray(list) ? (list as readonly unknown[]) : [];
  } catch (thrown) {
    // Otherwise hundreds of counters would have the same error.
    if (thrown instanceof HvqlError) return [];
    throw thrown;
  }
}

/** Hosts of one kind of source and one version report nearly the same counters; their kernels may differ. */
function hostsToAsk(reader: FleetReader): readonly string[] {
  const first = new Map<string, string>();
  for (const { name, status, alive } of reader.hosts()) {
    const kind = JSON.stringify([alive?.source, alive?.version]);
    if (status === 'ANSWERING' && !first.has(kind)) first.set(kind, name);
  }
  return [...first.values()].slice(0, mostAsked);
}

function keyOf(object: string, field: string): string {
  return `${object}.${field}`;
}
