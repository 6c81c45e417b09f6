/** The subscriptions of a gateway: equal ones of callers with equal rights share their events, and their number is limited. */
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { HvqlError } from '../../../errors.ts';
import { coercion, refused, retainedText } from '../../../execution/execute.ts';
import { LiveStream } from '../../../execution/live/live-stream.ts';
import { declaredVariables, subscriptionKey } from '../../../execution/live/subscription-key.ts';
import { SubscriptionQuota, type SubscriptionLimits } from '../../../execution/live/subscription-quota.ts';
import { LiveRequest } from '../../../graph/type/subscription.ts';
import type { FleetContext } from '../fleet-context.ts';
import type { HostRegistry } from '../host-registry.ts';
import { FleetSubscription, type FleetTick } from './fleet-subscription.ts';
import type { HostStreams } from './host-streams.ts';

/** The dependencies of the subscriptions of a gateway. */
export interface FleetSubscriptionsOptions {
  readonly registry: Pick<HostRegistry, 'all' | 'get'>;
  readonly streams: HostStreams;
  readonly limits: SubscriptionLimits;
  readonly maxFleetBytes: number;
}

/** The open subscriptions of a gateway. */
export class FleetSubscriptions {
  readonly #options: FleetSubscriptionsOptions;
  readonly #subscriptions = new Map<string, FleetSubscription>();
  readonly #streams = new Set<LiveStream<FleetTick>>();
  readonly #quota: SubscriptionQuota;
  #isClosed = false;

  constructor(options: FleetSubscriptionsOptions) {
    this.#options = options;
    this.#quota = new SubscriptionQuota(options.limits);
  }

  /** The number of watchers. */
  get size(): number {
    return this.#streams.size;
  }

  /** Runs a subscription like graphql-js's `subscribe`. Returns a stream, or a result with the errors. */
  readonly subscribe = async (args: ExecutionArgs): Promise<LiveStream<FleetTick> | ExecutionResult> => {
    // graphql-js leaves the type of contexts to its users.
    const context = args.contextValue as FleetContext;
    const variableValues = declaredVariables(args);
    const ownArgs = { ...args, ...coercion, variableValues };
    const request = await createSourceEventStream(ownArgs);
    if (!(request instanceof LiveRequest)) {
      if ('errors' in request) return request;
      throw new TypeError('A subscription field returned no LiveRequest');
    }
    const { caller, hosts, expiresAt } = context.fleet.grant;
    const rightsKey = JSON.stringify([caller.partitionId.toString(), [...caller.privileges].sort(), hosts]);
    const key = JSON.stringify([subscriptionKey(ownArgs, caller), rightsKey]);
    const text = retainedText(ownArgs);
    const known = this.#subscriptions.get(key);
    const problem: HvqlError | null = this.#quota.problem(
      caller.partitionId,
      known === undefined ? text : null,
    );
    if (problem !== null) return refused(problem);
    const { registry, streams, maxFleetBytes } = this.#options;
    const { options } = request;
    const subscription =
      known ??
      new FleetSubscription({
        args: { ...ownArgs, contextValue: {} },
        options,
        terms: {
          rights: { caller, hosts },
          rightsKey,
          everyMilliseconds: options.every,
          variables: variableValues,
        },
        context: { version: context.version, budget: context.budget, intervals: context.intervals },
        registry,
        streams,
        maxFleetBytes,
      });
    if (known === undefined) {
      this.#subscriptions.set(key, subscription);
      this.#quota.countText(caller.partitionId, { text, change: 1 });
    }
    const onEnd = (): void => {
      this.#streams.delete(stream);
      subscription.removeWatcher(stream);
      this.#quota.countSubscription(caller.partitionId, -1);
      if (subscription.isWatched) return;
      this.#subscriptions.delete(key);
      this.#quota.countText(caller.partitionId, { text, change: -1 });
    };
    const { budget } = context;
    const stream = new LiveStream({ operation: subscription, budget, onEnd }, subscription.firstTick());
    this.#streams.add(stream);
    subscription.addWatcher(stream, expiresAt);
    this.#quota.countSubscription(caller.partitionId, 1);
    if (this.#isClosed) stream.end();
    return stream;
  };

  /** Ends all streams when the service stops. A stream that is still being opened ends immediately. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.end();
  }
}
