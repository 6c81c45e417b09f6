/** The one operation that asks for everything on the screen, and where its answer has it. */
import type { ExecutionResult } from 'graphql';
import { formatDuration } from '../../snapshot/duration.ts';
import { Place } from './answer.ts';
import { columnOf, selectionOf } from './counter-column.ts';
import type { Cell } from './cell.ts';
import { counterNamed } from '../../catalogue/catalogue.ts';
import { counterCell, type View, type Wanted } from './view.ts';

/** What is asked. */
export interface Asked {
  readonly view: View;
  readonly wanted: Wanted;
  /** The host to ask about, at a gateway; null for the one host of a service. */
  readonly host: string | null;
  /** Whether the caller may read the logical processors: others are not asked for what is denied anyway. */
  readonly isRoot: boolean;
}

const busy = columnOf(counterNamed('LOGICAL_PROCESSOR', 'totalRunTime'));

/** The document: a subscription with an interval in milliseconds; a query where that is null. */
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

/** The place of an answer that the view reads: a Hypervisor, or for hosts a Fleet. */
export function subjectOf(result: ExecutionResult, { view, host }: Asked): Place {
  const root = Place.of(result);
  if (view.name === 'hosts') return root.at('fleet');
  return host === null ? root.at('hypervisor') : root.at('host', 'hypervisor');
}

/** What all logical processors do together. */
export interface Load {
  readonly logicalProcessors: number;
  /** Percent of their time that they were not idle. */
  readonly busy: Cell;
}

/** The load in an answer; null if it has none. */
export function loadOf(subject: Place): Load | null {
  const totals = subject.at('logicalProcessorTotals');
  const of = totals.at('of').scalar;
  return typeof of === 'number' ? { logicalProcessors: of, busy: counterCell(totals, busy) } : null;
}

/** "16 LPs 21.1% busy", or why it is not known how busy they are. */
export function loadText({ logicalProcessors, busy: { value, missing, text } }: Load): string {
  const what =
    typeof value === 'number'
      ? `${value.toFixed(1)}% busy`
      : missing === 'still'
        ? 'clock stands still'
        : text;
  return `${logicalProcessors} LPs ${what}`;
}

/** The shortest and the longest `over` of a query: Service.limits of a service that is not told otherwise. */
const [shortestOver, longestOver] = [100, 60_000];

/** What an answer that comes once takes its rates over, for an interval in milliseconds. */
export function overOf(every: number): string {
  return formatDuration(Math.max(shortestOver, Math.min(longestOver, every)));
}
