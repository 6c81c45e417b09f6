/** The whole schema of the running service: the example operations, and documents that select everything. */
import { readdirSync, readFileSync } from 'node:fs';
import { coverage } from '@graphql-inspector/core';
import { buildSchema, getNamedType, isEnumType, Source } from 'graphql';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everythingOf, type LiteralOf } from './everything.ts';
import { post, serve, type Served } from './program.ts';

const folder = new URL('../../schema/', import.meta.url);
const schema = buildSchema(readFileSync(new URL('schema.graphql', folder), 'utf8'));
const examples = readdirSync(new URL('operations/', folder)).map((name) => ({
  name,
  query: readFileSync(new URL(`operations/${name}`, folder), 'utf8'),
}));
const isLive = ({ query }: { query: string }): boolean => query.includes('subscription ');
const rootFields = (of: 'Query' | 'Subscription'): string[] =>
  Object.keys((of === 'Query' ? schema.getQueryType() : schema.getSubscriptionType())?.getFields() ?? {});
const valuesOf = (name: string): string[] => {
  const type = schema.getType(name);
  if (!isEnumType(type)) throw new Error(`${name} is no enum`);
  return type.getValues().map((value) => value.name);
};

let served: Served;
/** What has been answered, and without an error. */
const answered: Source[] = [];
/** Global ids and a cursor that the service has returned. */
let given: { readonly ids: readonly string[]; readonly cursor: string };

/** Runs a query as the root. */
async function ask(name: string, query: string): Promise<any> {
  const { data, errors } = await post(served.url, { token: served.tokens[0], query });
  expect(errors).toBeUndefined();
  answered.push(new Source(query, name));
  return data;
}

/** Receives two events as the root. */
async function watch(name: string, query: string): Promise<void> {
  const headers = { Authorization: `Bearer ${served.tokens[0]}` };
  const client = createClient({ url: served.url, headers, retryAttempts: 0 });
  const events: any[] = [];
  for await (const event of client.iterate({ query })) if (events.push(event) === 2) break;
  client.dispose();
  expect(events.map(({ data, errors }) => [errors, data !== null])).toEqual([
    [undefined, true],
    [undefined, true],
  ]);
  answered.push(new Source(query, name));
}

const literalOf: LiteralOf = ({ name, type }) => {
  const { name: typeName } = getNamedType(type);
  switch (`${name}: ${typeName}`) {
    case 'id: ID':
      return JSON.stringify(given.ids[0]);
    case 'ids: ID':
      return JSON.stringify(given.ids);
    case 'id: UInt64':
      return '"1"';
    case 'index: Int':
      return '0';
    case 'indexes: Int':
      return '[0, 1]';
    case 'after: String':
    case 'before: String':
      return JSON.stringify(given.cursor);
    case 'suppressUnchanged: Boolean':
      return 'true';
    case 'object: StatisticsObject':
      return 'PARTITION';
  }
  if (typeName === 'PartitionOrder') return '{ partition: { counter: GPA_PAGES } }';
  if (typeName === 'PartitionFilter') return '{ isRoot: false }';
  if (name === 'orderBy') return '{ counter: TOTAL_RUN_TIME, by: RATE, direction: DESC }';
  // The past is in whole seconds.
  if (typeName === 'Duration') return name === 'last' || name === 'step' ? '"1s"' : '"200ms"';
  if (typeName === 'Int') return '1';
  throw new Error(`${name}: ${typeName} is new: what is it given here?`);
};

beforeAll(async () => {
  served = await serve(['--source', 'simulator?seed=1&lps=2&partitions=4&vps=2']);
  const { hypervisor } = await ask(
    'ids',
    `{ hypervisor {
      id
      logicalProcessor(index: 0) { id }
      partition(id: "1") { id virtualProcessor(index: 0) { id } }
      partitions { edges { cursor } }
    } }`,
  );
  const { id, logicalProcessor, partition, partitions } = hypervisor;
  given = {
    ids: [id, logicalProcessor.id, partition.id, partition.virtualProcessor.id],
    cursor: partitions.edges[1].cursor,
  };
});
afterAll(() => served.program.stop());

describe('the service', () => {
  it.each(examples.filter((example) => !isLive(example)))('answers $name', async ({ name, query }) => {
    await ask(name, query);
  });

  it.each(examples.filter(isLive))('sends events for $name', async ({ name, query }) => {
    await watch(name, query);
  });

  it.each(rootFields('Query'))('answers a query for every field below %s', async (field) => {
    await ask(`all of ${field}`, everythingOf(schema, { operation: 'query', field, literalOf }));
  });

  it.each(rootFields('Subscription'))('sends events with every field below %s', async (field) => {
    await watch(`live ${field}`, everythingOf(schema, { operation: 'subscription', field, literalOf }));
  });

  it.each(['LogicalProcessor', 'VirtualProcessor'])(
    'orders %ss by each counter in both directions',
    async (type) => {
      const field = `${type.charAt(0).toLowerCase()}${type.slice(1)}s`;
      const orders = [
        ...valuesOf(`${type}Counter`).map((counter) => `counter: ${counter}, by: VALUE`),
        ...valuesOf('CounterView').map((by) => `counter: TOTAL_RUN_TIME, by: ${by}`),
        ...valuesOf('OrderDirection').map((direction) => `counter: TOTAL_RUN_TIME, direction: ${direction}`),
      ];
      const fields = orders.map((order, n) => `n${n}: ${field}(orderBy: { ${order} }, first: 2) { index }`);
      const lists: object[] = [];
      while (fields.length > 0) {
        const some = fields.splice(0, 100).join(' ');
        const { hypervisor } = await ask(
          `orders of ${field} from ${lists.length}`,
          `{ hypervisor { ${some} } }`,
        );
        lists.push(...Object.values<object>(hypervisor));
      }
      expect(lists.length).toBeGreaterThan(20);
      expect(lists.every((list) => Array.isArray(list) && list.length === 2)).toBe(true);
    },
  );

  it('orders partitions by each counter', async () => {
    const orders = [
      ...valuesOf('PartitionCounter').map((counter) => `partition: { counter: ${counter}, by: VALUE }`),
      ...valuesOf('VirtualProcessorCounter').map(
        (counter) => `virtualProcessors: { counter: ${counter}, by: VALUE }`,
      ),
      ...valuesOf('CounterView').map((by) => `virtualProcessors: { counter: TOTAL_RUN_TIME, by: ${by} }`),
    ];
    const fields = orders.map(
      (order, n) => `n${n}: partitions(orderBy: { ${order} }, first: 2) { nodes { partitionId } }`,
    );
    while (fields.length > 0) {
      const some = fields.splice(0, 60).join(' ');
      const { hypervisor } = await ask(
        `orders of partitions before ${fields.length}`,
        `{ hypervisor { ${some} } }`,
      );
      expect(Object.values<any>(hypervisor).every(({ nodes }) => nodes.length === 2)).toBe(true);
    }
  });

  it.each(valuesOf('StatisticsObject'))('defines the counters of %s', async (object) => {
    const { counterDefinitions } = await ask(
      `definitions of ${object}`,
      `{ counterDefinitions(object: ${object}) { field object } }`,
    );
    expect(new Set(counterDefinitions.map((definition: any) => definition.object))).toEqual(
      new Set([object]),
    );
  });
});

// Last: it counts what the tests above have asked.
describe('the operations of these tests', () => {
  it('cover at least 90 % of the schema', () => {
    const { stats, types } = coverage(schema, answered);
    const missing = Object.entries(types).flatMap(([type, { children: fields }]) =>
      Object.entries(fields).flatMap(([field, { hits, children: args }]) => [
        ...(hits === 0 ? [`${type}.${field}`] : []),
        ...Object.entries(args).flatMap(([name, { hits: n }]) =>
          n === 0 ? [`${type}.${field}(${name})`] : [],
        ),
      ]),
    );
    const share = stats.numFieldsCovered / stats.numFields;
    expect(stats.numFields).toBeGreaterThan(300);
    expect(share, `not asked for: ${missing.join(', ')}`).toBeGreaterThanOrEqual(0.9);
  });
});
