/** Draws a table as lines of text. */
import { signs, type Cell, type Missing } from '../view/cell.ts';
import { plainStyle, type Style } from './style.ts';
import { fitTo, widthOf } from './text-width.ts';
import type { Column, Row, Sort, Table } from '../view/view.ts';

/** The options for drawing a table. */
export interface TableLayout {
  /** The width of the screen; null for the width that the table needs. */
  readonly width: number | null;
  readonly sort: Sort;
  /** The number of columns after the first ones that are scrolled off the screen. */
  readonly firstColumn: number;
  readonly style: Style;
  /** The maximum width of each column so far, by key, so that columns do not move. Changed here. */
  readonly widths: Map<string, number>;
}

/** The lines of a table. */
export interface TableText {
  readonly headings: readonly [string, string];
  readonly rows: readonly string[];
  /** Whether columns are cut off at the right. */
  readonly isCut: boolean;
}

/** Names longer than this are cut. */
const longestText = 32;
const gap = '  ';

/** Draws the headings and these rows, each on a line as wide as the screen. */
export function drawTable(table: Table, rows: readonly Row[], layout: TableLayout): TableText {
  const { width, style } = layout;
  const { columns, isCut } = visibleColumns(table, rows, layout);
  const line = (cells: readonly string[]): string => cells.join(gap);
  // Marks columns beyond the right edge, which the arrow keys scroll to.
  const fill = (text: string): string =>
    width === null ? text : isCut ? `${fitTo(text, width - 1)}>` : fitTo(text, width);
  const heading = (texts: (column: Column) => string): string =>
    style.reverse(
      fill(line(columns.map(({ column, width: wide }) => fitTo(texts(column), wide, sideOf(column))))),
    );
  return {
    headings: [
      heading(({ title }) => title),
      heading((column) => [column.unit, markOf(column, layout.sort)].filter((text) => text !== '').join(' ')),
    ],
    rows: rows.map(({ cells }) =>
      line(
        columns.map(({ column, at, width: wide }) => {
          const cell = cells[at];
          return cell === undefined ? '' : paint(cell, fitTo(cell.text, wide, sideOf(column)), style);
        }),
      ),
    ),
    isCut,
  };
}

/** "v" below the column that rows are sorted by, or "^" for ascending order. */
export function markOf({ key }: Column, sort: Sort): string {
  return key === sort.key ? (sort.isDescending ? 'v' : '^') : '';
}

/** Explains the signs in these rows; '' if they have none. */
export function legendOf(rows: readonly Row[]): string {
  const there = new Set(rows.flatMap(({ cells }) => cells.map(({ missing }) => missing)));
  const entries = Object.entries(signs).filter(([missing]) => there.has(missing as Missing));
  return entries.map(([, { sign, meaning }]) => `${sign} ${meaning}`).join('   ');
}

interface PlacedColumn {
  readonly column: Column;
  /** Its index among the cells of a row. */
  readonly at: number;
  readonly width: number;
}

function visibleColumns(
  { columns }: Table,
  rows: readonly Row[],
  { width, firstColumn, sort, widths }: TableLayout,
): { readonly columns: readonly PlacedColumn[]; readonly isCut: boolean } {
  const visible: PlacedColumn[] = [];
  let left = width ?? Number.POSITIVE_INFINITY;
  for (const [at, column] of columns.entries()) {
    const scrolled = columns.slice(0, at).filter(({ isLeading }) => !isLeading).length;
    if (!column.isLeading && scrolled < firstColumn) continue;
    const wide = widthOfColumn(column, { at, rows, sort, widths });
    const needed = wide + (visible.length === 0 ? 0 : gap.length);
    if (needed > left) return { columns: visible, isCut: true };
    left -= needed;
    visible.push({ column, at, width: wide });
  }
  return { columns: visible, isCut: false };
}

function widthOfColumn(
  column: Column,
  { at, rows, sort, widths }: { at: number; rows: readonly Row[]; sort: Sort; widths: Map<string, number> },
): number {
  const { key, title, unit, isNumber } = column;
  const unitWidth = unit.length + (key === sort.key ? 2 : 0);
  const texts = rows.map(({ cells }) => widthOf(cells[at]?.text ?? ''));
  const content = Math.max(0, ...texts);
  const wide = Math.max(title.length, unitWidth, isNumber ? content : Math.min(content, longestText));
  const greatest = Math.max(widths.get(key) ?? 0, wide);
  widths.set(key, greatest);
  return greatest;
}

function sideOf({ isNumber }: Column): 'left' | 'right' {
  return isNumber ? 'right' : 'left';
}

function paint({ missing }: Cell, text: string, style: Style): string {
  if (missing === null) return text;
  if (missing === 'denied' || missing === 'failed') return style.problem(text);
  return missing === 'reset' || missing === 'waiting' ? style.passing(text) : text;
}

/** A table for a file or a pipe: every column, no emphasis, no spaces at the ends of lines. */
export function plainTable(table: Table, sort: Sort): string {
  const layout = { width: null, sort, firstColumn: 0, style: plainStyle, widths: new Map<string, number>() };
  const { headings, rows } = drawTable(table, table.rows, layout);
  return [...headings, ...rows].map((line) => `${line.trimEnd()}\n`).join('');
}
