/** `hvql top` for scripts: prints tables or JSON documents. */
import { unlessAborted } from '../../lib/abort.ts';
import type { CommandContext } from '../command-context.ts';
import { printable } from '../format.ts';
import { ticks } from '../commands/ticks.ts';
import { printedAdviceFor } from './advice.ts';
import { documentOf, loadOf, loadText, overOf, problemOf, subjectOf, type Asked } from './document.ts';
import type { GraphLink } from './link/graph-link.ts';
import { choiceOf, type State } from './state.ts';
import { legendOf, plainTable } from './screen/table-text.ts';
import type { Place } from './answer.ts';
import type { Row, Table } from './view/view.ts';
import { views } from './view/views.ts';

/** The options of the output. */
export interface BatchOptions {
  readonly link: GraphLink;
  readonly state: State;
  readonly isRoot: boolean;
  readonly isJson: boolean;
  /** Whether to print once instead of at each interval. */
  readonly isOnce: boolean;
  /** How long to run, in milliseconds; null until interrupted. */
  readonly for: number | null;
}

/**
 * Prints the output until it is complete or the signal is aborted. The exit code is 1 if the last response had no table, or
 * if there was none. Rejects with a LinkError if the graph is unreachable.
 */
export async function runBatch(options: BatchOptions, context: CommandContext): Promise<number> {
  const { every } = options.state;
  const { signal } = context;
  const lasts = options.isOnce ? 0 : (options.for ?? undefined);
  let exitCode = 1;
  for await (const number of ticks({ ...context, every, for: lasts })) {
    try {
      exitCode = await printAnswer(options, { ...context, isFirst: number === 0 });
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
    if (signal.aborted) break;
  }
  return exitCode;
}

async function printAnswer(
  { link, state, isRoot, isJson, isOnce }: BatchOptions,
  { stdout, stderr, signal, isFirst }: CommandContext & { readonly isFirst: boolean },
): Promise<number> {
  const view = views[state.view];
  const { columns, sort } = choiceOf(state);
  const { filter, partitionId, host } = state;
  const over = overOf(state.every);
  const wanted = { columns, sort, filter, partitionId, rows: view.mostRows, over };
  const asked: Asked = { view, wanted, host, isRoot };
  // Its rates may wait for a minute.
  const result = await unlessAborted(link.query(documentOf(asked, null), signal), signal);
  const subject = subjectOf(result, asked);
  const table = subject.value === null ? null : view.table(subject, wanted);
  if (table === null || table.problem !== null) {
    const { code, message } = table?.problem ?? problemOf(subject, asked);
    stderr.write(
      `hvql: ${printable(`${code === '' ? '' : `${code}: `}${message} ${printedAdviceFor(code)}`.trim())}\n`,
    );
    return 1;
  }
  if (isJson) {
    stdout.write(`${JSON.stringify(documentFor(table, { subject, state }), null, isOnce ? 2 : undefined)}\n`);
    return 0;
  }
  stdout.write(`${isFirst ? '' : '\n'}${titleFor(table, { subject, state })}\n${plainTable(table, sort)}`);
  const legend = legendOf(table.rows);
  const isCut = table.total !== null && table.total > table.rows.length;
  if (legend !== '') stderr.write(`${legend}\n`);
  if (isCut)
    stderr.write(`These are the first ${table.rows.length} of ${table.total}; --filter finds others.\n`);
  return 0;
}

function titleFor(
  { of }: Table,
  { subject, state }: { readonly subject: Place; readonly state: State },
): string {
  const load = loadOf(subject);
  const busy = load === null ? '' : loadText(load);
  const what = `${state.view.replaceAll('-', ' ')}${of === '' ? '' : ` of ${of}`}`;
  return [what, printable(subject.at('host').text), subject.at('sampledAt').text, busy]
    .filter((part) => part !== '')
    .join('  ');
}

/** The JSON document: numbers as in the graph, with 64-bit numbers as strings, and the reasons for nulls. */
function documentFor(
  table: Table,
  { subject, state }: { readonly subject: Place; readonly state: State },
): object {
  const { columns, rows, total } = table;
  const units = columns.flatMap(({ key, unit }) => (unit === '' ? [] : [[key, unit] as const]));
  return {
    view: state.view,
    host: subject.at('host').scalar,
    partitionId: state.partitionId,
    sampledAt: subject.at('sampledAt').scalar,
    sort: choiceOf(state).sort,
    total,
    units: Object.fromEntries(units),
    rows: rows.map((row) => rowFor(row, table)),
  };
}

function rowFor({ cells }: Row, { columns }: Table): object {
  const values = columns.map(({ key }, at) => [key, cells[at]?.value ?? null] as const);
  const missing = columns.flatMap(({ key }, at) => {
    const why = cells[at]?.missing ?? null;
    return why === null ? [] : [[key, why] as const];
  });
  return {
    ...Object.fromEntries(values),
    ...(missing.length === 0 ? {} : { missing: Object.fromEntries(missing) }),
  };
}
