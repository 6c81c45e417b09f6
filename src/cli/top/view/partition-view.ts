/** The partitions of a host, with their counters and the totals of their virtual processors. */
import { missingCell, numberCell, textCell, type Cell } from './cell.ts';
import { columnOf, orderOf, selectionOf, type CounterColumn } from './counter-column.ts';
import type { Place } from '../answer.ts';
import {
  argumentsOf,
  counterCell,
  counterColumns,
  idsOf,
  leadingColumn,
  type Table,
  type View,
  type Wanted,
} from './view.ts';
import { printable } from '../../format.ts';

/** The maximum page size of the graph's connections. */
const mostRows = 100;

/** The view of partitions. */
export const partitionView: View = {
  name: 'partitions',
  objects: ['PARTITION', 'VIRTUAL_PROCESSOR'],
  defaultColumns: ['totalRunTime', 'hypervisorRunTime', 'hypercalls', 'hypercallsCost'],
  defaultSort: { key: 'totalRunTime', isDescending: true },
  mostRows,
  columns: ({ columns }) => [
    leadingColumn('id', { isSortable: true }),
    leadingColumn('name', { isNumber: false }),
    leadingColumn('vps'),
    ...counterColumns(columns),
  ],
  selection(wanted) {
    const { columns, over } = wanted;
    const own = selectionOf(columns.filter(isOwn), over);
    const ofProcessors = selectionOf(
      columns.filter((column) => !isOwn(column)),
      over,
    );
    return (
      `partitions${argumentsOf(listArguments(wanted))} { totalCount nodes { partitionId name isRoot ${own} ` +
      `virtualProcessorTotals { of readable ${ofProcessors} } } }`
    );
  },
  table(place, wanted): Table {
    const { columns, sort } = wanted;
    const list = place.at('partitions');
    const rows = list.at('nodes').items.map((node) => {
      const id = node.at('partitionId').text;
      return {
        cells: [numberCell(id), nameCell(node), sizeCell(node), ...columns.map((c) => cellOf(node, c))],
        partitionId: id,
        host: null,
      };
    });
    // The last items in ascending order are the first ones in descending order.
    if (sort.key === 'id' && sort.isDescending) rows.reverse();
    const total = list.at('totalCount').scalar;
    return {
      columns: partitionView.columns(wanted),
      rows,
      total: typeof total === 'number' ? total : null,
      problem: list.error,
      of: '',
    };
  },
};

/** The `filter` argument of a list of partitions; null without a filter. */
export function partitionFilter(filter: string): string | null {
  if (filter === '') return null;
  const ids = idsOf(filter);
  if (ids !== null) return `{ ids: [${ids.map((id) => JSON.stringify(id)).join(', ')}] }`;
  return `{ nameContains: ${JSON.stringify(filter)} }`;
}

/** The displayed name of a partition. */
export function nameCell(partition: Place): Cell {
  const name = partition.at('name').text;
  const isRoot = partition.at('isRoot').value === true;
  if (name === '') return isRoot ? { ...textCell('(root)'), value: null } : missingCell('unreported');
  return { text: printable(name), missing: null, value: name };
}

function listArguments({
  sort,
  rows,
  filter,
  columns,
  over,
}: Wanted): Record<string, string | number | null> {
  const first = Math.min(rows, mostRows);
  const column = columns.find(({ key }) => key === sort.key);
  const by = partitionFilter(filter);
  if (column === undefined) return { [sort.isDescending ? 'last' : 'first']: first, filter: by };
  const order = orderOf(column, { ...sort, over });
  const orderBy = isOwn(column) ? `{ partition: ${order} }` : `{ virtualProcessors: ${order} }`;
  return { first, filter: by, orderBy };
}

function isOwn({ counter }: CounterColumn): boolean {
  return counter.object === 'PARTITION';
}

function sizeCell(node: Place): Cell {
  const totals = node.at('virtualProcessorTotals');
  const [of, readable] = [totals.at('of').scalar, totals.at('readable').scalar];
  if (of === null) return missingCell(totals.error?.code === 'ACCESS_DENIED' ? 'denied' : 'unreported');
  return readable === of ? numberCell(String(of)) : textCell(`${readable ?? '?'}/${of}`);
}

function cellOf(node: Place, column: CounterColumn): Cell {
  return counterCell(isOwn(column) ? node : node.at('virtualProcessorTotals'), column);
}

/** The column that the keys of top call "CPU". */
export function busiestColumn(columns: readonly CounterColumn[]): CounterColumn | undefined {
  return columns.find(
    (column) => column.counter.field === 'totalRunTime' && column.key === columnOf(column.counter).key,
  );
}
