/** Draws the lines of a frame. */
import { formatDuration } from '../../../snapshot/duration.ts';
import { printable } from '../../format.ts';
import { adviceFor } from '../advice.ts';
import { loadText, type Load } from '../document.ts';
import type { LinkProblem } from '../link/graph-link.ts';
import { helpLines } from './help-screen.ts';
import { choiceOf, type Prompt, type State } from '../state.ts';
import type { Style } from './style.ts';
import { drawTable, legendOf } from './table-text.ts';
import { charactersOf, cutTo, fitTo, widthOf } from './text-width.ts';
import type { Table } from '../view/view.ts';

/** The content of a frame. */
export interface FrameContent {
  readonly state: State;
  /** The name of the source or service, such as an address. */
  readonly title: string;
  /** null before the first response. */
  readonly table: Table | null;
  readonly host: string | null;
  /** The time of the snapshot, as returned by the service. */
  readonly sampledAt: string | null;
  readonly load: Load | null;
  /** The state of the fleet; '' for one host. */
  readonly fleet: string;
  /** Why there are no new numbers, and for how many seconds; null if there are. */
  readonly trouble: (LinkProblem & { readonly staleSeconds: number | null }) | null;
}

/** The screen to draw on. */
export interface FrameLayout {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  readonly widths: Map<string, number>;
}

/** Lines other than rows: two above the table, two for its headings, and two below. */
const otherLines = 6;

/** The number of rows that fit on a screen. */
export function roomForRows(rows: number): number {
  return Math.max(1, rows - otherLines);
}

/** A problem and its advice may need more than one line, and then cover rows. */
const mostNoteLines = 4;

/** Draws a frame with as many lines as the screen, none wider than the screen. */
export function drawFrame(content: FrameContent, layout: FrameLayout): readonly string[] {
  const { columns, rows, style } = layout;
  const head = [style.bold(cutTo(titleLine(content), columns)), cutTo(viewLine(content), columns)];
  const notes = wrapped(noteText(content), columns).slice(0, mostNoteLines);
  const body = content.state.isHelp ? helpLines() : tableLines(content, layout);
  const room = Math.max(0, rows - head.length - notes.length - 1);
  const filled = Array.from({ length: room }, (_, at) => body[at] ?? '');
  return [...head, ...filled, ...notes, footLine(content, layout)].slice(0, rows);
}

function titleLine({ title, host, sampledAt, state, load, fleet }: FrameContent): string {
  const busy = load === null ? '' : loadText(load);
  const time = sampledAt === null ? '' : sampledAt.slice(11, 19);
  const every = `every ${formatDuration(state.every)}${state.isPaused ? ' PAUSED' : ''}`;
  const where = [printable(host ?? ''), printable(title)];
  return ['hvql top', time, every, busy, fleet, ...where].filter((part) => part !== '').join('  ');
}

function viewLine({ state, table, trouble }: FrameContent): string {
  const { sort } = choiceOf(state);
  const selected = table === null || table.rows.length === 0 ? 0 : state.selected + 1;
  const shown = table?.rows.length ?? 0;
  const total = table?.total ?? null;
  // Without a total, there may be more rows than requested.
  const count = total === null ? `${shown}+` : `${total}`;
  const where = table === null || table.of === '' ? '' : ` of ${table.of}`;
  const filter = state.filter === '' ? '' : `, filter ${JSON.stringify(printable(state.filter))}`;
  const order = `by ${sort.key} ${sort.isDescending ? 'descending' : 'ascending'}`;
  const stale =
    trouble === null || trouble.staleSeconds === null ? '' : `STALE for ${trouble.staleSeconds} s  `;
  const name = state.view.replaceAll('-', ' ');
  return `${stale}${name}${where}: ${selected} of ${count}, ${order}${filter}`;
}

function tableLines(content: FrameContent, layout: FrameLayout): readonly string[] {
  const { table, state, trouble } = content;
  const { columns, rows: height, style, widths } = layout;
  if (table === null)
    return [
      '',
      ...wrapped(trouble === null ? 'Waiting for the first response ...' : textOf(trouble), columns),
    ];
  if (table.problem !== null && table.rows.length === 0) {
    const { code, message } = table.problem;
    return [
      '',
      ...wrapped(`${code === '' ? '' : `${code}: `}${printable(message)}`, columns),
      ...wrapped(adviceFor(code), columns),
    ];
  }
  const room = roomForRows(height);
  const visible = table.rows.slice(state.firstRow, state.firstRow + room);
  const { sort } = choiceOf(state);
  const drawn = drawTable(table, visible, {
    width: columns,
    sort,
    firstColumn: state.firstColumn,
    style,
    widths,
  });
  const selected = state.selected - state.firstRow;
  const lines = drawn.rows.map((line, at) => {
    if (at === selected) return style.reverse(fitTo(withoutStyle(line), columns));
    return isStale(content) ? style.stale(withoutStyle(line)) : line;
  });
  return [...drawn.headings, ...lines];
}

function isStale({ trouble }: FrameContent): boolean {
  return trouble !== null && trouble.staleSeconds !== null;
}

/** The line above the last one: the problem, or the meaning of the signs on the screen. */
function noteText(content: FrameContent): string {
  const { state, table, trouble } = content;
  if (state.message !== '') return state.message;
  if (trouble !== null && table !== null) return textOf(trouble);
  if (table === null || state.isHelp) return '';
  return legendOf(table.rows.slice(state.firstRow, state.firstRow + 100));
}

const questions: Readonly<Record<Prompt['kind'], string>> = {
  filter: 'Filter (part of a name, or =id,id; empty for all): ',
  interval: 'Interval (2s, 500ms; a number is seconds): ',
  columns: 'Columns (names as in schema/counters.md; empty for the usual): ',
  sort: 'Sort by (column, or column:asc): ',
};
const keys = 'h Help  q Quit  1-5 View  Enter In  Esc Out  <> Sort  r Reverse  / Filter';

function footLine({ state }: FrameContent, { columns, style }: FrameLayout): string {
  const { prompt } = state;
  if (prompt === null)
    return style.reverse(fitTo(state.isHelp ? 'Press any key to leave the help.' : keys, columns));
  const question = questions[prompt.kind];
  // Keeps the end of the input visible.
  const room = Math.max(1, columns - widthOf(question) - 1);
  return cutTo(`${question}${charactersOf(prompt.text).slice(-room).join('')}_`, columns);
}

function textOf({ message, advice }: LinkProblem): string {
  return printable(`${message} ${advice}`.trim());
}

/** Breaks a text between words. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => cutTo(each, width));
}

function withoutStyle(line: string): string {
  // eslint-disable-next-line no-control-regex -- removes the escapes of style.ts
  return line.replaceAll(/\u001b\[\d+m/g, '');
}
