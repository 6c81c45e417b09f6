/** A random operation of a random caller on a random host, and what is wrong with the response. */
import { parse, print, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { allPrivileges, type Caller, type LocalCaller } from '../../src/access/caller.ts';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { nodeIdOf } from '../../src/graph/node-id.ts';
import type { Sampler } from '../../src/sampling/sampler.ts';
import type { ObjectName } from '../../src/snapshot/object-name.ts';
import { maxUInt64 } from '../../src/catalogue/counter.ts';
import { caller, samplerOf, testLimits, type Answer, otherHost, testHost } from '../ask.ts';
import { oneOf, rarely, type Choose } from './choice.ts';
import { expectedAnswer } from './expected-answer.ts';
import type { Reads } from './expected-change.ts';
import { problemsOf } from './expectation.ts';
import type { RandomHost } from './random-host.ts';
import { randomOperation, type RandomOperation } from './random-operation.ts';
import { isRootCaller, partitionFault } from './rule.ts';

/** The operation, its caller and the host. */
export interface Trial {
  readonly schema: GraphQLSchema;
  readonly host: RandomHost;
  readonly caller: LocalCaller;
  /** The same caller in the form that the service gets: the root may be called so. */
  readonly askedAs: Caller;
  readonly operation: RandomOperation;
  readonly document: DocumentNode;
  /** Global ids that the operation may name, and what they name. */
  readonly ids: ReadonlyMap<string, ObjectName | null>;
  readonly onField?: (name: string) => void;
}

/** A trial that is determined by the choices. */
export function randomTrial(
  choose: Choose,
  of: { schema: GraphQLSchema; host: RandomHost; root: 'query' | 'subscription' },
): Trial {
  const { schema, host, root } = of;
  const ids = idsOf(host);
  const operation = randomOperation({ schema, root, choose, scalars: scalarsOf(host, [...ids.keys()]) });
  const document = parse(operation.query);
  // Most of the time goes into this, and what makes operations makes all of them alike.
  if (rarely(choose, 5)) checkValid(schema, document);
  const caller = randomCaller(choose, host);
  const { privileges } = caller;
  const isRoot = isRootCaller({ caller, partitions: host.partitions });
  const askedAs: Caller = isRoot && rarely(choose, 3) ? { partitionId: 'root', privileges } : caller;
  return { schema, host, ids, operation, document, caller, askedAs };
}

function checkValid(schema: GraphQLSchema, document: DocumentNode): void {
  const problems = validate(schema, document);
  if (problems.length === 0) return;
  throw new Error(`not valid: ${problems.map(({ message }) => message).join(' ')}\n${print(document)}`);
}

/** A sampler over the trial's host, with a manual clock. */
export function trialSampler({ host }: Trial): Sampler {
  return samplerOf(host);
}

/** Executes the operation as the service does. */
export async function askTrial(trial: Trial, sampler: Sampler): Promise<Answer> {
  const { schema, document, operation } = trial;
  const service = {
    version: '1.2.3',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const request = { caller: trial.askedAs, signal: new AbortController().signal };
  const contextValue = operationContext({ sampler, service }, request);
  const variableValues = operation.variables;
  return asAnswer(await executeOperation({ schema, document, contextValue, variableValues }));
}

/** A result as a client sees it. */
export function asAnswer(result: object): Answer {
  return JSON.parse(JSON.stringify(result)) as Answer;
}

/** What is wrong with an answer; nothing where it is as the rules, the host and its pages say. */
export function judge(trial: Trial, answer: Answer, reads: Omit<Reads, 'host' | 'at'>): string[] {
  if (isRefused(answer)) return [];
  const { host, ids, operation } = trial;
  // Without a read, the response has no time.
  const at = reads.snapshots.at(-1)?.at ?? host.milliseconds;
  const world = { caller: trial.caller, ids, reads: { host, at, ...reads } };
  const expected = expectedAnswer({ ...trial, variables: operation.variables }, world);
  return [...problemsOf(expected, answer), ...leaksOf(trial, answer)];
}

/** Whether the operation as a whole is over a limit: then there is no data, and nothing else that is wrong. */
export function isRefused({ data, errors = [] }: Answer): boolean {
  return (
    data === undefined &&
    errors.length > 0 &&
    errors.every(({ path, extensions }) => path === undefined && extensions['code'] === 'LIMIT_EXCEEDED')
  );
}

/** Partitions that the response reveals, by name or in an error message, and should not. */
function leaksOf({ host, caller, operation, ids }: Trial, answer: Answer): string[] {
  const situation = { caller, partitions: host.partitions };
  const hidden = host.partitions.filter(({ id }) => partitionFault(situation, id) !== null);
  const text = JSON.stringify(answer.data ?? null);
  const named = hidden.flatMap(({ name }) =>
    name !== null && text.includes(JSON.stringify(name)) ? [name] : [],
  );
  const asked = JSON.stringify(operation);
  const known = new Set([caller.partitionId.toString()]);
  for (const { id } of host.partitions) if (!hidden.some((each) => each.id === id)) known.add(id.toString());
  for (const [id, name] of ids)
    if (asked.includes(id) && name !== null && 'partitionId' in name) known.add(name.partitionId.toString());
  const told = (answer.errors ?? []).flatMap(({ message }) =>
    [...message.matchAll(/partition[ /](\d+)/gi)].flatMap(([, id = '']) =>
      known.has(id) || new RegExp(`\\b0*${id}\\b`).test(asked) ? [] : [`the partition ${id} (${message})`],
    ),
  );
  return [...named, ...told].map((what) => `the answer tells of ${what}`);
}

/** A trial and what is wrong with its response, for debugging. */
export function reportOf({ caller, document, operation, host }: Trial, problems: readonly string[]): string {
  const partitions = host.partitions.map(
    ({ id, parent, virtualProcessors }) =>
      `${id} (of ${parent ?? 'no parent'}, with ${virtualProcessors.join(' ') || 'none'})`,
  );
  return [
    ...problems,
    print(document),
    `variables: ${JSON.stringify(operation.variables)}`,
    `caller: ${caller.partitionId} ${[...caller.privileges].join(' ')}`,
    `logical processors: ${host.logicalProcessors.join(' ')}`,
    `partitions: ${partitions.join(', ')}`,
    `of the source fails: ${host.fails}`,
  ].join('\n');
}

/** Any partition, one that does not exist, with any privileges. */
function randomCaller(choose: Choose, host: RandomHost): LocalCaller {
  const parents = host.partitions.flatMap(({ parent }) => parent ?? []);
  const id = oneOf(choose, [1n, 1n, 1n, ...host.partitions.map((each) => each.id), ...parents, 77n]);
  return caller(
    id,
    oneOf(choose, [allPrivileges, allPrivileges, allPrivileges, ['ACCESS_STATS'], ['ACCESS_STATS_MSR'], []]),
  );
}

/** Ids of all that exists, of much that does not, and texts that are not ids. */
function idsOf(host: RandomHost): Map<string, ObjectName | null> {
  const partitions = [...host.partitions.map(({ id }) => id), 999n];
  const names: ObjectName[] = [
    ...host.names(),
    { object: 'LOGICAL_PROCESSOR', index: 77 },
    { object: 'PARTITION', partitionId: 999n },
    { object: 'PARTITION', partitionId: maxUInt64 * 16n },
    ...partitions.map((partitionId) => ({ object: 'VIRTUAL_PROCESSOR', partitionId, index: 77 }) as const),
  ];
  const strange = [
    '',
    ' ',
    'partition:partition/1',
    'cGFydGl0aW9u',
    `${nodeIdOf({ object: 'HYPERVISOR' }, testHost)}=`,
    nodeIdOf({ object: 'HYPERVISOR' }, otherHost),
    nodeIdOf({ object: 'PARTITION', partitionId: 1n }, otherHost),
    '\u0000',

    'x'.repeat(300),
    '__proto__',
  ];
  return new Map([
    ...names.map((name) => [nodeIdOf(name, testHost), name] as const),
    ...strange.map((text) => [text, null] as const),
  ]);
}

/** Values for arguments: mostly such as exist and may be, and all that is at an edge. */
export function scalarsOf(host: RandomHost, ids: readonly string[]): Record<string, readonly unknown[]> {
  const partitions = host.partitions.map(({ id }) => id.toString());
  return {
    UInt64: ['1', ...partitions, ...partitions, 5, 0, '999', maxUInt64.toString(), '00000000000000000001'],
    ID: ids,
    // Cursors are ids; the others are in names.
    String: [...ids, 'name', 'the name of 1', '1', ''],
    Int: [0, 1, 2, 3, 1, 2, 0, 1, 4, 7, 77, 100, -1, 101, 2_147_483_647, -2_147_483_648],
    Duration: ['100ms', '1s', '250ms', '1.5s', '2s', '99ms', '0ms', '1m', '60001ms', '1h', '3600001ms'],
    Boolean: [false, true],
  };
}
