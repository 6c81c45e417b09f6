/** The entry points of subscriptions. */
import { HvqlError } from '../../../errors.ts';
import { intervalArgument } from '../../../graph/argument/argument.ts';
import type { Builder } from '../../../graph/builder.ts';
import { LiveRequest } from '../../../graph/type/subscription.ts';
import { fleetOf, fleetRoot, type FleetContext } from '../fleet-context.ts';
import type { FleetRef } from './fleet.ts';
import type { HostRef } from './host.ts';

/** Subscriptions: the same fields as those of queries, at an interval. */
export function defineFleetSubscription(
  builder: Builder,
  { host, fleet }: { readonly host: HostRef; readonly fleet: FleetRef },
): void {
  builder.subscriptionType({
    description:
      'Live queries: the first event arrives at once, then one at each interval of `every`, with the values that the hosts have sent by then. ' +
      'A host that has sent nothing for two intervals is null with HOST_UNREACHABLE until it sends again.',
    fields: (t) => {
      const every = t.arg({
        type: 'Duration',
        required: true,
        defaultValue: 1000,
        description: 'The time between two events.',
      });
      return {
        fleet: t.field({
          type: fleet,
          nullable: false,
          description: 'All hosts that the caller may query, live.',
          args: { every },
          subscribe: (_root, args, context) => liveRequest(args.every, context) as never,
          resolve: () => fleetRoot,
        }),
        host: t.field({
          type: host,
          nullable: false,
          description: 'The host with this name, live.',
          args: { name: t.arg.string({ required: true, description: 'Its name.' }), every },
          subscribe: (_root, args, context) => {
            hostNamed(args.name, context);
            return liveRequest(args.every, context) as never;
          },
          resolve: (_event, args, context) => hostNamed(args.name, context),
        }),
      };
    },
  });
}

/** Throws LIMIT_EXCEEDED for an interval outside the limits. */
function liveRequest(every: number, context: object): LiveRequest {
  const { intervals } = context as FleetContext;
  return new LiveRequest({
    every: intervalArgument('every', every, intervals),
    suppressUnchanged: false,
    heartbeat: null,
  });
}

function hostNamed(name: string, context: object) {
  const host = fleetOf(context).host(name);
  if (host !== null) return host;
  throw new HvqlError('NOT_FOUND', `${JSON.stringify(name)} is not the name of a host that you may query.`);
}
