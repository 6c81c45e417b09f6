/** The fields that logical processors, partitions and virtual processors share. */
import { valueOf } from '../../snapshot/reading.ts';
import type { ReadingChange } from '../../sampling/change/change.ts';
import { overArgument } from '../argument/argument.ts';
import type { Builder, Refs } from '../builder.ts';
import type { CounterViews } from './counter-view.ts';
import type { ReadableModel } from '../model.ts';
import {
  defineSample,
  historyArguments,
  historyDescription,
  lastDescription,
  stepDescription,
} from './history.ts';
import { nodeIdOf } from '../node-id.ts';
import { pageModelOf, type OverlayPageRef } from './overlay-page.ts';
import { overDescription, type defineTotals } from './totals.ts';
import type { Orders } from '../argument/order.ts';
import { allUnlisted, moment } from '../extension.ts';
import { unlistedDescription, unlistedOf, type UnlistedRef } from './unlisted.ts';

/** An object type that gets the shared fields, and the types of these fields. */
export interface ReadableType {
  /** The name of the object type. */
  readonly typeName: string;
  readonly ref: Refs['logicalProcessor'] | Refs['partition'] | Refs['virtualProcessor'];
  readonly views: CounterViews[Exclude<keyof CounterViews, 'hypervisor'>];
  readonly page: OverlayPageRef;
  readonly unlisted: UnlistedRef;
}

/** The types that object types use in their fields. `totals` are those of its processors. */
export interface GraphTypes {
  readonly refs: Refs;
  readonly views: CounterViews;
  readonly page: OverlayPageRef;
  readonly unlisted: UnlistedRef;
  readonly orders: Orders;
  readonly totals: ReturnType<typeof defineTotals>;
}

export const idDescription =
  'Its global id: opaque, constant while the object exists, and different on every host.';
export const hostDescription = 'The name of its host.';
export const sampledAtDescription =
  'When the snapshot was taken. All values of one response come from one snapshot.';

export function defineReadableFields(
  builder: Builder,
  { typeName, ref, views, page, unlisted }: ReadableType,
): void {
  const sample = defineSample(builder, { name: `${typeName}Sample`, views });
  builder.objectFields(ref, (t) => ({
    id: t.id({
      nullable: false,
      description: idDescription,
      resolve: ({ view, name }) => nodeIdOf(name, view.host),
    }),
    host: t.string({ nullable: false, description: hostDescription, resolve: ({ view }) => view.host }),
    sampledAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: sampledAtDescription,
      extensions: moment,
      resolve: ({ view }) => view.reader.moment().wallMilliseconds,
    }),
    counters: t.field({
      type: views.counters,
      nullable: true,
      description: 'Its counter values.',
      resolve: ({ view, name }) => valueOf(view.reader.reading(name)),
    }),
    deltas: t.field({
      type: views.deltas,
      nullable: true,
      description: 'The increases of its totals between two readings.',
      args: { over: t.arg({ type: 'Duration', required: false, description: overDescription }) },
      resolve: (model, { over }) => changeOf(model, over),
    }),
    rates: t.field({
      type: views.rates,
      nullable: true,
      description: 'Rates of its totals between two readings.',
      args: { over: t.arg({ type: 'Duration', required: false, description: overDescription }) },
      resolve: (model, { over }) => changeOf(model, over),
    }),
    history: t.field({
      type: [sample],
      nullable: true,
      description: historyDescription,
      args: {
        last: t.arg({ type: 'Duration', required: false, description: lastDescription }),
        step: t.arg({ type: 'Duration', required: false, description: stepDescription }),
      },
      resolve: ({ view, name }, args) => view.reader.history.of(name, historyArguments(args)),
    }),
    page: t.field({
      type: page,
      nullable: true,
      description: 'The overlay page that holds its counters; null if the source has no pages.',
      resolve: ({ view, name }) => pageModelOf(view, name),
    }),
    unlisted: t.field({
      type: [unlisted],
      nullable: true,
      description: unlistedDescription,
      extensions: allUnlisted,
      resolve: ({ view, name }) => unlistedOf(view, name),
    }),
  }));
}

function changeOf({ view, name }: ReadableModel, over: number | null | undefined): ReadingChange | null {
  return valueOf(view.reader.change(name, overArgument(view, over)));
}
