/** The intercepts of one partition: their number per second and their average cost, side by side. */
import { countersOf } from '../../../catalogue/catalogue.ts';
import type { Counter } from '../../../catalogue/counter.ts';
import { compareCells, missingCell, numberCell, textCell, type Cell } from './cell.ts';
import { columnOf, selectionOf } from './counter-column.ts';
import { partitionTitle } from './processor-view.ts';
import { counterCell, leadingColumn, type Column, type Row, type Table, type View } from './view.ts';

/** Operations for which there is also a time counter. */
interface Intercept {
  readonly count: Counter;
  readonly cost: Counter;
}

const counters = countersOf('VIRTUAL_PROCESSOR');
const intercepts: readonly Intercept[] = counters.flatMap((cost) => {
  const count = counters.find(({ field }) => field === cost.operations);
  return count === undefined ? [] : [{ count, cost }];
});
const all = intercepts.flatMap(({ count, cost }) => [columnOf(count), columnOf(cost)]);
const nanosecondsPerPercent = 1e7;

const columns: readonly Column[] = [
  leadingColumn('intercept', { isNumber: false, isSortable: true }),
  numberColumn('rate', 'rate', '/s'),
  numberColumn('cost', 'average cost', 'ns/op'),
  numberColumn('time', 'time', '% of a processor'),
];

/** The view of the intercepts of one partition. */
export const interceptView: View = {
  name: 'intercepts',
  objects: [],
  defaultColumns: [],
  defaultSort: { key: 'rate', isDescending: true },
  mostRows: intercepts.length,
  columns: () => columns,
  selection: ({ partitionId, over }) =>
    `partition(id: ${JSON.stringify(partitionId ?? '')}) { partitionId name ` +
    `virtualProcessorTotals { of readable ${selectionOf(all, over)} } }`,
  table(place, { sort, filter, partitionId, rows: most }): Table {
    const partition = place.at('partition');
    const totals = partition.at('virtualProcessorTotals');
    const at = Math.max(
      0,
      columns.findIndex(({ key }) => key === sort.key),
    );
    const rows = intercepts
      .filter(({ count }) => count.field.toLowerCase().includes(filter.toLowerCase()))
      .map((intercept) => rowOf(totals, intercept, partitionId))
      // Counters that this source does not report would fill the screen.
      .filter(({ cells }) => cells[1]?.missing !== 'unreported')
      .toSorted((one, other) => compareRows(at, { one, other, isDescending: sort.isDescending }));
    return {
      columns,
      rows: rows.slice(0, most),
      total: rows.length,
      problem: totals.error,
      of: partitionTitle(partition, partitionId ?? ''),
    };
  },
};

function numberColumn(key: string, title: string, unit: string): Column {
  return { key, title, unit, isNumber: true, isSortable: true, isLeading: false };
}

function rowOf(
  totals: Parameters<typeof counterCell>[0],
  { count, cost }: Intercept,
  partitionId: string | null,
): Row {
  const rate = counterCell(totals, columnOf(count));
  const average = counterCell(totals, columnOf(cost));
  return { cells: [textCell(count.field), rate, average, timeCell(rate, average)], partitionId, host: null };
}

/** The share of one processor's time that these operations take. */
function timeCell(rate: Cell, average: Cell): Cell {
  if (typeof rate.value === 'number' && typeof average.value === 'number')
    return numberCell((rate.value * average.value) / nanosecondsPerPercent);
  return missingCell(average.missing ?? rate.missing ?? 'unreported');
}

function compareRows(
  at: number,
  { one, other, isDescending }: { one: Row; other: Row; isDescending: boolean },
): number {
  const [a, b] = [one.cells[at], other.cells[at]];
  return a === undefined || b === undefined ? 0 : compareCells(a, b, isDescending);
}
