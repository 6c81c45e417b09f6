/** Random operations of any caller: no response reveals what the caller may not read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isCompositeType,
  Kind as Node,
  parse,
  print,
  TypeInfo,
  visit as visitNodes,
  visitWithTypeInfo,
  type FieldNode,
} from 'graphql';
import { allPrivileges } from '../../src/access/caller.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { caller } from '../ask.ts';
import { randomOperation as makeOperation } from '../fuzz/random-operation.ts';
import { globalFault, partitionFault, type Situation } from '../fuzz/rule.ts';
import type { Answer } from './answer.ts';
import { openEventStream } from './event-stream.ts';
import { kindsOf, type Kind, type Visit } from './kind.ts';
import { openWebSocketStream } from './websocket-visitor.ts';
import { get, post, type Question } from './transport.ts';

const schema = createSchema();
/** Response keys that the operations themselves do not have. */
const idKey = 'theId';
const globalKey = /^ofTheHypervisor\d+$/;
/** What of the hypervisor only the root may read; its other fields have rules of their own. */
const globalFields = new Set(['counters', 'deltas', 'rates', 'page', 'unlisted']);
const objectTypes = new Set(['LogicalProcessor', 'Partition', 'VirtualProcessor', 'Node']);

/** Random operations. */
export const randomOperations: readonly Kind[] = kindsOf({
  'a random operation of any caller': async (visit) => {
    const { random, callers } = visit;
    const before = partitionsNow(visit);
    const ids = [...before.keys()];
    const who = caller(
      BigInt(random.one(['1', '1', '2', ...ids, '77'])),
      random.one([allPrivileges, allPrivileges, ['ACCESS_STATS'], ['ACCESS_STATS_MSR'], []]),
    );
    const way = random.one(['POST', 'GET', 'SSE', 'WebSocket'] as const);
    const isOfEvents = way === 'SSE' || way === 'WebSocket';
    const { query, variables } = makeOperation({
      schema,
      root: isOfEvents && random.whole(0, 1) === 0 ? 'subscription' : 'query',
      choose: (most) => random.whole(0, most),
      scalars: scalarsOf(ids),
    });
    const token = await callers.of(who.partitionId, [...who.privileges]);
    const answers = await answersBy(way, visit, { token, query: withIds(query), variables });
    const after = partitionsNow(visit);
    // While one host is put in the place of another, either may be meant.
    const situations = [before, after].map((partitions): Situation => ({
      caller: who,
      partitions: [...partitions].map(([id, parent]) => ({
        id: BigInt(id),
        parent: parent === null ? null : BigInt(parent),
        name: null,
        virtualProcessors: [],
      })),
    }));
    const isSettled = before.size > 0 && JSON.stringify([...before]) === JSON.stringify([...after]);
    const told = new Set(isSettled ? answers.flatMap(({ data }) => forbiddenIn(data, situations)) : []);
    if (told.size === 0) return answers;
    const message = `${[...told].join(', ')} to ${who.partitionId} ${[...who.privileges].join(' ')}: ${query}`;
    return [...answers, { channel: 'any', code: 'leak', message }];
  },
});

/** Ids and parents of the partitions, as the folder's manifest has them; none where it cannot be read. */
function partitionsNow({ pages }: Visit): ReadonlyMap<string, string | null> {
  try {
    const { partitions } = JSON.parse(readFileSync(join(pages, 'manifest.json'), 'utf8')) as {
      partitions: readonly { id: string; parent: string | null }[];
    };
    return new Map(partitions.map(({ id, parent }) => [id, parent ?? null]));
  } catch {
    return new Map();
  }
}

/** The operation, which asks for the id of each object as well, and for what is the hypervisor's under names of its own. */
function withIds(query: string): string {
  const info = new TypeInfo(schema);
  let count = 0;
  const id: FieldNode = {
    kind: Node.FIELD,
    name: { kind: Node.NAME, value: 'id' },
    alias: { kind: Node.NAME, value: idKey },
  };
  const visitor = visitWithTypeInfo(info, {
    SelectionSet: {
      leave: (node) => {
        const type = info.getParentType();
        if (!isCompositeType(type) || !objectTypes.has(type.name)) return undefined;
        return { ...node, selections: [...node.selections, id] };
      },
    },
    Field: {
      leave: (node) => {
        if (info.getParentType()?.name !== 'Hypervisor' || !globalFields.has(node.name.value))
          return undefined;
        count += 1;
        return { ...node, alias: { kind: Node.NAME, value: `ofTheHypervisor${count}` } } as FieldNode;
      },
    },
  });
  return print(visitNodes(parse(query), visitor));
}

/** What the data has and none of the situations allows. */
function forbiddenIn(data: unknown, situations: readonly Situation[]): string[] {
  if (typeof data !== 'object' || data === null) return [];
  const isGlobalDenied = situations.every((situation) => globalFault(situation) !== null);
  return Object.entries(data).flatMap(([key, value]) => {
    if (key !== idKey) {
      const own = globalKey.test(key) && value !== null && isGlobalDenied ? ['the hypervisor'] : [];
      return [...own, ...forbiddenIn(value, situations)];
    }
    const name = Buffer.from(String(value), 'base64url').toString();
    const partition = /partition\/(\d+)/.exec(name)?.[1];
    const isDenied =
      partition === undefined
        ? name.startsWith('logical-processor') && isGlobalDenied
        : situations.every((situation) => partitionFault(situation, BigInt(partition)) !== null);
    return isDenied ? [name] : [];
  });
}

/** Values for arguments: such as exist, and some at an edge. */
function scalarsOf(partitions: readonly string[]): Record<string, readonly unknown[]> {
  const names = ['1', '2', ...partitions];
  const idOf = (kind: string, key: string): string =>
    Buffer.from(`${kind}:local:${key}`).toString('base64url');
  const ids = [
    idOf('hypervisor', ''),
    idOf('logical-processor', 'lp/0'),
    ...names.flatMap((id) => [
      idOf('partition', `partition/${id}`),
      idOf('virtual-processor', `partition/${id}/vp/0`),
    ]),
  ];
  return {
    UInt64: [...names, '999999', 0],
    ID: [...ids, '', 'x'],
    String: [...ids, 'vm', ''],
    Int: [1, 2, 0, 3, 100, -1, 101],
    Duration: ['100ms', '250ms', '1s', '99ms', '61s'],
    Boolean: [false, true],
  };
}

/** Asks; of a stream, takes the first event. */
async function answersBy(
  way: 'POST' | 'GET' | 'SSE' | 'WebSocket',
  visit: Visit,
  question: Question,
): Promise<readonly Answer[]> {
  if (way === 'POST') return post(visit, question);
  if (way === 'GET') return get(visit, question);
  const stream = (way === 'SSE' ? openEventStream : openWebSocketStream)(visit, question);
  const answers = await stream.receive();
  await stream.leave('by cutting');
  return answers ?? [];
}
