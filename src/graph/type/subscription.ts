/** The entry points of subscriptions: any selection of the hypervisor or of a partition. */
import type { GrantedPartition } from '../../access/access.ts';
import { intervalArgument } from '../argument/argument.ts';
import type { Builder, Refs } from '../builder.ts';
import type { Limits, View } from '../context.ts';
import { HypervisorModel, PartitionModel } from '../model.ts';

/** The options of a subscription, in milliseconds. */
export interface LiveOptions {
  readonly every: number;
  readonly suppressUnchanged: boolean;
  /** The maximum time without an event; null for no maximum. */
  readonly heartbeat: number | null;
}

/** The root value of an event. */
export interface LiveEvent {
  /** Throws PAGE_UNAVAILABLE if the topology could not be read. */
  view(): View;
  /** The partition of the subscription; without an id, that of the caller. Throws, and ends the stream, if it is gone. */
  partition(id: bigint | null): GrantedPartition;
}

/** The source stream of the subscription fields. It only carries the options: LiveOperations creates the events. */
export class LiveRequest implements AsyncIterable<LiveEvent> {
  readonly options: LiveOptions;

  constructor(options: LiveOptions) {
    this.options = options;
  }

  [Symbol.asyncIterator](): AsyncIterator<LiveEvent> {
    throw new TypeError('LiveOperations creates the events of subscriptions');
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

/** Throws LIMIT_EXCEEDED for times outside the limits. */
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
