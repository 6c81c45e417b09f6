/** Sort orders by a counter: the enums of counters, created from the catalogue, and the inputs that use them. */
import { countersOf } from '../../catalogue/catalogue.ts';
import { isTotal, type Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError } from '../../errors.ts';
import type { Order } from '../../sampling/read/snapshot-reader.ts';
import type { Builder } from '../builder.ts';
import type { View } from '../context.ts';
import { overArgument } from './argument.ts';

/** An order as an argument: the counter by its slot. */
export interface OrderInput extends Pick<Order, 'direction'> {
  readonly counter: number;
  readonly by?: Order['by'] | null | undefined;
  /** In milliseconds. */
  readonly over?: number | null | undefined;
}

/** An order of partitions as an argument: one of the two. */
export interface PartitionOrderInput {
  readonly virtualProcessors?: OrderInput | null | undefined;
  readonly partition?: OrderInput | null | undefined;
}

export type Orders = ReturnType<typeof defineOrders>;

export function defineOrders(builder: Builder) {
  const view = builder.enumType('CounterView', {
    description: 'A view of a counter.',
    values: {
      VALUE: { value: 'VALUE', description: 'Its value.' },
      DELTA: { value: 'DELTA', description: 'Its increase between two readings.' },
      RATE: { value: 'RATE', description: 'Its rate between two readings.' },
    } as const,
  });
  const direction = builder.enumType('OrderDirection', {
    description: 'The sort direction.',
    values: {
      ASC: { value: 'ASC', description: 'Smallest first.' },
      DESC: { value: 'DESC', description: 'Largest first.' },
    } as const,
  });

  const orderOf = (name: string, of: { object: string; counters: readonly Counter[] }) =>
    builder.inputRef<OrderInput>(`${name}Order`).implement({
      description:
        'A sort order by a counter. Objects whose number is not known come last. Objects with equal numbers are sorted by id and index.',
      fields: (t) => ({
        counter: t.field({
          type: counterEnum(builder, { name: `${of.object}Counter`, counters: of.counters }),
          required: true,
          description: 'The counter to sort by.',
        }),
        by: t.field({
          type: view,
          required: false,
          description:
            'The view to sort by. Default: RATE if the counter has one, else VALUE. Counters of the kinds GAUGE, CLOCK and RAW have VALUE only.',
        }),
        over: t.field({
          type: 'Duration',
          required: false,
          description:
            'The interval of DELTA and RATE, like the argument `over` of deltas and rates, with the same limits. Default: 1s in a query, the time since the previous event in a subscription. A client that polls every five seconds uses 5s here and there, so that no response waits for a second reading.',
        }),
        direction: t.field({
          type: direction,
          required: true,
          defaultValue: 'DESC',
          description: 'The sort direction.',
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
      description:
        'A sort order of partitions: by their virtual processors, or by a counter of the partition itself.',
      isOneOf: true,
      fields: (t) => ({
        virtualProcessors: t.field({
          type: virtualProcessor,
          required: false,
          description:
            "By the numbers in virtualProcessorTotals, except that the RATE of a TIME counter is the sum of the processors' percentages: 4 busy processors come before 1. Partitions without a readable processor come last.",
        }),
        partition: t.field({
          type: partitionCounter,
          required: false,
          description: 'By a counter of the partition itself.',
        }),
      }),
    }),
  };
}

function counterEnum(builder: Builder, { name, counters }: { name: string; counters: readonly Counter[] }) {
  return builder.enumType(name, {
    description: 'One value for each counter.',
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

/**
 * The order, or null if none is given. Throws INVALID_PARAMETER for DELTA or RATE of a counter that has none, and
 * LIMIT_EXCEEDED if their interval is outside the limits.
 */
export function orderArgument(
  view: View,
  object: StatisticsObject,
  input: OrderInput | null | undefined,
): Order | null {
  const order = counterOrder(object, input);
  return order === null ? null : { ...order, over: overArgument(view, input?.over) };
}

/** The order without its interval, as `orderArgument` throws and returns it. */
export function counterOrder(
  object: StatisticsObject,
  input: OrderInput | null | undefined,
): Omit<Order, 'over'> | null {
  const counter = input == null ? undefined : countersOf(object)[input.counter];
  if (input == null || counter === undefined) return null;
  const by = input.by ?? (isTotal(counter) ? 'RATE' : 'VALUE');
  if (by === 'VALUE' || isTotal(counter)) return { counter, by, direction: input.direction };
  throw new HvqlError(
    'INVALID_PARAMETER',
    `${counter.field} is a ${counter.kind} and has no ${by}: use VALUE.`,
    { argument: 'orderBy' },
  );
}
