/** The graph of a fleet: the graph of a host below each host, and lists, totals and names of hosts above them. */
import type { GraphQLSchema } from 'graphql';
import { createBuilder, createRefs } from '../../graph/builder.ts';
import { withCounterDirective } from '../../graph/extension.ts';
import { defineObjects } from '../../graph/schema.ts';
import { readAnswers } from './answer-resolvers.ts';
import { defineFleetQuery } from './type/fleet-query.ts';
import { defineFleetSubscription } from './type/fleet-subscription.ts';
import { defineFleet } from './type/fleet.ts';
import { defineHost, defineStatus } from './type/host.ts';

/** A new schema. Its resolvers need a `FleetContext`. */
export function createFleetSchema(): GraphQLSchema {
  const builder = createBuilder();
  const refs = createRefs(builder);
  const objects = defineObjects(builder, refs);
  const status = defineStatus(builder);
  const host = defineHost(builder, { refs, status });
  const fleet = defineFleet(builder, { refs, objects, host, status });
  defineFleetQuery(builder, { refs, host, fleet });
  defineFleetSubscription(builder, { host, fleet });
  const schema = builder.toSchema({ sortSchema: false });
  readAnswers(schema);
  return withCounterDirective(schema);
}
