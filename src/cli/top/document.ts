/** Generates the operation for the content of the screen, and finds the data in its response. */
import type { ExecutionResult } from 'graphql';
import { formatDuration } from '../../snapshot/duration.ts';
import { Place, type AnswerError } from './answer.ts';
import { columnOf, selectionOf } from './view/counter-column.ts';
import type { Cell } from './view/cell.ts';
import { counterNamed } from '../../catalogue/catalogue.ts';
import { counterCell, type View, type Wanted } from './view/view.ts';

/** The content to request. */
export interface Asked {
  readonly view: View;
  readonly wanted: Wanted;
  /** The host to show, on a gateway; null for the host of a service. */
  readonly host: string | null;
  /** Whether the caller may read the logical processors; if not, they are not requested. */
  readonly isRoot: boolean;
}

const busy = columnOf(counterNamed('LOGICAL_PROCESSOR', 'totalRunTime'));

/** The document: a subscription with an interval in milliseconds, or a query if that is null. */
export function documentOf({ view, wanted, host, isRoot }: Asked, every: number | null): string {
  const kind = every === null ? 'query' : 'subscription';
  const interval = every === null ? '' : `every: ${JSON.stringify(formatDuration(every))}`;
  const arguments_ = interval === '' ? '' : `(${interval})`;
  if (view.name === 'hosts')
    return `${kind} Top { fleet${arguments_} { totals { of answered logicalProcessors } ${view.selection(wanted)} } }`;
  const load = isRoot ? `logicalProcessorTotals { of ${selectionOf([busy], wanted.over)} } ` : '';
  const selection = `{ sampledAt host ${load}${view.selection(wanted)} }`;
  if (host === null) return `${kind} Top { hypervisor${arguments_} ${selection} }`;
  const name = [`name: ${JSON.stringify(host)}`, interval].filter((text) => text !== '').join(', ');
  return `${kind} Top { host(${name}) { name status hypervisor ${selection} } }`;
}

/** The position in a response that the view reads: a Hypervisor, or a Fleet for the view of hosts. */
export function subjectOf(result: ExecutionResult, { view, host }: Asked): Place {
  const root = Place.of(result);
  if (view.name === 'hosts') return root.at('fleet');
  return host === null ? root.at('hypervisor') : root.at('host', 'hypervisor');
}

/** The reason why a response has no subject. A gateway has null, without an error, for a host that the caller may not query. */
export function problemOf(subject: Place, { host }: Asked): Pick<AnswerError, 'code' | 'message'> {
  if (subject.error !== null) return subject.error;
  if (host === null) return { code: '', message: 'There is no response.' };
  return { code: 'NOT_FOUND', message: `There is no host "${host}" that the caller may query.` };
}

/** The load of all logical processors together. */
export interface Load {
  readonly logicalProcessors: number;
  /** The percentage of their time in which they were not idle. */
  readonly busy: Cell;
}

/** The load in a response; null if it has none. */
export function loadOf(subject: Place): Load | null {
  const totals = subject.at('logicalProcessorTotals');
  const of = totals.at('of').scalar;
  return typeof of === 'number' ? { logicalProcessors: of, busy: counterCell(totals, busy) } : null;
}

/** "16 LPs 21.1% busy", or the reason why the load is not known. */
export function loadText({ logicalProcessors, busy: { value, missing, text } }: Load): string {
  const what =
    typeof value === 'number'
      ? `${value.toFixed(1)}% busy`
      : missing === 'still'
        ? 'clock does not advance'
        : text;
  return `${logicalProcessors} LPs ${what}`;
}

/** The minimum and maximum `over` of a query: Service.limits of a service with default settings. */
const [shortestOver, longestOver] = [100, 60_000];

/** The `over` of a query for an interval in milliseconds. */
export function overOf(every: number): string {
  return formatDuration(Math.max(shortestOver, Math.min(longestOver, every)));
}
