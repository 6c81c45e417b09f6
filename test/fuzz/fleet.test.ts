/**
 * Random operations of random callers of a host against that host and another one, over NATS and through a gateway: each
 * answer is the one that the rules and the host say, and has no value of a host that the caller's token does not name, nor
 * its name. FUZZ_RUNS=10000 asks as many of them.
 */
import { GraphQLObjectType, GraphQLSchema, print, visit, type DocumentNode } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GrantedHosts } from '../../src/server/auth/token.ts';
import { createFleetSchema } from '../../src/fleet/gateway/fleet-schema.ts';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { catalogue } from '../../src/catalogue/catalogue.ts';
import { otherHost, testHost, type Answer } from '../ask.ts';
import { natsServerPath } from '../fleet/nats-server.ts';
import { settle } from '../live.ts';
import { choicesOf, fuzzSettings, oneOf, type Choose } from './choice.ts';
import { openFuzzedFleet, type FleetQuestion, type FuzzedFleet } from './fuzzed-fleet.ts';
import { RandomHost } from './random-host.ts';
import { randomOperation } from './random-operation.ts';
import { judge, randomTrial, reportOf, scalarsOf, type Trial } from './trial.ts';

const { seed, numRuns } = fuzzSettings(200);
const schema = createSchema();
const fleetSchema = createFleetSchema();
/** The fields of the query type of a host that a gateway has below `host`, and those that it has itself. */
const belowHost = withQueryFields(['hypervisor', 'partition']);
const nodes = withQueryFields(['node', 'nodes']);

const hosts = Array.from({ length: Math.ceil(numRuns / 20) }, (_, n) => new RandomHost(seed, 3_000 + n))
  // A gateway has an error for each of its fields where a host has one for all.
  .filter(({ fails }) => fails === 'nothing');
/** What is in place of a host's own seed for the one beside it. */
const others = Array.from({ length: 20 }, (_, n) => new RandomHost(seed, 90_000 + n));

/** How many answers there were of each kind, and how many had something of the other host where its name is in the token. */
const seen = new Map<string, number>();

describe.skipIf(natsServerPath === null)('any operation of any caller in a fleet', () => {
  let fleet: FuzzedFleet;
  beforeAll(async () => {
    fleet = await openFuzzedFleet();
  });
  afterAll(() => fleet.close());

  it(
    'gets the response that the rules require, and nothing of other hosts',
    { timeout: 1_200_000 },
    async () => {
      for (let number = 0; number < numRuns; number += 1) {
        const choose = choicesOf(seed, 77, number);
        const kind = oneOf(choose, Object.keys(ways) as (keyof typeof ways)[]);
        const trial = randomTrial(choose, {
          schema: schemaOf[kind],
          host: oneOf(choose, hosts),
          root: 'query',
        });
        const other = oneOf(choose, others);
        fleet.use({ [testHost]: trial.host, [otherHost]: other });
        const problems = await ways[kind]({ fleet, trial, other, choose });
        // What was asked for in a place that was lost may still be read.
        await settle();
        if (problems.length > 0) throw new Error(`trial ${number}, ${kind}:\n${reportOf(trial, problems)}`);
      }
      expect(Object.keys(ways).filter((kind) => (seen.get(kind) ?? 0) < numRuns / 20)).toEqual([]);
      expect(seen.get('the other host was there to be seen') ?? 0).toBeGreaterThan(numRuns / 100);
    },
  );
});

interface Asked {
  readonly fleet: FuzzedFleet;
  readonly trial: Trial;
  readonly other: RandomHost;
  readonly choose: Choose;
}

const schemaOf = {
  'a host over NATS': schema,
  'the other host over NATS': schema,
  'below a host, through the gateway': belowHost,
  'nodes, through the gateway': nodes,
  'the graph of the fleet': nodes,
} as const;

const ways: Readonly<Record<keyof typeof schemaOf, (asked: Asked) => Promise<readonly string[]>>> = {
  'a host over NATS': async ({ fleet, trial, choose }) => {
    const named = oneOf(choose, [[testHost], [testHost, otherHost], '*'] as const);
    return judged(trial, await fleet.askHost(testHost, questionOf(trial, named)), 'a host over NATS');
  },
  'the other host over NATS': async ({ fleet, trial, other }) => {
    const answer = await fleet.askHost(otherHost, questionOf(trial, [testHost]));
    count('the other host over NATS');
    const codes = (answer.errors ?? []).map(({ extensions }) => extensions['code']);
    const isRefused = answer.data === undefined && codes.join() === 'UNAUTHENTICATED';
    const reads = other.snapshots.length;
    return isRefused && reads === 0
      ? []
      : [`is answered with ${JSON.stringify(answer)} after ${reads} reads`];
  },
  'below a host, through the gateway': async ({ fleet, trial, other, choose }) => {
    const named = oneOf(choose, [[testHost], [testHost, otherHost], '*'] as const);
    const query = print(belowHostField(trial.document));
    const answer = await fleet.askGateway({ ...questionOf(trial, named), query });
    const problems = judged(trial, withoutHostField(answer), 'below a host, through the gateway');
    return named === '*' || named.length > 1
      ? problems
      : [...problems, ...leaksOf(answer, { trial, other, query: textOf({ ...trial.operation, query }) })];
  },
  'nodes, through the gateway': async ({ fleet, trial, other }) => {
    const question = questionOf(trial, [testHost]);
    const answer = await fleet.askGateway(question);
    return [
      ...judged(trial, answer, 'nodes, through the gateway'),
      ...leaksOf(answer, { trial, other, query: textOf(question) }),
    ];
  },
  'the graph of the fleet': async ({ fleet, trial, other, choose }) => {
    const named = oneOf<GrantedHosts>(choose, [[testHost], [testHost], [testHost, otherHost], '*']);
    const scalars = fleetScalars(trial, other);
    const operation = randomOperation({ schema: fleetSchema, root: 'query', choose, scalars });
    const question = { ...questionOf(trial, named), ...operation };
    const answer = await fleet.askGateway(question);
    count('the graph of the fleet');
    const leaks = leaksOf(answer, { trial, other, query: textOf(question) });
    if (named !== '*' && !named.includes(otherHost))
      return leaks.map((leak) => `${leak}\n${operation.query}`);
    if (leaks.length > 0) count('the other host was there to be seen');
    return [];
  },
};

function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

function questionOf({ askedAs, operation }: Trial, named: GrantedHosts): FleetQuestion {
  return { caller: askedAs, hosts: named, ...operation };
}

function judged(trial: Trial, answer: Answer, kind: keyof typeof schemaOf): readonly string[] {
  count(kind);
  const problems = judge(trial, answer, { snapshots: [...trial.host.snapshots], earlier: [] });
  return problems.length === 0 ? [] : [...problems, JSON.stringify(answer).slice(0, 3_000)];
}

/** What an answer has of the other host: its name, in ids as well, names of its partitions, and numbers of its pages. */
function leaksOf(
  answer: Answer,
  { trial, other, query }: { readonly trial: Trial; readonly other: RandomHost; readonly query: string },
): string[] {
  const text = JSON.stringify(answer);
  const words = [...text.matchAll(/[A-Za-z0-9_-]{8,}/g)].map(([word]) => word);
  const decoded = [text, ...words.map((word) => Buffer.from(word, 'base64url').toString())];
  const named = decoded.filter((each) => each.includes(otherHost) && !query.includes(each));
  // A client may ask by a name or an id, and learns that it does not exist.
  const isAsked = query.includes(otherHost) || words.some((word) => query.includes(word) && isOfOther(word));
  const own = numbersOf(trial.host);
  const numbers = [...text.matchAll(/"(\d{10,20})"/g)].map(([, digits = '']) => digits);
  const told = numbers.filter((digits) => numbersOf(other).has(digits) && !own.has(digits));
  return [
    ...(named.length > 0 && !isAsked
      ? [`the answer has the name of the other host (${named[0]?.slice(0, 300)})`]
      : []),
    ...told.map((digits) => `the answer has the number ${digits} of the other host`),
  ];
}

function isOfOther(word: string): boolean {
  return Buffer.from(word, 'base64url').toString().includes(otherHost);
}

const numbers = new WeakMap<RandomHost, ReadonlySet<string>>();

/** Long numbers in the pages of a host at its start. */
function numbersOf(host: RandomHost): ReadonlySet<string> {
  let found = numbers.get(host);
  if (found === undefined) {
    const all = host
      .names()
      .flatMap((name) =>
        catalogue
          .filter(({ statisticsGroup }) => statisticsGroup.object === name.object)
          .map((counter) => host.numberAt(name, counter, 0)),
      );
    // The largest one is in the pages of all hosts.
    found = new Set(all.flatMap((value) => (value === null || value % 16n === 15n ? [] : [String(value)])));
    numbers.set(host, found);
  }
  return found;
}

function fleetScalars(trial: Trial, other: RandomHost): Record<string, readonly unknown[]> {
  const names = [testHost, otherHost].map((name) => Buffer.from(`host:${name}`).toString('base64url'));
  const ids = [
    ...trial.ids.keys(),
    ...other.names().map((name) => nodeIdOf(name, otherHost)),
    ...names,
    ...names,
  ];
  const scalars = scalarsOf(trial.host, ids);
  return { ...scalars, String: [testHost, otherHost, testHost, 'host', ...ids] };
}

/** The schema of a host whose query type has these fields only. */
function withQueryFields(names: readonly string[]): GraphQLSchema {
  const { query, types, ...config } = schema.toConfig();
  const { fields, ...rest } = (query as GraphQLObjectType).toConfig();
  const some = Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...rest, fields: some }),
    subscription: null,
    types: types.filter(({ name }) => name !== 'Query' && name !== 'Subscription'),
  });
}

/** The selection of a host's query type, as its gateway sends it to the host. */
function belowHostField(document: DocumentNode): DocumentNode {
  return visit<DocumentNode>(document, {
    NamedType: (node) =>
      node.name.value === 'Query' ? { ...node, name: { ...node.name, value: 'Host' } } : undefined,
    OperationDefinition: {
      leave: (node) => ({
        ...node,
        selectionSet: {
          kind: 'SelectionSet',
          selections: [
            {
              kind: 'Field',
              alias: { kind: 'Name', value: 'h' },
              name: { kind: 'Name', value: 'host' },
              arguments: [
                {
                  kind: 'Argument',
                  name: { kind: 'Name', value: 'name' },
                  value: { kind: 'StringValue', value: testHost },
                },
              ],
              selectionSet: node.selectionSet,
            },
          ],
        },
      }),
    },
  });
}

function textOf({ query, variables }: Pick<FleetQuestion, 'query' | 'variables'>): string {
  return `${query} ${JSON.stringify(variables)}`;
}

/** The response as a host would return it. */
function withoutHostField(answer: Answer): Answer {
  const errors = answer.errors?.map(({ path, ...error }) => ({
    ...error,
    ...(path === undefined ? {} : { path: path.slice(1) }),
  }));
  const own = answer.data?.h;
  // A host refuses all of an operation that is over a limit, and each of its fields is null then.
  if (errors?.some(({ extensions, path }) => extensions['code'] === 'LIMIT_EXCEEDED' && path?.length === 1))
    return { data: undefined, errors: errors.map(({ path: _, ...error }) => error) };
  const data =
    own === undefined
      ? answer.data
      : Object.fromEntries(
          Object.entries(own as object).map(([key, value]) => [key, value === 'Host' ? 'Query' : value]),
        );
  return { ...answer, data, ...(errors === undefined ? {} : { errors }) };
}
