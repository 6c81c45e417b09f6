/** The schema, as the list of its definitions. */
import type { GraphQLSchema } from 'graphql';
import { createBuilder, createRefs, type Builder, type Refs } from './builder.ts';
import { defineCounterDefinition } from './type/counter-definition.ts';
import { withCounterDirective } from './extension.ts';
import { defineCounterViews } from './type/counter-view.ts';
import { defineHypervisor } from './type/hypervisor.ts';
import { defineNode } from './type/node.ts';
import { defineOrders } from './argument/order.ts';
import { defineOverlayPage, defineStatisticsArea } from './type/overlay-page.ts';
import { definePartition } from './type/partition.ts';
import { defineQuery } from './type/query.ts';
import { defineScalars } from './type/scalar.ts';
import { defineService } from './type/service.ts';
import { defineSubscription } from './type/subscription.ts';
import { defineTotals } from './type/totals.ts';
import { defineUnlisted } from './type/unlisted.ts';
import { defineViewer } from './type/viewer.ts';
import { defineLogicalProcessor, defineVirtualProcessor } from './type/processor.ts';

/** A new schema. Its resolvers need a `GraphContext`. */
export function createSchema(): GraphQLSchema {
  const builder = createBuilder();
  const refs = createRefs(builder);
  const { area } = defineObjects(builder, refs);
  defineQuery(builder, refs);
  defineSubscription(builder, refs);
  defineViewer(builder, refs);
  defineService(builder, area);
  // Not sorted: counters keep the order of their pages.
  return withCounterDirective(builder.toSchema({ sortSchema: false }));
}

/** Defines the objects of a host and what they consist of, without the ways to them. */
export function defineObjects(builder: Builder, refs: Refs) {
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
  defineHypervisor(builder, { refs, views, page, unlisted, orders, totals: logicalProcessorTotals });
  defineLogicalProcessor(builder, { refs, views, page, unlisted });
  definePartition(builder, { refs, views, page, unlisted, orders, totals: virtualProcessorTotals });
  defineVirtualProcessor(builder, { refs, views, page, unlisted });
  defineCounterDefinition(builder);
  return { orders, views, area };
}
