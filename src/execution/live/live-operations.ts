/** All open subscriptions: equal ones share an operation, and their number is limited. */
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import type { OperationContext } from '../../graph/context.ts';
import { LiveRequest } from '../../graph/type/subscription.ts';
import type { RetainedText } from '../../limits/usage.ts';
import type { ValueBudget } from '../../limits/value-budget.ts';
import type { Tick } from '../../sampling/schedule/tick.ts';
import { coercion, refused, retainedText, type ExecutionContext, type ServiceContext } from '../execute.ts';
import { LiveStream } from './live-stream.ts';
import { leaseRequest, type SubscriptionLease, type AcquireLease } from './subscription-leases.ts';
import { SubscriptionQuota } from './subscription-quota.ts';
import { declaredVariables, subscriptionKey } from './subscription-key.ts';
import { SharedSubscription } from './shared-subscription.ts';

/** Options of the subscriptions of a service. */
export interface LiveOperationsOptions extends ServiceContext {
  /** Set if other processes have streams too, which count towards the same limits. */
  readonly acquireLease?: AcquireLease;
}

/** The open subscriptions of a service. */
export class LiveOperations {
  readonly #options: LiveOperationsOptions;
  readonly #operations = new Map<string, SharedSubscription>();
  readonly #streams = new Set<LiveStream<Tick>>();
  readonly #quota: SubscriptionQuota;
  #isClosed = false;

  constructor(options: LiveOperationsOptions) {
    this.#options = options;
    this.#quota = new SubscriptionQuota(options.service.limits);
  }

  /** How many streams are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Runs a subscription like graphql-js's `subscribe`. Returns a stream, or a result with the errors. */
  readonly subscribe = async (args: ExecutionArgs): Promise<LiveStream<Tick> | ExecutionResult> => {
    // graphql-js leaves the type of contexts to its users.
    const context = args.contextValue as ExecutionContext;
    const hideSuggestions = context.operation.service.introspection !== 'on';
    const variableValues = declaredVariables(args);
    try {
      return await this.#subscribe({ ...args, ...coercion, variableValues, hideSuggestions }, context);
    } finally {
      // A stream has no deadline; each tick has one.
      context.deadline.stop();
    }
  };

  /** Ends all streams when the service ends. A stream that is still being opened ends at once. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.end();
  }

  async #subscribe(
    args: ExecutionArgs,
    { operation: context, budget }: ExecutionContext,
  ): Promise<LiveStream<Tick> | ExecutionResult> {
    const request = await createSourceEventStream(args);
    if (!(request instanceof LiveRequest)) {
      if ('errors' in request) return request;
      throw new TypeError('A subscription field returned no LiveRequest');
    }
    const { caller, service } = context;
    const key = subscriptionKey(args, caller);
    const found = this.#operations.get(key);
    // Events are shared: they contain nothing of this request.
    const { writesBytes = true } = this.#options;
    const { options } = request;
    const parts = { args: { ...args, contextValue: {} }, caller, service, options, writesBytes };
    const operation = found ?? new SharedSubscription(parts);
    const text = retainedText(args);
    const quotaProblem = (): HvqlError | null =>
      this.#quota.problem(caller.partitionId, this.#operations.has(key) ? null : text);
    const problem = quotaProblem() ?? (await eventProblem(operation, context)) ?? quotaProblem();
    if (problem !== null) return refused(problem);
    const { acquireLease } = this.#options;
    // Without leases, no await may come between the check and `#open`: two streams could pass the check for the last one.
    const lease =
      acquireLease === undefined ? null : await acquireLease(leaseRequest(args, { caller, text }));
    if (lease instanceof HvqlError) return refused(lease);
    return this.#open({ key, operation, caller, budget, text, lease });
  }

  #open(opening: {
    key: string;
    operation: SharedSubscription;
    caller: Caller;
    budget: ValueBudget;
    text: RetainedText;
    lease: SubscriptionLease | null;
  }): LiveStream<Tick> {
    const { key, budget, text, lease } = opening;
    const { partitionId } = opening.caller;
    // Another stream may have opened the same subscription in the meantime.
    const operation = this.#operations.get(key) ?? opening.operation;
    const scheduler = this.#options.sampler.scheduler(operation.options.every);
    if (!this.#operations.has(key)) {
      this.#operations.set(key, operation);
      this.#quota.countText(partitionId, { text, change: 1 });
      scheduler.add(operation);
    }
    const onEnd = (): void => {
      this.#streams.delete(stream);
      scheduler.removeListener(stream);
      this.#quota.countSubscription(partitionId, -1);
      lease?.release();
      if (operation.isWatched) return;
      this.#operations.delete(key);
      this.#quota.countText(partitionId, { text, change: -1 });
      scheduler.remove(operation);
    };
    const stream = new LiveStream({ operation, budget, onEnd }, scheduler.firstTick(operation));
    this.#streams.add(stream);
    scheduler.addListener(stream);
    this.#quota.countSubscription(partitionId, 1);
    if (this.#isClosed) stream.end();
    return stream;
  }
}

/** LIMIT_EXCEEDED if an event would cost too much; null also while the source is unavailable: then the first event reports it. */
async function eventProblem(
  operation: SharedSubscription,
  context: OperationContext,
): Promise<HvqlError | null> {
  let view;
  try {
    view = await context.view();
  } catch (error) {
    if (error instanceof HvqlError) return null;
    throw error;
  }
  return operation.problem(view.access.topology);
}
