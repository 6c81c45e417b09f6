/** A logical processor in the graph. */
import type { Builder } from '../builder.ts';
import type { GraphTypes } from './graph-type.ts';
import { LogicalProcessorModel } from '../model.ts';
import { defineReadableFields } from './readable.ts';

export function defineLogicalProcessor(
  builder: Builder,
  { refs, views, page, unlisted }: Pick<GraphTypes, 'refs' | 'views' | 'page' | 'unlisted'>,
): void {
  refs.logicalProcessor.implement({
    description: "One of the machine's processors, as the hypervisor sees it. For the root partition only.",
    interfaces: [refs.node],
    isTypeOf: (value) => value instanceof LogicalProcessorModel,
    fields: (t) => ({
      index: t.int({
        nullable: false,
        description: 'Its number, from 0.',
        resolve: ({ name }) => name.index,
      }),
    }),
  });
  defineReadableFields(builder, {
    ref: refs.logicalProcessor,
    views: views.logicalProcessor,
    page,
    unlisted,
  });
}
