/** Columns that show a counter: parses their names and generates their selection. */
import { clockOf, countersOf } from '../../../catalogue/catalogue.ts';
import { isTotal, type Counter } from '../../../catalogue/counter.ts';
import type { StatisticsObject } from '../../../catalogue/group.ts';
import { UsageError } from '../../../errors.ts';
import { didYouMean } from '../../../lib/suggestion.ts';

/** The views of a counter, by their field names in the graph. */
export const counterFields = ['rates', 'deltas', 'counters'] as const;
/** rates, deltas or counters. */
export type CounterField = (typeof counterFields)[number];

/** A column of numbers. */
export interface CounterColumn {
  /** Its name in --columns: "hypercalls", or "hypercalls.counters" if it is not the default view. */
  readonly key: string;
  readonly counter: Counter;
  readonly field: CounterField;
  /** The unit below its name: "/s", "%", "ns/op", "pages"; '' for a plain number. */
  readonly unit: string;
}

/** The column of a counter; by default its rate, or its value if it has no rate. */
export function columnOf(counter: Counter, field: CounterField = defaultField(counter)): CounterColumn {
  const key = field === defaultField(counter) ? counter.field : `${counter.field}.${field}`;
  return { key, counter, field, unit: unitOf(counter, field) };
}

/**
 * Parses names of columns, such as "hypercalls" or "hypercalls.counters". Throws a UsageError with every name that is not
 * a counter of these objects.
 */
export function parseColumns(
  names: readonly string[],
  objects: readonly StatisticsObject[],
): readonly CounterColumn[] {
  const counters = objects.flatMap((object) => countersOf(object));
  const problems: string[] = [];
  const columns = new Map<string, CounterColumn>();
  for (const name of names) {
    const [field = '', view, ...more] = name.split('.');
    const counter = counters.find((candidate) => candidate.field === field);
    if (counter === undefined) {
      const fields = counters.map((candidate) => candidate.field);
      problems.push(
        `${nameOf(objects)} has no counter ${JSON.stringify(field)}.${didYouMean(field, fields)} ` +
          'schema/counters.md lists all names.',
      );
      continue;
    }
    const column = more.length > 0 ? null : columnWithView(counter, view);
    if (column === null)
      problems.push(
        `${JSON.stringify(name)} needs one of ${viewsOf(counter)
          .map((each) => `${field}.${each}`)
          .join(', ')}, or ${field} alone.`,
      );
    else columns.set(column.key, column);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return [...columns.values()];
}

/** The next view of a column: rates, deltas, counters, then rates again. A counter without rates has only one view. */
export function nextView({ counter, field }: CounterColumn): CounterColumn {
  const views = viewsOf(counter);
  return columnOf(counter, views[(views.indexOf(field) + 1) % views.length]);
}

/** The fields of these columns as a selection of one object: "rates { hypercalls interval { reset } } counters { … }". */
export function selectionOf(columns: readonly CounterColumn[], over: string | null): string {
  const parts = counterFields.flatMap((field) => {
    const fields = columns.flatMap((column) => fieldsOf(column)[field] ?? []);
    if (fields.length === 0) return [];
    const interval = field === 'counters' ? '' : ' interval { seconds reset }';
    const argument = field === 'counters' || over === null ? '' : `(over: ${JSON.stringify(over)})`;
    return [`${field}${argument} { ${[...new Set(fields)].join(' ')}${interval} }`];
  });
  return parts.join(' ');
}

/**
 * The fields needed for a column. A rate may be null although the counter is reported, which only another number shows: an
 * average cost without operations, and a percentage of an object's own clock if that clock does not advance.
 */
function fieldsOf({ counter, field }: CounterColumn): Partial<Record<CounterField, readonly string[]>> {
  const own = counter.field;
  if (field !== 'rates') return { [field]: [own] };
  if (hasOwnClock(counter)) return { rates: [own], deltas: [own] };
  return { rates: counter.operations === undefined ? [own] : [own, counter.operations] };
}

/** Whether its percentages are relative to a clock of the object. */
export function hasOwnClock({ kind, object }: Counter): boolean {
  return kind === 'TIME' && clockOf(object) !== undefined;
}

/** totalRunTime becomes TOTAL_RUN_TIME, as in the enums of the schema. */
export function enumValueOf({ field }: Counter): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

const viewNames = { rates: 'RATE', deltas: 'DELTA', counters: 'VALUE' } as const;

/**
 * The sort order of a column as an argument: "{ counter: HYPERCALLS, by: RATE, direction: DESC }". `over` is the interval of
 * its changes, as `selectionOf` takes it: rows are sorted by the numbers that they show.
 */
export function orderOf(
  { counter, field }: CounterColumn,
  { isDescending, over }: { readonly isDescending: boolean; readonly over: string | null },
): string {
  const direction = isDescending ? 'DESC' : 'ASC';
  const interval = over === null || field === 'counters' ? '' : `over: ${JSON.stringify(over)}, `;
  return `{ counter: ${enumValueOf(counter)}, by: ${viewNames[field]}, ${interval}direction: ${direction} }`;
}

function columnWithView(counter: Counter, view: string | undefined): CounterColumn | null {
  if (view === undefined) return columnOf(counter);
  const field = viewsOf(counter).find((each) => each === view);
  return field === undefined ? null : columnOf(counter, field);
}

function viewsOf(counter: Counter): readonly CounterField[] {
  return isTotal(counter) ? counterFields : ['counters'];
}

function defaultField(counter: Counter): CounterField {
  return isTotal(counter) ? 'rates' : 'counters';
}

const rateUnits: Readonly<Record<string, string>> = { COUNT: '/s', TIME: '%', COST: 'ns/op' };

function unitOf({ kind, unit }: Counter, field: CounterField): string {
  if (field === 'rates') return rateUnits[kind] ?? '';
  if (unit === '1' || unit === 'unknown') return '';
  return unit === 'page' ? 'pages' : unit;
}

const objectNames: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'the hypervisor',
  LOGICAL_PROCESSOR: 'a logical processor',
  PARTITION: 'a partition',
  VIRTUAL_PROCESSOR: 'a virtual processor',
};

function nameOf(objects: readonly StatisticsObject[]): string {
  const text = objects.map((object) => objectNames[object]).join(' or ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
