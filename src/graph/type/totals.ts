/** Processors taken together. */
import { ChangeTotal, readableOf, ReadingTotal } from '../../sampling/change/total.ts';
import { overArgument } from '../argument/argument.ts';
import type { Builder } from '../builder.ts';
import type { CounterViews } from './counter-view.ts';
import type { TotalsModel } from '../model.ts';

interface TotalsToDefine {
  readonly name: string;
  readonly of: string;
  readonly views: CounterViews['logicalProcessor'] | CounterViews['virtualProcessor'];
}

/** Defines a type of totals. What cannot be read is left out, and `readable` says how many were not. */
export function defineTotals(builder: Builder, { name, of, views }: TotalsToDefine) {
  return builder.objectRef<TotalsModel>(name).implement({
    description: `All ${of} taken together; those that cannot be read are left out.`,
    fields: (t) => ({
      of: t.int({
        nullable: false,
        description: `How many ${of} there are.`,
        resolve: ({ names }) => names.length,
      }),
      readable: t.int({
        nullable: false,
        description: `How many of the ${of} could be read, and are in the sums.`,
        resolve: (totals) => readingsOf(totals).length,
      }),
      counters: t.field({
        type: views.counters,
        nullable: true,
        description: 'Sums of the counters as they stand. null: there was none to read.',
        resolve: (totals) => {
          const readings = readingsOf(totals);
          return readings.length === 0 ? null : new ReadingTotal(readings);
        },
      }),
      deltas: t.field({
        type: views.deltas,
        nullable: true,
        description: 'Sums of the growth between two readings.',
        args: { over: t.arg({ type: 'Duration', required: false, description: overDescription }) },
        resolve: (totals, { over }) => changeOf(totals, over),
      }),
      rates: t.field({
        type: views.rates,
        nullable: true,
        description:
          'Rates between two readings: events per second of all, percent of all their time, time of all over operations of all.',
        args: { over: t.arg({ type: 'Duration', required: false, description: overDescription }) },
        resolve: (totals, { over }) => changeOf(totals, over),
      }),
    }),
  });
}

/** What the `over` argument means, wherever it stands. */
export const overDescription =
  'How long before the later reading the earlier one was taken, about: a held reading is used that is 0.9 to 2 times as old. Where none is held, the answer to a query waits for a second reading, and in a subscription nothing is known. Without it "1s" in a query, and in a subscription the event before, or for its first event a held reading that is 0.5 to 2 times as old as `every`.';

function readingsOf({ view, names }: TotalsModel) {
  return readableOf(names.map((name) => view.reader.reading(name)));
}

function changeOf({ view, names }: TotalsModel, asked: number | null | undefined): ChangeTotal | null {
  const over = overArgument(view, asked);
  const changes = names.map((name) => view.reader.change(name, over));
  const [first, ...rest] = readableOf(changes);
  return first === undefined ? null : new ChangeTotal([first, ...rest]);
}
