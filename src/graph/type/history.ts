/** The past of an object in the graph: what the service has in memory of it. */
import type { HistoryRequest, ObjectSample, TotalSample } from '../../sampling/read/history-sample.ts';
import { HvqlError } from '../../errors.ts';
import { formatDuration } from '../../snapshot/duration.ts';
import type { Builder, SchemaTypes } from '../builder.ts';
import { content } from '../extension.ts';
import type { CounterViews } from './counter-view.ts';

/** The views of an object whose counters include totals. */
type ReadableViews = CounterViews[Exclude<keyof CounterViews, 'hypervisor'>];

export const historyDescription =
  'Past readings in memory, oldest first: those of the last `last`, or all, at least about `step` apart. A period without readings is a gap; no sample is made up. Only readings since the object last was absent, was reset, or got another parent. In queries only.';
export const lastDescription = 'How far back, from now. Default: as far as readings are in memory.';
export const stepDescription =
  'The minimum time between two samples: whole seconds, and at most `last`. Default: every sample in memory.';

/** Makes the fields of an object type whose source is `Source`. */
type FieldsOf<Source> = PothosSchemaTypes.ObjectFieldBuilder<
  PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>,
  Source
>;

/** Defines the type of samples of an object that has totals. */
export function defineSample(builder: Builder, { name, views }: { name: string; views: ReadableViews }) {
  return builder.objectRef<ObjectSample>(name).implement({
    extensions: content,
    description: 'One past reading, and the change since the one before it.',
    fields: (t) => ({
      at: t.field({ ...atField, resolve: ({ at }) => at.wallMilliseconds }),
      ...readingFields(t, views, {
        counters: 'The counter values.',
        deltas: 'The increases of the totals.',
        rates: 'The rates of the totals.',
      }),
    }),
  });
}

/** Defines the type of samples of processors together. */
export function defineTotalsSample(
  builder: Builder,
  { name, of, views }: { name: string; of: string; views: ReadableViews },
) {
  return builder.objectRef<TotalSample>(name).implement({
    extensions: content,
    description: `Past readings of ${of} at one moment together, and their changes since the ones before.`,
    fields: (t) => ({
      at: t.field({ ...atField, resolve: ({ at }) => at.wallMilliseconds }),
      of: t.exposeInt('of', { nullable: false, description: `The number of ${of} now.` }),
      readable: t.exposeInt('readable', {
        nullable: false,
        description: `The number of ${of} with a reading at this moment, which are in the sums.`,
      }),
      ...readingFields(t, views, {
        counters: 'Sums of the counter values.',
        deltas: 'Sums of the increases.',
        rates: 'Rates of all together.',
      }),
    }),
  });
}

/** The fields of a reading, and of its change since the sample before it, which is null for the first one. */
function readingFields<Sample extends ObjectSample>(
  t: FieldsOf<Sample>,
  views: ReadableViews,
  described: { readonly counters: string; readonly deltas: string; readonly rates: string },
) {
  return {
    interval: t.field({
      type: views.interval,
      nullable: true,
      description: `The time since the sample before it. ${firstDescription}`,
      resolve: ({ change }) => change?.interval,
    }),
    counters: t.field({
      type: views.counters,
      nullable: false,
      description: described.counters,
      resolve: ({ reading }) => reading,
    }),
    deltas: t.field({
      type: views.deltas,
      nullable: true,
      description: `${described.deltas} ${firstDescription}`,
      resolve: ({ change }) => change,
    }),
    rates: t.field({
      type: views.rates,
      nullable: true,
      description: `${described.rates} ${firstDescription}`,
      resolve: ({ change }) => change,
    }),
  };
}

/** Defines the type of samples of the hypervisor, none of whose counters is a total. */
export function defineHypervisorSample(builder: Builder, counters: CounterViews['hypervisor']['counters']) {
  return builder.objectRef<ObjectSample>('HypervisorSample').implement({
    extensions: content,
    description: 'One past reading.',
    fields: (t) => ({
      at: t.field({ ...atField, resolve: ({ at }) => at.wallMilliseconds }),
      counters: t.field({
        type: counters,
        nullable: false,
        description: 'The counter values.',
        resolve: ({ reading }) => reading,
      }),
    }),
  });
}

/** Throws INVALID_PARAMETER for a step that is not whole seconds, or longer than the time. */
export function historyArguments({
  last = null,
  step = null,
}: {
  readonly last?: number | null | undefined;
  readonly step?: number | null | undefined;
}): HistoryRequest {
  if (step === null) return { last, step };
  if (step === 0 || step % millisecondsPerSecond !== 0)
    throw badStep(`needs to be one or more whole seconds, but is ${formatDuration(step)}`);
  if (last !== null && step > last)
    throw badStep(
      `needs to be at most as long as last, ${formatDuration(last)}, but is ${formatDuration(step)}`,
    );
  return { last, step };
}

function badStep(problem: string): HvqlError {
  return new HvqlError('INVALID_PARAMETER', `step ${problem}.`, { argument: 'step' });
}

const millisecondsPerSecond = 1_000;
const atField = { type: 'DateTime', nullable: false, description: 'When the reading was taken.' } as const;
const firstDescription = 'null for the first reading since the beginning or a reset.';
