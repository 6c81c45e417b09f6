/** Executes an operation over a source, as a caller, without a server. */
import { parse, validate, type ExecutionResult } from 'graphql';
import { allPrivileges, type Caller, type LocalCaller, type Privilege } from '../src/access/caller.ts';
import { executeOperation, operationContext } from '../src/execution/execute.ts';
import type { Limits } from '../src/graph/context.ts';
import { createSchema } from '../src/graph/schema.ts';
import { Sampler } from '../src/sampling/sampler.ts';
import type { Clock } from '../src/snapshot/moment.ts';
import { systemClock } from '../src/snapshot/moment.ts';
import type { Source } from '../src/source/source.ts';

const schema = createSchema();
/** The name of the host of sources in tests. */
export const testHost = 'test-host';
/** The name of another one. */
export const otherHost = 'other-host';
export const testLimits: Limits = {
  maxTokens: 10_000,
  maxDepth: 16,
  maxAliases: 200,
  maxNameLength: 128,
  maxDirectives: 50,
  maxBodyBytes: 1_048_576,
  maxOperationsPerConnection: 1_000,
  maxListItems: 1_000,
  maxValues: 100_000,
  maxPages: 5_000,
  maxTimeMilliseconds: 10_000,
  minIntervalMilliseconds: 100,
  maxIntervalMilliseconds: 3_600_000,
  maxWaitMilliseconds: 60_000,
  maxPageSize: 100,
  maxStreams: 100,
  maxStreamsPerCaller: 50,
  maxStreamText: 10_000,
  maxStreamTextPerCaller: 5_000,
  maxStreamValues: 10_000,
  maxValuesPerSecond: 100_000,
  maxWaiting: 100,
  maxWaitingPerCaller: 50,
  maxWaitingText: 10_000,
  maxWaitingTextPerCaller: 5_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 500,
};

/** A caller of this partition id, with both privileges unless others are given. */
export function caller(partitionId: bigint, privileges: readonly Privilege[] = allPrivileges): LocalCaller {
  return { partitionId, privileges: new Set(privileges) };
}

export interface Question {
  readonly source: Source;
  readonly caller?: Caller;
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly sampler?: Sampler;
  readonly limits?: Partial<Limits>;
  readonly waitsForNew?: boolean;
}

/** A sampler over a source for tests. */
export function samplerOf(
  source: Source & Partial<Clock> & { wait?: (milliseconds: number) => Promise<void> },
  timeoutMilliseconds = 5000,
): Sampler {
  const clock = source.now === undefined ? systemClock : { now: () => (source as Clock).now() };
  const wait = source.wait;
  return new Sampler({ source, clock, timeoutMilliseconds, ...(wait === undefined ? {} : { wait }) });
}

/** The answer as a client would see it: data and errors as plain JSON. Throws where the query is not valid. */
export async function ask(question: Question): Promise<Answer> {
  const { source, query, variables } = question;
  const sampler = question.sampler ?? samplerOf(source);
  const limits = { ...testLimits, ...question.limits };
  const service = {
    version: '1.2.3',
    host: testHost,
    limits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const document = parse(query);
  const problems = validate(schema, document);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  const request = {
    caller: question.caller ?? caller(1n),
    signal: new AbortController().signal,
    ...(question.waitsForNew === undefined ? {} : { waitsForNew: question.waitsForNew }),
  };
  const contextValue = operationContext({ sampler, service }, request);
  const result: ExecutionResult = await executeOperation({
    schema,
    document,
    contextValue,
    ...(variables === undefined ? {} : { variableValues: variables }),
  });
  return JSON.parse(JSON.stringify(result)) as Answer;
}

/** What JSON says of an answer. */
export interface Answer {
  readonly data: any;
  readonly errors?: readonly {
    message: string;
    path?: (string | number)[];
    extensions: Record<string, unknown>;
  }[];
}

/** The errors of an answer, short and sorted: where, which, and why. */
export function errorsOf(answer: Answer | null): string[] {
  return (answer?.errors ?? [])
    .map(({ path = [], extensions: { code, reason } }) =>
      [path.join('.'), code, reason].filter(Boolean).join(' '),
    )
    .sort();
}
