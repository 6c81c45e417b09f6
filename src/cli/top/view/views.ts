/** All views, and the parsing of --columns and --sort. */
import { UsageError } from '../../../errors.ts';
import { didYouMean } from '../../../lib/suggestion.ts';
import { parseColumns, type CounterColumn } from './counter-column.ts';
import { hostView } from './host-view.ts';
import { interceptView } from './intercept-view.ts';
import { partitionView } from './partition-view.ts';
import { logicalProcessorView, virtualProcessorView } from './processor-view.ts';
import type { Sort, View, ViewName, Wanted } from './view.ts';

/** Every view by name. */
export const views: Readonly<Record<ViewName, View>> = {
  partitions: partitionView,
  'virtual-processors': virtualProcessorView,
  'logical-processors': logicalProcessorView,
  intercepts: interceptView,
  hosts: hostView,
};

/** The columns with these names, or the view's default columns if none are given. */
export function columnsOfView(view: View, names: readonly string[] | null): readonly CounterColumn[] {
  if (names === null) return parseColumns(view.defaultColumns, view.objects);
  if (view.objects.length === 0) throw new UsageError([`The columns of ${view.name} are fixed.`]);
  return parseColumns(names, view.objects);
}

/** "hypercalls" or "id:asc" as a sort order of a view. Throws a UsageError for a column that it cannot sort by. */
export function parseSort(text: string, view: View, wanted: Pick<Wanted, 'columns' | 'partitionId'>): Sort {
  const [key = '', direction = 'desc', ...more] = text.split(':');
  const columns = view.columns({ ...wanted, sort: view.defaultSort, filter: '', rows: 1, over: null });
  const sortable = columns.filter(({ isSortable }) => isSortable).map((column) => column.key);
  if (!sortable.includes(key))
    throw new UsageError([
      `${view.name} cannot be sorted by ${JSON.stringify(key)}, only by ${sortable.join(', ')}.${didYouMean(key, sortable)}`,
    ]);
  if (more.length > 0 || (direction !== 'asc' && direction !== 'desc'))
    throw new UsageError([
      `The order after the colon must be asc or desc, but is ${JSON.stringify(direction)}.`,
    ]);
  return { key, isDescending: direction === 'desc' };
}

/** The default sort order of a view, or its first column if the default column is not shown. */
export function defaultSortOf(view: View, columns: readonly CounterColumn[]): Sort {
  const { defaultSort } = view;
  const [first] = columns;
  if (first === undefined || columns.some(({ key }) => key === defaultSort.key)) return defaultSort;
  return { key: first.key, isDescending: true };
}
