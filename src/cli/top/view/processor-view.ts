/** The virtual processors of a host or a partition, and the logical processors of a host. */
import type { Place } from '../answer.ts';
import { compareCells, numberCell } from './cell.ts';
import { orderOf, selectionOf } from './counter-column.ts';
import { nameCell, partitionFilter } from './partition-view.ts';
import {
  argumentsOf,
  counterCell,
  counterColumns,
  idsOf,
  leadingColumn,
  type Row,
  type Table,
  type View,
  type Wanted,
} from './view.ts';
import { printable } from '../../format.ts';

/** More rows than a user scrolls through. */
const mostRows = 2_000;
/** The maximum number of partitions whose virtual processors a filter may include: a page of the graph's connections. */
const mostPartitions = 100;
const byRunTime = { key: 'totalRunTime', isDescending: true } as const;

/** The view of virtual processors: of one partition, or of all that the caller may read. */
export const virtualProcessorView: View = {
  name: 'virtual-processors',
  objects: ['VIRTUAL_PROCESSOR'],
  defaultColumns: ['totalRunTime', 'hypervisorRunTime', 'hypercalls', 'hypercallsCost'],
  defaultSort: byRunTime,
  mostRows,
  columns: ({ columns, partitionId }) => [
    ...(partitionId === null ? [leadingColumn('partition'), leadingColumn('name', { isNumber: false })] : []),
    // The graph sorts the processors of all partitions by counters only.
    leadingColumn('vp', { isSortable: partitionId !== null }),
    ...counterColumns(columns),
  ],
  selection(wanted) {
    const { partitionId, filter, columns, over } = wanted;
    const fields = `index ${selectionOf(columns, over)}`;
    const list = (extra: string) =>
      `virtualProcessors${argumentsOf(orderArguments(wanted, partitionId !== null))} { ${extra}${fields} }`;
    if (partitionId !== null)
      return `partition(id: ${JSON.stringify(partitionId)}) { partitionId name isRoot virtualProcessorTotals { of } ${list('')} }`;
    if (filter === '') return list('partition { partitionId name isRoot } ');
    const which = argumentsOf({ first: mostPartitions, filter: partitionFilter(filter) });
    return `partitions${which} { nodes { partitionId name isRoot ${list('')} } }`;
  },
  table(place, wanted): Table {
    const { partitionId, filter, rows: most } = wanted;
    const columns = virtualProcessorView.columns(wanted);
    if (partitionId !== null) {
      const partition = place.at('partition');
      const list = partition.at('virtualProcessors');
      const total = partition.at('virtualProcessorTotals', 'of').scalar;
      return {
        columns,
        rows: inOrder(
          list.items.map((processor) => rowOf(processor, partition, wanted)),
          wanted,
        ),
        total: typeof total === 'number' ? total : null,
        problem: list.error,
        of: partitionTitle(partition, partitionId),
      };
    }
    if (filter === '') {
      const list = place.at('virtualProcessors');
      const rows = list.items.map((processor) => rowOf(processor, processor.at('partition'), wanted));
      return { columns, rows, total: rows.length < most ? rows.length : null, problem: list.error, of: '' };
    }
    const partitions = place.at('partitions');
    const rows = partitions
      .at('nodes')
      .items.flatMap((partition) =>
        partition.at('virtualProcessors').items.map((processor) => rowOf(processor, partition, wanted)),
      );
    return {
      columns,
      rows: sorted(rows, wanted).slice(0, most),
      total: null,
      problem: partitions.error,
      of: '',
    };
  },
};

/** The view of logical processors. */
export const logicalProcessorView: View = {
  name: 'logical-processors',
  objects: ['LOGICAL_PROCESSOR'],
  defaultColumns: ['totalRunTime', 'hypervisorRunTime', 'contextSwitches', 'hardwareInterrupts'],
  defaultSort: byRunTime,
  mostRows,
  columns: ({ columns }) => [leadingColumn('lp', { isSortable: true }), ...counterColumns(columns)],
  selection(wanted) {
    const { columns, over, filter } = wanted;
    const ids = idsOf(filter);
    const indexes = ids === null ? null : `[${ids.filter((id) => Number(id) < 2 ** 31).join(', ')}]`;
    const which = argumentsOf({ ...orderArguments(wanted, true), indexes });
    return `logicalProcessorTotals { of } logicalProcessors${which} { index ${selectionOf(columns, over)} }`;
  },
  table(place, wanted): Table {
    const list = place.at('logicalProcessors');
    const total = place.at('logicalProcessorTotals', 'of').scalar;
    const rows = list.items.map((processor) => ({
      cells: [
        numberCell(processor.at('index').text),
        ...wanted.columns.map((column) => counterCell(processor, column)),
      ],
      partitionId: null,
      host: null,
    }));
    return {
      columns: logicalProcessorView.columns(wanted),
      rows: inOrder(rows, wanted),
      total: typeof total === 'number' && idsOf(wanted.filter) === null ? total : null,
      problem: list.error,
      of: '',
    };
  },
};

/** "partition 5 (web-1)". */
export function partitionTitle(partition: Place, id: string): string {
  const name = partition.at('name').text;
  return `partition ${id}${name === '' ? '' : ` (${printable(name)})`}`;
}

/** Without an order, a list is sorted by ascending index. For descending order it is requested without a limit. */
function orderArguments(
  { sort, columns, rows, over }: Wanted,
  isByIndex: boolean,
): Record<string, string | number | null> {
  const column = columns.find(({ key }) => key === sort.key) ?? (isByIndex ? undefined : columns[0]);
  if (column !== undefined) return { first: rows, orderBy: orderOf(column, { ...sort, over }) };
  return { first: sort.isDescending ? null : rows };
}

/** Sorts rows by index. */
function inOrder(rows: readonly Row[], { sort, columns, rows: most }: Wanted): readonly Row[] {
  const isByIndex = !columns.some(({ key }) => key === sort.key);
  return isByIndex && sort.isDescending ? rows.toReversed().slice(0, most) : rows;
}

function rowOf(processor: Place, partition: Place, { columns, partitionId }: Wanted): Row {
  const id = partition.at('partitionId').text;
  const leading = partitionId === null ? [numberCell(id), nameCell(partition)] : [];
  const index = numberCell(processor.at('index').text);
  const counters = columns.map((column) => counterCell(processor, column));
  return { cells: [...leading, index, ...counters], partitionId: id, host: null };
}

/** Merges rows of several partitions, each sorted by the graph. */
function sorted(rows: readonly Row[], { sort, columns }: Wanted): readonly Row[] {
  const at = Math.max(
    0,
    columns.findIndex(({ key }) => key === sort.key),
  );
  const place = at - columns.length;
  return rows.toSorted((one, other) => {
    const [a, b] = [one.cells.at(place), other.cells.at(place)];
    return a === undefined || b === undefined ? 0 : compareCells(a, b, sort.isDescending);
  });
}
