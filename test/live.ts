/** Subscribes to the graph over a source, without a server, with a clock that the test controls. */
import { parse, validate, type ExecutionResult } from 'graphql';
import { expect, vi } from 'vitest';
import type { Caller } from '../src/access/caller.ts';
import { operationContext } from '../src/execution/execute.ts';
import { LiveOperations } from '../src/execution/live/live-operations.ts';
import type { LiveStream } from '../src/execution/live/live-stream.ts';
import type { Limits } from '../src/graph/context.ts';
import { createSchema } from '../src/graph/schema.ts';
import type { ValueBudget } from '../src/limits/value-budget.ts';
import type { HoldingLimits } from '../src/sampling/read/held-readings.ts';
import { Sampler } from '../src/sampling/sampler.ts';
import { caller, testLimits, type Answer, testHost } from './ask.ts';
import { FakeSource, partitionEntry } from './fake-source.ts';
import { expectNoTimers, useFakeTimers } from './fake-timers.ts';

const schema = createSchema();
/** As the service's cache of documents does: the same text is the same document. */
const documents = new Map<string, ReturnType<typeof parse>>();

export interface Subscription {
  readonly query: string;
  readonly caller?: Caller;
  readonly budget?: ValueBudget;
  readonly variables?: Record<string, unknown>;
}

/** A service's subscriptions over a fake source. Timers must be vitest's fake ones. */
export class LiveBench {
  readonly source: FakeSource;
  readonly sampler: Sampler;
  readonly live: LiveOperations;
  readonly unexpected: unknown[] = [];
  readonly #service;

  constructor(
    source: FakeSource,
    limits: Partial<Limits> = {},
    { writesBytes = true, holding }: { writesBytes?: boolean; holding?: HoldingLimits } = {},
  ) {
    this.source = source;
    this.sampler = new Sampler({
      source,
      clock: source,
      timeoutMilliseconds: 5000,
      wait: source.wait,
      onError: (error) => this.unexpected.push(error),
      ...(holding === undefined ? {} : { holding }),
    });
    const { sampler } = this;
    this.#service = {
      version: '1.2.3',
      host: testHost,
      limits: { ...testLimits, ...limits },
      introspection: 'on' as const,
      health: () => sampler.health,
    };
    this.live = new LiveOperations({
      sampler,
      service: this.#service,
      writesBytes,
    });
  }

  /** A stream, or the errors of a subscription that makes none. */
  async subscribe(subscription: Subscription): Promise<LiveStream | ExecutionResult> {
    const { query, variables } = subscription;
    const document = documents.get(query) ?? parse(query);
    documents.set(query, document);
    const problems = validate(schema, document);
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
    const request = {
      caller: subscription.caller ?? caller(1n),
      ...(subscription.budget === undefined ? {} : { budget: subscription.budget }),
      signal: new AbortController().signal,
    };
    const { sampler } = this;
    const contextValue = operationContext({ sampler, service: this.#service }, request);
    return this.live.subscribe({
      schema,
      document,
      contextValue,
      ...(variables && { variableValues: variables }),
    });
  }

  /** A stream; throws where the subscription fails. */
  async open(query: string, more: Omit<Subscription, 'query'> = {}): Promise<TestStream> {
    const stream = await this.subscribe({ query, ...more });
    if (!('next' in stream)) throw new Error(JSON.stringify(stream));
    return new TestStream(stream);
  }
}

/** A stream that is read like a client reads it. */
export class TestStream {
  readonly stream: LiveStream;

  constructor(stream: LiveStream) {
    this.stream = stream;
  }

  /** The next event as plain JSON; null at the end. */
  async next(): Promise<Answer | null> {
    const { done, value } = await this.stream.next();
    return done === true ? null : (JSON.parse(JSON.stringify(value)) as Answer);
  }
}

/** Far more turns of the event loop than any work takes. */
const mostTurns = 100_000;

/** The turns that calls of `settle` wait for. */
let ownTurns = 0;

/** Whether anything but `settle` waits for the next turn of the event loop. */
function isTurnAwaited(): boolean {
  return process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length > ownTurns;
}

/** Lets promises run, and what waits for the next turns of the event loop: on a busy machine work is in more slices. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 8 || (n < mostTurns && isTurnAwaited()); n += 1) {
    ownTurns += 1;
    await new Promise<void>((resolve) => setImmediate(resolve));
    ownTurns -= 1;
  }
}

/** Lets time pass, for timers and the source alike. */
export async function pass({ source }: LiveBench, milliseconds: number): Promise<void> {
  await settle();
  for (let left = milliseconds; left > 0; left -= 10) {
    const step = Math.min(left, 10);
    source.milliseconds += step;
    await vi.advanceTimersByTimeAsync(step);
    await settle();
  }
}

/** A fake source with the root partition 1 and its children 5 and 9. */
export function threePartitions(): FakeSource {
  const source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(9n, 1n)];
  return source;
}

/** A bench over three partitions, with fake timers; for `beforeEach`, with `closeBench` after each test. */
export function openBench(): LiveBench {
  useFakeTimers();
  return new LiveBench(threePartitions());
}

/** Ends all streams. Fails if an unexpected error occurred or a timer is left. */
export async function closeBench({ live, unexpected }: LiveBench): Promise<void> {
  live.close();
  await settle();
  expect(unexpected).toEqual([]);
  expectNoTimers();
  vi.useRealTimers();
}

/** A subscription to a counter of all logical processors, as it stands and as it changes. */
export const lps = `subscription { hypervisor { sampledAt logicalProcessors { counters { hardwareInterrupts } rates { interval { seconds } hardwareInterrupts } deltas { hardwareInterrupts } } } }`;
/** The interval of an event of `lps`; null where it has no rates. */
export const seconds = (answer: any) =>
  answer?.data.hypervisor.logicalProcessors[0].rates?.interval.seconds ?? null;
