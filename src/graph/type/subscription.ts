/** The entry points of subscriptions: any selection of the hypervisor or of a partition, again and again. */
import type { GrantedPartition } from '../../access/access.ts';
import { intervalArgument } from '../argument/argument.ts';
import type { Builder, Refs } from '../builder.ts';
import type { Limits, View } from '../context.ts';
import { HypervisorModel, PartitionModel } from '../model.ts';

/** What a subscription asks for beside its selection, in milliseconds. */
export interface LiveOptions {
  readonly every: number;
  readonly suppressUnchanged: boolean;
  /** The longest silence; null for any. */
  readonly heartbeat: number | null;
}

/** What the root field of an event is resolved with. */
export interface LiveEvent {
  /** Throws PAGE_UNAVAILABLE where the source could not say what exists. */
  view(): View;
  /** The partition that is watched; without an id the caller's own. Throws, and ends the stream, once it is gone. */
  partition(id: bigint | null): GrantedPartition;
}

/**
 * What the subscription fields give for a stream of events. graphql-js only finds out that it is asked for; the events
 * are made by whoever runs the subscription.
 */
export class LiveRequest implements AsyncIterable<LiveEvent> {
  readonly options: LiveOptions;

  constructor(options: LiveOptions) {
    this.options = options;
  }

  [Symbol.asyncIterator](): AsyncIterator<LiveEvent> {
    throw new TypeError('Live streams are made by LiveOperations');
  }
}

export function defineSubscription(builder: Builder, refs: Refs): void {
  builder.subscriptionType({
    description: 'Live queries: the first event arrives at once, then one at each interval of `every`.',
    fields: (t) => {
      const options = {
        every: t.arg({
          type: 'Duration',
          required: true,
          defaultValue: 1000,
          description: 'The time between two events.',
        }),
        suppressUnchanged: t.arg.boolean({
          required: true,
          defaultValue: false,
          description:
            'Whether to skip an event that equals the previous one. Useful for selections without times.',
        }),
        heartbeat: t.arg({
          type: 'Duration',
          required: false,
          description: 'The maximum time without an event when unchanged events are skipped.',
        }),
      };
      return {
        hypervisor: t.field({
          type: refs.hypervisor,
          nullable: false,
          description: 'The hypervisor, live.',
          args: options,
          subscribe: (_root, args, { operation }) => liveRequest(args, operation.service.limits),
          resolve: (event) => new HypervisorModel(event.view()),
        }),
        partition: t.field({
          type: refs.partition,
          nullable: false,
          description:
            'The partition with this id, live; without an id, the caller. The stream ends when the partition ends.',
          args: {
            id: t.arg({ type: 'UInt64', required: false, description: 'Its partition id.' }),
            ...options,
          },
          subscribe: (_root, args, { operation }) => liveRequest(args, operation.service.limits),
          resolve: (event, { id }) => new PartitionModel(event.view(), event.partition(id ?? null)),
        }),
      };
    },
  });
}

interface LiveArguments {
  readonly every: number;
  readonly suppressUnchanged: boolean;
  readonly heartbeat?: number | null | undefined;
}

/** Throws LIMIT_EXCEEDED for times outside the bounds. */
function liveRequest(
  { every, suppressUnchanged, heartbeat = null }: LiveArguments,
  limits: Limits,
): LiveRequest {
  const bounds = { least: limits.minIntervalMilliseconds, most: limits.maxIntervalMilliseconds };
  return new LiveRequest({
    every: intervalArgument('every', every, bounds),
    suppressUnchanged,
    heartbeat: heartbeat === null ? null : intervalArgument('heartbeat', heartbeat, bounds),
  });
}
