/**
 * The counter types of the graph, created from the catalogue: values for each kind of object, and deltas and rates for
 * the kinds that have totals.
 */
import { countersOf } from '../../catalogue/catalogue.ts';
import { isTotal, type Counter, type CounterKind } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { Change } from '../../sampling/change/change.ts';
import { objectTitle } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { Builder } from '../builder.ts';
import { content, counterExtensions } from '../extension.ts';

export type CounterViews = ReturnType<typeof defineCounterViews>;

/** Defines the types `…Counters`, `…Deltas` and `…Rates`. */
export function defineCounterViews(builder: Builder) {
  const interval = defineInterval(builder);
  const changeOf = (object: StatisticsObject, typeName: string) => {
    const deltas = defineDeltas({ builder, object, name: `${typeName}Deltas` });
    const rates = defineRates({ builder, object, name: `${typeName}Rates` });
    for (const view of [deltas, rates]) {
      builder.objectField(view, 'interval', (t) =>
        t.field({
          type: interval,
          nullable: false,
          description: 'The time between the two readings.',
          resolve: (change) => change.interval,
        }),
      );
    }
    return { interval, deltas, rates };
  };
  const countersType = (object: StatisticsObject, typeName: string) => ({
    counters: defineCounters({ builder, object, name: `${typeName}Counters` }),
  });
  return {
    hypervisor: countersType('HYPERVISOR', 'Hypervisor'),
    logicalProcessor: {
      ...countersType('LOGICAL_PROCESSOR', 'LogicalProcessor'),
      ...changeOf('LOGICAL_PROCESSOR', 'LogicalProcessor'),
    },
    partition: { ...countersType('PARTITION', 'Partition'), ...changeOf('PARTITION', 'Partition') },
    virtualProcessor: {
      ...countersType('VIRTUAL_PROCESSOR', 'VirtualProcessor'),
      ...changeOf('VIRTUAL_PROCESSOR', 'VirtualProcessor'),
    },
  };
}

interface ViewToDefine {
  readonly builder: Builder;
  readonly object: StatisticsObject;
  readonly name: string;
}

function defineCounters({ builder, object, name }: ViewToDefine) {
  return builder.objectRef<Reading>(name).implement({
    extensions: content,
    description: `The counter values of a ${objectTitle[object]}. null: the source does not report the counter.`,
    fields: (t) =>
      fieldsFor(countersOf(object), (counter) =>
        t.field({
          type: 'UInt64',
          nullable: true,
          description: `${counter.description} ${storedAs(counter)}`,
          extensions: counterExtensions({ counter, by: 'VALUE' }),
          resolve: (reading) => reading.value(counter),
        }),
      ),
  });
}

function defineDeltas({ builder, object, name }: ViewToDefine) {
  return builder.objectRef<Change>(name).implement({
    extensions: content,
    description: `The increases of the totals of a ${objectTitle[object]} between two readings. null: not known.`,
    fields: (t) =>
      fieldsFor(countersOf(object).filter(isTotal), (counter) =>
        t.field({
          type: 'UInt64',
          nullable: true,
          description: `${counter.description} The increase between the two readings (${unitTitles[counter.unit]}).`,
          extensions: counterExtensions({ counter, by: 'DELTA' }),
          resolve: (change) => change.delta(counter),
        }),
      ),
  });
}

function defineRates({ builder, object, name }: ViewToDefine) {
  return builder.objectRef<Change>(name).implement({
    extensions: content,
    description: `Rates of the totals of a ${objectTitle[object]} between two readings. null: not known.`,
    fields: (t) =>
      fieldsFor(countersOf(object).filter(isTotal), (counter) =>
        t.float({
          nullable: true,
          description: `${counter.description} ${rateSentence[counter.kind]}`,
          extensions: counterExtensions({ counter, by: 'RATE' }),
          resolve: (change) => change.rate(counter),
        }),
      ),
  });
}

function defineInterval(builder: Builder) {
  return builder.objectRef<Change['interval']>('Interval').implement({
    description: 'The time between two readings, and whether the totals were reset in it.',
    fields: (t) => ({
      from: t.field({
        type: 'DateTime',
        nullable: false,
        description:
          'When the earlier reading was taken: `to` minus `seconds`, so that setting the wall clock in between has no effect.',
        resolve: ({ from }) => from.wallMilliseconds,
      }),
      to: t.field({
        type: 'DateTime',
        nullable: false,
        description: 'When the later reading was taken.',
        resolve: ({ to }) => to.wallMilliseconds,
      }),
      seconds: t.exposeFloat('seconds', {
        nullable: false,
        description: 'Seconds between the readings on a monotonic clock, from which rates are computed.',
      }),
      reset: t.exposeBoolean('reset', {
        nullable: false,
        description:
          'Whether a total decreased, or a TIME counter grew by more than twice the elapsed time and by more than a tenth of a second above it. Then the two readings do not belong together, and no delta and no rate of the object is known for this interval.',
      }),
    }),
  });
}

function fieldsFor<Field>(
  counters: readonly Counter[],
  fieldOf: (counter: Counter) => Field,
): Record<string, Field> {
  return Object.fromEntries(counters.map((counter) => [counter.field, fieldOf(counter)]));
}

const unitTitles: Readonly<Record<Counter['unit'], string>> = {
  '1': 'plain number',
  page: 'pages of memory',
  '100ns': 'units of 100 ns',
  ns: 'nanoseconds',
  unknown: 'unit not documented',
};

function storedAs(counter: Counter): string {
  switch (counter.kind) {
    case 'COUNT':
      return 'A running total.';
    case 'TIME':
    case 'COST':
      return `A running total (${unitTitles[counter.unit]}).`;
    case 'GAUGE':
      return `A level (${unitTitles[counter.unit]}).`;
    case 'CLOCK':
      return `A clock (${unitTitles[counter.unit]}).`;
    case 'RAW':
      return 'The number as the source reports it.';
  }
}

const rateSentence: Readonly<Record<CounterKind, string>> = {
  COUNT: 'Per second.',
  TIME: 'In percent of the elapsed time.',
  COST: 'In nanoseconds per operation; null if there was no operation.',
  GAUGE: '',
  CLOCK: '',
  RAW: '',
};
