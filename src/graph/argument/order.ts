/** Orders by a counter: the enums of counters, made from the catalogue, and the inputs that use them. */
import { countersOf } from '../../catalogue/catalogue.ts';
import { isTotal, type Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import type { Order } from '../../sampling/read/snapshot-reader.ts';
import type { Builder } from '../builder.ts';

/** An order as it is given: the counter by its slot. */
export interface OrderInput extends Omit<Order, 'counter' | 'by'> {
  readonly counter: number;
  readonly by?: Order['by'] | null | undefined;
}

/** An order of partitions as it is given: one of the two. */
export interface PartitionOrderInput {
  readonly virtualProcessors?: OrderInput | null | undefined;
  readonly partition?: OrderInput | null | undefined;
}

export type Orders = ReturnType<typeof defineOrders>;

export function defineOrders(builder: Builder) {
  const view = builder.enumType('CounterView', {
    description: 'What is taken of a counter.',
    values: {
      VALUE: { value: 'VALUE', description: 'The number as it stands.' },
      DELTA: { value: 'DELTA', description: 'Its growth between two readings.' },
      RATE: { value: 'RATE', description: 'Its rate between two readings.' },
    } as const,
  });
  const direction = builder.enumType('OrderDirection', {
    description: 'Which end comes first.',
    values: {
      ASC: { value: 'ASC', description: 'The smallest first.' },
      DESC: { value: 'DESC', description: 'The largest first.' },
    } as const,
  });

  const orderOf = (name: string, of: { object: string; counters: readonly Counter[] }) =>
    builder.inputRef<OrderInput>(`${name}Order`).implement({
      description:
        'An order by a counter. Objects of which the number is not known come last, equal ones by id and index.',
      fields: (t) => ({
        counter: t.field({
          type: counterEnum(builder, { name: `${of.object}Counter`, counters: of.counters }),
          required: true,
          description: 'The counter to order by.',
        }),
        by: t.field({
          type: view,
          required: false,
          description:
            'What of it: without this the RATE where the counter has one, else the VALUE. What is no total (kinds GAUGE, CLOCK and RAW) has a VALUE only.',
        }),
        direction: t.field({
          type: direction,
          required: true,
          defaultValue: 'DESC',
          description: 'Which end comes first.',
        }),
      }),
    });
  const virtualProcessor = orderOf('VirtualProcessor', {
    object: 'VirtualProcessor',
    counters: countersOf('VIRTUAL_PROCESSOR'),
  });
  const partitionCounter = orderOf('PartitionCounter', {
    object: 'Partition',
    counters: countersOf('PARTITION'),
  });
  return {
    logicalProcessor: orderOf('LogicalProcessor', {
      object: 'LogicalProcessor',
      counters: countersOf('LOGICAL_PROCESSOR'),
    }),
    virtualProcessor,
    partition: builder.inputRef<PartitionOrderInput>('PartitionOrder').implement({
      description: 'An order of partitions: by their virtual processors, or by a counter of their own.',
      isOneOf: true,
      fields: (t) => ({
        virtualProcessors: t.field({
          type: virtualProcessor,
          required: false,
          description:
            "By what virtualProcessorTotals shows, but that the RATE of a counter of time is the sum of the processors' shares: 4 busy processors come before 1. Partitions without a processor that can be read come last.",
        }),
        partition: t.field({
          type: partitionCounter,
          required: false,
          description: "By a partition's own counter.",
        }),
      }),
    }),
  };
}

function counterEnum(builder: Builder, { name, counters }: { name: string; counters: readonly Counter[] }) {
  return builder.enumType(name, {
    description: 'The counters by name, one value each.',
    values: Object.fromEntries(
      counters.map((counter) => [
        enumValueOf(counter),
        { value: counter.slot, description: counter.description },
      ]),
    ),
  });
}

/** totalRunTime becomes TOTAL_RUN_TIME. */
function enumValueOf({ field }: Counter): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The order, if it can be made. Throws INVALID_PARAMETER for the growth of what does not grow. */
export function orderArgument(object: StatisticsObject, input: OrderInput | null | undefined): Order | null {
  const counter = input == null ? undefined : countersOf(object)[input.counter];
  if (input == null || counter === undefined) return null;
  const by = input.by ?? (isTotal(counter) ? 'RATE' : 'VALUE');
  if (by === 'VALUE' || isTotal(counter)) return { counter, by, direction: input.direction };
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${counter.field} is a ${counter.kind} and has no ${by}: order it by VALUE.`,
    { argument: 'orderBy' },
  );
}
