/** Takes some ten seconds of processor time: it runs the largest operations that the limits allow. */
import { parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { documentProblem } from '../../src/execution/document-limit.ts';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import { objectKey, type ObjectName } from '../../src/snapshot/object-name.ts';
import type { Readings } from '../../src/snapshot/reading.ts';
import { openSimulator } from '../../src/source/simulator/simulator.ts';
import type { Source } from '../../src/source/source.ts';
import { caller, testLimits, testHost } from '../ask.ts';
import { Random, costlyOperation, type ArgumentPool, type CostlyOperation } from './costly-operation.ts';
import { effortOf, slowness } from './processor-time.ts';

const schema = createSchema();
/** The default limits of the service. */
const limits = { ...testLimits, maxListItems: 5_000, maxValues: 250_000, maxPages: 10_000 };
const { signal } = new AbortController();
const seed = 16;

/** A host with 64 logical processors and some 128 partitions, of which each object has been read once. */
async function openFrozenHost(): Promise<Source> {
  const settings = { seed: 1, logicalProcessors: 64, partitions: 150, virtualProcessors: 8, nested: 0 };
  const simulator = openSimulator({ ...settings, release: 2026 }, systemClock);
  const topology = await simulator.topology(signal, null);
  const known = new Map<string, Readings['outcomes'][number]>();
  const read = async (objects: readonly ObjectName[]): Promise<Readings> => {
    const missing = objects.filter((object) => !known.has(objectKey(object)));
    if (missing.length > 0) {
      const { outcomes } = await simulator.read(missing, signal);
      for (const [n, outcome] of outcomes.entries()) {
        const object = missing[n];
        if (object !== undefined) known.set(objectKey(object), outcome);
      }
    }
    const outcomes = objects.flatMap((object) => known.get(objectKey(object)) ?? []);
    return { at: systemClock.now(), outcomes };
  };
  const { logicalProcessors, partitions } = topology;
  await read([
    { object: 'HYPERVISOR' },
    ...logicalProcessors.map((index) => ({ object: 'LOGICAL_PROCESSOR', index }) as const),
    ...partitions.flatMap(({ id: partitionId, virtualProcessors }) => [
      { object: 'PARTITION', partitionId } as const,
      ...virtualProcessors.map((index) => ({ object: 'VIRTUAL_PROCESSOR', partitionId, index }) as const),
    ]),
  ]);
  return {
    kind: 'frozen',
    description: 'frozen',
    topology: async () => topology,
    read,
    close: async () => {},
  };
}

let sampler: Sampler;
let pool: ArgumentPool;
/** New operation names, so that no operation is cached. */
let operations = 0;

beforeAll(async () => {
  const source = await openFrozenHost();
  sampler = new Sampler({
    source,
    clock: systemClock,
    timeoutMilliseconds: 60_000,
    wait: async () => {},
  });
  const { partitions } = await source.topology(signal, null);
  pool = {
    ids: partitions.flatMap(({ id: partitionId, virtualProcessors }) => [
      nodeIdOf({ object: 'PARTITION', partitionId }, testHost),
      ...virtualProcessors.map((index) =>
        nodeIdOf({ object: 'VIRTUAL_PROCESSOR', partitionId, index }, testHost),
      ),
    ]),
    partitionIds: partitions.map(({ id }) => String(id)),
    indexes: [0, 1, 2, 3, 4, 5, 6, 7],
    listItems: limits.maxListItems,
  };
});

/** Runs an operation for the first time. null if its document is rejected. */
async function run({ query, variables }: CostlyOperation, aliases: number) {
  const document = parse(query(aliases).replace('query', `query q${(operations += 1)}`));
  if (documentProblem(document, limits) !== null) return null;
  const service = {
    version: '',
    host: testHost,
    limits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const contextValue = operationContext({ sampler, service }, { caller: caller(1n), signal });
  return effortOf(() => executeOperation({ schema, document, contextValue, variableValues: variables }));
}

const longestMilliseconds = 50;
const refusalMilliseconds = 100;

/** How the operation blocks the event loop or is rejected too late; null if one of four runs does neither. */
async function problemOf(operation: CostlyOperation, aliases: number): Promise<string | null> {
  let problem: string | null = null;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const effort = await run(operation, aliases);
    if (effort === null) return null;
    const { result, totalMilliseconds: total, longestMilliseconds: longest } = effort;
    const isRefused =
      result.data === undefined && result.errors?.[0]?.extensions['code'] === 'LIMIT_EXCEEDED';
    const isWithin = (bound: number, actual: number): boolean =>
      actual <= bound || actual <= bound * slowness();
    if (isRefused ? isWithin(refusalMilliseconds, total) : isWithin(longestMilliseconds, longest))
      return null;
    const words = isRefused
      ? `is refused after ${total.toFixed()} ms`
      : `holds the event loop for ${longest.toFixed()} ms`;
    problem = `${operation.title.slice(0, 300)} with ${aliases} aliases ${words}`;
    // Far too slow: further runs would only take time.
    if (total > 5_000) return problem;
  }
  return problem;
}

const gone = (id: string): string => `${id}x`;
const declarations = { $ids: '[ID!]!', $indexes: '[Int!]!' };

/** A field that aliases repeat at the # in its text. */
function aliased(field: string): Omit<CostlyOperation, 'variables'> {
  const declared = Object.entries(declarations).filter(([name]) => field.includes(name));
  const variables = declared.map(([name, type]) => `${name}: ${type}`).join(', ');
  const head = variables === '' ? 'query' : `query (${variables})`;
  const all = (aliases: number): string[] =>
    Array.from({ length: aliases }, (_, n) => field.replace('#', `a${n}`));
  return { title: field, query: (aliases) => `${head} { ${all(aliases).join(' ')} }` };
}

/** Operations that were found to be expensive. */
const known: readonly (readonly [field: string, variables: () => Record<string, unknown>])[] = [
  ['#: nodes(ids: $ids) { id }', () => ({ ids: lists().map((n) => gone(String(pool.ids[n % 100]))) })],
  ['#: nodes(ids: $ids) { id }', () => ({ ids: lists().map((n) => pool.ids[n % pool.ids.length]) })],
  ['#: nodes(ids: $ids) { id }', () => ({ ids: lists().map((n) => absentId(n)) })],
  ['#: hypervisor { logicalProcessors(indexes: $indexes) { id } }', () => ({ indexes: lists() })],
  ['#: hypervisor { partitions { nodes { virtualProcessors(indexes: [99]) { id } } } }', () => ({})],
  ['#: hypervisor { partitions { nodes { virtualProcessorTotals { readable } } } }', () => ({})],
  ['#: hypervisor { partitions { nodes { virtualProcessors { id page { bytes } } } } }', () => ({})],
  [
    '#: hypervisor { virtualProcessors(first: 1, orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }) { id } }',
    () => ({}),
  ],
  ['#: counterDefinitions { object field title description }', () => ({})],
  ['#: __schema { types { name fields { name description args { name } type { name } } } }', () => ({})],
];

function lists(): number[] {
  return Array.from({ length: limits.maxListItems }, (_, n) => limits.maxListItems - n);
}

function absentId(n: number): string {
  return nodeIdOf({ object: 'PARTITION', partitionId: 1_000_000n + BigInt(n) }, testHost);
}

const aliasCounts = [1, 4, 16, 64, 195];

describe('the most expensive operation that the limits allow', () => {
  it.each(known)(
    'does not block the event loop, and a larger one is rejected immediately: %s',
    async (field, make) => {
      const operation = { ...aliased(field), variables: make() };
      expect(validate(schema, parse(operation.query(1)))).toEqual([]);
      for (const aliases of aliasCounts) expect(await problemOf(operation, aliases)).toBeNull();
    },
    300_000,
  );

  it(`is found by a random search with seed ${seed}`, async () => {
    const random = new Random(seed);
    const problems: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      const operation = costlyOperation(schema, { random, pool });
      expect(validate(schema, parse(operation.query(1)))).toEqual([]);
      for (const aliases of aliasCounts) {
        const problem = await problemOf(operation, aliases);
        if (problem !== null) problems.push(problem);
      }
    }
    expect(problems).toEqual([]);
  }, 600_000);
});
