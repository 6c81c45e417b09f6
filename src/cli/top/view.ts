/** What can be shown: its rows, its columns, and the selection that asks for them. */
import type { StatisticsObject } from '../../catalogue/group.ts';
import type { TopView } from '../settings/top-setting.ts';
import type { AnswerError, Place } from './answer.ts';
import { missingCell, numberCell, type Cell } from './cell.ts';
import { hasOwnClock, type CounterColumn } from './counter-column.ts';

/** The name of a view, as --view takes it. */
export type ViewName = TopView;

/** The column that rows are sorted by: a column's key, such as "id" or "hypercalls". */
export interface Sort {
  readonly key: string;
  readonly isDescending: boolean;
}

/** Which part of a view is asked for. */
export interface Wanted {
  readonly columns: readonly CounterColumn[];
  readonly sort: Sort;
  /** A part of a name, or "=" and ids with commas between them; '' for everything. */
  readonly filter: string;
  /** The partition that processors or intercepts are of; null for all. */
  readonly partitionId: string | null;
  /** How many rows are needed. */
  readonly rows: number;
  /** The interval of rates for an answer that comes once; null in a stream, whose events follow each other. */
  readonly over: string | null;
}

/** A column of a table. */
export interface Column {
  /** How it is typed, and the name in JSON. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly isNumber: boolean;
  readonly isSortable: boolean;
  /** Whether it names the row, and so stays when columns are scrolled. */
  readonly isLeading: boolean;
}

/** A row of a table. */
export interface Row {
  /** One for each column. */
  readonly cells: readonly Cell[];
  /** What a person goes to from here. */
  readonly partitionId: string | null;
  readonly host: string | null;
}

/** What an answer says, as rows. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Rows that there are, of which these are the first; null if there may be more. */
  readonly total: number | null;
  /** Why there is no table; null if there is one. */
  readonly problem: AnswerError | null;
  /** What the rows belong to: "partition 5 (web-1)"; '' for everything. */
  readonly of: string;
}

/** A kind of table. */
export interface View {
  readonly name: ViewName;
  /** The objects whose counters may be columns. */
  readonly objects: readonly StatisticsObject[];
  readonly defaultColumns: readonly string[];
  readonly defaultSort: Sort;
  /** The most rows that one answer may have. */
  readonly mostRows: number;
  columns(wanted: Wanted): readonly Column[];
  /** The fields that the view needs: of Hypervisor, or for hosts of Fleet. */
  selection(wanted: Wanted): string;
  /** Reads those fields. */
  table(place: Place, wanted: Wanted): Table;
}

/** A text column that leads a row. */
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
