/** Views: their rows, columns and selections. */
import type { StatisticsObject } from '../../../catalogue/group.ts';
import type { TopView } from '../../settings/top-setting.ts';
import type { AnswerError, Place } from '../answer.ts';
import { missingCell, numberCell, type Cell } from './cell.ts';
import { hasOwnClock, type CounterColumn } from './counter-column.ts';

/** The name of a view, as --view takes it. */
export type ViewName = TopView;

/** The column that rows are sorted by: a column's key, such as "id" or "hypercalls". */
export interface Sort {
  readonly key: string;
  readonly isDescending: boolean;
}

/** The requested part of a view. */
export interface Wanted {
  readonly columns: readonly CounterColumn[];
  readonly sort: Sort;
  /** A part of a name, or "=" and ids separated by commas; '' for everything. */
  readonly filter: string;
  /** The partition of the processors or intercepts; null for all. */
  readonly partitionId: string | null;
  /** The number of rows that are needed. */
  readonly rows: number;
  /** The interval of rates in a query; null in a subscription, whose rates are since the previous event. */
  readonly over: string | null;
}

/** A column of a table. */
export interface Column {
  /** Its name in --columns and in JSON. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly isNumber: boolean;
  readonly isSortable: boolean;
  /** Whether it identifies the row, and so stays visible when columns are scrolled. */
  readonly isLeading: boolean;
}

/** A row of a table. */
export interface Row {
  /** One cell for each column. */
  readonly cells: readonly Cell[];
  /** The target of Enter. */
  readonly partitionId: string | null;
  readonly host: string | null;
}

/** The rows of a response. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** The total number of rows, of which these are the first; null if there may be more. */
  readonly total: number | null;
  /** Why there is no table; null if there is one. */
  readonly problem: AnswerError | null;
  /** The owner of the rows: "partition 5 (web-1)"; '' for everything. */
  readonly of: string;
}

/** A kind of table. */
export interface View {
  readonly name: ViewName;
  /** The objects whose counters may be columns. */
  readonly objects: readonly StatisticsObject[];
  readonly defaultColumns: readonly string[];
  readonly defaultSort: Sort;
  /** The maximum number of rows in a response. */
  readonly mostRows: number;
  columns(wanted: Wanted): readonly Column[];
  /** The fields that the view needs: of Hypervisor, or for hosts of Fleet. */
  selection(wanted: Wanted): string;
  /** Reads those fields. */
  table(place: Place, wanted: Wanted): Table;
}

/** A text column at the beginning of a row. */
export function leadingColumn(
  key: string,
  options: { isNumber?: boolean; isSortable?: boolean } = {},
): Column {
  const { isNumber = true, isSortable = false } = options;
  return { key, title: key, unit: '', isNumber, isSortable, isLeading: true };
}

/** The columns of counters. */
export function counterColumns(columns: readonly CounterColumn[]): readonly Column[] {
  return columns.map(({ key, counter, unit }) => ({
    key,
    title: counter.field,
    unit,
    isNumber: true,
    isSortable: true,
    isLeading: false,
  }));
}

/** The cell of a counter in an object with the fields `rates`, `deltas` and `counters`. */
export function counterCell(object: Place, { counter, field }: CounterColumn): Cell {
  const view = object.at(field);
  if (view.value === null) {
    if (view.error !== null) return missingCell(missingBecauseOf(view.error));
    return missingCell(field === 'counters' ? 'unreported' : 'waiting');
  }
  const number = view.at(counter.field);
  if (number.scalar !== null) return numberCell(number.scalar);
  if (number.error !== null) return missingCell(missingBecauseOf(number.error));
  if (view.at('interval', 'reset').value === true) return missingCell('reset');
  const { operations } = counter;
  if (field === 'rates' && operations !== undefined && view.at(operations).scalar === 0)
    return missingCell('idle');
  if (field === 'rates' && hasOwnClock(counter) && object.at('deltas', counter.field).scalar !== null)
    return missingCell('still');
  return missingCell('unreported');
}

/** Whether a reading is denied or has failed. */
export function missingBecauseOf(error: AnswerError): 'denied' | 'failed' {
  return error.code === 'ACCESS_DENIED' ? 'denied' : 'failed';
}

/** The ids of a filter that begins with "=", such as "=5,7"; null for another filter. */
export function idsOf(filter: string): readonly string[] | null {
  if (!filter.startsWith('=')) return null;
  return filter
    .slice(1)
    .split(/[\s,]+/)
    .filter((id) => /^\d{1,20}$/.test(id));
}

/** Arguments in parentheses: those that are not null; '' for none. */
export function argumentsOf(given: Readonly<Record<string, string | number | null>>): string {
  const list = Object.entries(given).flatMap(([name, value]) => (value === null ? [] : `${name}: ${value}`));
  return list.length === 0 ? '' : `(${list.join(', ')})`;
}
