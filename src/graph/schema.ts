/** The schema: the one list of what is in it. */
import type { GraphQLSchema } from 'graphql';
import { createBuilder, createRefs } from './builder.ts';
import { defineCounterDefinition } from './counter-definition.ts';
import { withCounterDirective } from './counter-field.ts';
import { defineCounterViews } from './counter-view.ts';
import { defineHypervisor } from './hypervisor.ts';
import { defineLogicalProcessor } from './logical-processor.ts';
import { defineNode } from './node.ts';
import { defineOrders } from './order.ts';
import { defineOverlayPage } from './overlay-page.ts';
import { definePartition } from './partition.ts';
import { defineQuery } from './query.ts';
import { defineScalars } from './scalar.ts';
import { defineService } from './service.ts';
import { defineStatisticsArea } from './statistics-area.ts';
import { defineSubscription } from './subscription.ts';
import { defineTotals } from './totals.ts';
import { defineUnlisted } from './unlisted.ts';
import { defineViewer } from './viewer.ts';
import { defineVirtualProcessor } from './virtual-processor.ts';

/** A new schema. Its resolvers want an `OperationContext`. */
export function createSchema(): GraphQLSchema {
  const builder = createBuilder();
  const refs = createRefs(builder);
  defineScalars(builder);
  const views = defineCounterViews(builder);
  const area = defineStatisticsArea(builder);
  const page = defineOverlayPage(builder, area);
  const unlisted = defineUnlisted(builder);
  const orders = defineOrders(builder);
  const logicalProcessorTotals = defineTotals(builder, {
    name: 'LogicalProcessorTotals',
    of: 'logical processors',
    views: views.logicalProcessor,
  });
  const virtualProcessorTotals = defineTotals(builder, {
    name: 'VirtualProcessorTotals',
    of: 'virtual processors',
    views: views.virtualProcessor,
  });
  defineNode(refs);
  defineQuery(builder, refs);
  defineSubscription(builder, refs);
  defineHypervisor(builder, { refs, views, page, unlisted, orders, totals: logicalProcessorTotals });
  defineLogicalProcessor(builder, { refs, views, page, unlisted });
  definePartition(builder, { refs, views, page, unlisted, orders, totals: virtualProcessorTotals });
  defineVirtualProcessor(builder, { refs, views, page, unlisted });
  defineViewer(builder, refs);
  defineCounterDefinition(builder);
  defineService(builder, area);
  // In the order of the definitions: counters as they stand in their pages, not by the alphabet.
  return withCounterDirective(builder.toSchema({ sortSchema: false }));
}
