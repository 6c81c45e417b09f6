/** Totals of processors. */
import { ChangeTotal, readableOf, ReadingTotal } from '../../sampling/change/total.ts';
import { overArgument } from '../argument/argument.ts';
import type { Builder } from '../builder.ts';
import {
  defineTotalsSample,
  historyArguments,
  historyDescription,
  lastDescription,
  stepDescription,
} from './history.ts';
import type { CounterViews } from './counter-view.ts';
import type { TotalsModel } from '../model.ts';

interface TotalsToDefine {
  readonly name: string;
  readonly of: string;
  readonly views: CounterViews['logicalProcessor'] | CounterViews['virtualProcessor'];
}

/** Defines a type of totals. Processors that cannot be read are left out; `readable` counts the others. */
export function defineTotals(builder: Builder, { name, of, views }: TotalsToDefine) {
  const sample = defineTotalsSample(builder, { name: `${name}Sample`, of, views });
  return builder.objectRef<TotalsModel>(name).implement({
    description: `All ${of} together, except those that cannot be read.`,
    fields: (t) => ({
      of: t.int({
        nullable: false,
        description: `The number of ${of}.`,
        resolve: ({ names }) => names.length,
      }),
      readable: t.int({
        nullable: false,
        description: `The number of ${of} that could be read and are in the sums.`,
        resolve: (totals) => readingsOf(totals).length,
      }),
      counters: t.field({
        type: views.counters,
        nullable: true,
        description: 'Sums of the counter values. null: none could be read.',
        resolve: (totals) => {
          const readings = readingsOf(totals);
          return readings.length === 0 ? null : new ReadingTotal(readings);
        },
      }),
      deltas: t.field({
        type: views.deltas,
        nullable: true,
        description: 'Sums of the increases between two readings.',
        args: { over: t.arg({ type: 'Duration', required: false, description: overDescription }) },
        resolve: (totals, { over }) => changeOf(totals, over),
      }),
      rates: t.field({
        type: views.rates,
        nullable: true,
        description:
          'Rates between two readings: events per second of all together, percentages of the elapsed time of all together, and time of all divided by operations of all.',
        args: { over: t.arg({ type: 'Duration', required: false, description: overDescription }) },
        resolve: (totals, { over }) => changeOf(totals, over),
      }),
      history: t.field({
        type: [sample],
        nullable: true,
        description: `${historyDescription} A sample has the ${of} that were read at its moment.`,
        args: {
          last: t.arg({ type: 'Duration', required: false, description: lastDescription }),
          step: t.arg({ type: 'Duration', required: false, description: stepDescription }),
        },
        resolve: ({ view, names }, args) => view.reader.history.ofTotal(names, historyArguments(args)),
      }),
    }),
  });
}

/** The description of every argument `over`. */
export const overDescription =
  'The approximate time between the two readings. The earlier one is a reading in memory that is 0.9 to 2 times as old. Without such a reading, a query waits for a second reading, and a subscription returns null. Default: "1s" in a query; in a subscription the time since the previous event or, for the first event, since a reading in memory that is 0.5 to 2 times as old as `every`.';

function readingsOf({ view, names }: TotalsModel) {
  return readableOf(names.map((name) => view.reader.reading(name)));
}

function changeOf({ view, names }: TotalsModel, interval: number | null | undefined): ChangeTotal | null {
  const over = overArgument(view, interval);
  const changes = names.map((name) => view.reader.change(name, over));
  const [first, ...rest] = readableOf(changes);
  return first === undefined ? null : new ChangeTotal([first, ...rest]);
}
