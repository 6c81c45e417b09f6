/** Prints an overlay page as a table. */
import type { Counter } from '../../catalogue/counter.ts';
import { countersInPages, countersOf } from '../../catalogue/catalogue.ts';
import { groupsOf, type StatisticsObject, releaseOfVersion, releases } from '../../catalogue/group.ts';
import type { OverlayPage } from '../../page/decode.ts';
import { objectTitle } from '../../snapshot/object-name.ts';
import type { GroupView } from '../../snapshot/reading.ts';
import { printable } from '../format.ts';

/** A page, its path, and the kind of object that it belongs to. */
export interface InspectedPage {
  readonly path: string;
  readonly object: StatisticsObject;
  readonly page: OverlayPage;
}

type Row = readonly [
  group: string,
  index: string,
  counter: string,
  field: string,
  value: string,
  unit: string,
];
const heading: Row = ['group', 'index', 'counter', 'field', 'value', 'unit'];

/**
 * One row per counter: first the counters of the page's groups in page order, then those of the public page's groups that
 * the page lacks. A counter without a name is "(unnamed)", and one that the page does not have is "absent".
 */
export function pageTable({ path, object, page }: InspectedPage): string {
  const groups = page.groups();
  const rows = [...groups.flatMap((group) => rowsOfGroup(object, group)), ...rowsOfMissing(object, groups)];
  const count = `${groups.length} statistics group${groups.length === 1 ? '' : 's'}`;
  return `${printable(path)}: ${objectTitle[object]}, ${count}\n\n${formatRows([heading, ...rows])}`;
}

function rowsOfGroup(object: StatisticsObject, group: GroupView): Row[] {
  const counters = group.isKnown ? countersAt(object, group) : [];
  const label = labelOf(object, group);
  const indexes = new Set([...group.values.keys()].map((n) => n + 1));
  for (const { index } of counters) if (index !== null) indexes.add(index);
  if (indexes.size === 0) return [[label, '', '(empty)', '', '', '']];
  return [...indexes].map((index) => {
    const counter = counters.find((each) => each.index === index);
    return [label, String(index), ...describeCounter(counter, group.values[index - 1])];
  });
}

function rowsOfMissing(object: StatisticsObject, groups: readonly GroupView[]): Row[] {
  return countersInPages(object, releases[0])
    .filter(({ statisticsGroup: { id } }) => !groups.some((found) => found.isKnown && found.type === id))
    .map((counter) => [counter.group, String(counter.index), ...describeCounter(counter, undefined)]);
}

function describeCounter(
  counter: Counter | undefined,
  value: bigint | undefined,
): [counter: string, field: string, value: string, unit: string] {
  const shown = value === undefined ? 'absent' : String(value);
  return counter === undefined
    ? ['(unnamed)', '', shown, '']
    : [counter.title, counter.field, shown, counter.unit === '1' ? '' : counter.unit];
}

/** The counters of the group's release; those of a newer release only if the group belongs to it. */
function countersAt(object: StatisticsObject, { type, versionMinor }: GroupView): readonly Counter[] {
  const release = releaseOfVersion(versionMinor);
  return countersInPages(object, release).filter(({ statisticsGroup }) => statisticsGroup.id === type);
}

/** "VPA 1.0" if the group is known, otherwise its number: "14 1.0". */
function labelOf(object: StatisticsObject, group: GroupView): string {
  const known = group.isKnown ? groupsOf(object).find(({ id }) => id === group.type) : undefined;
  return `${known?.name ?? group.type} ${group.versionMajor}.${group.versionMinor}`;
}

function formatRows(rows: readonly Row[]): string {
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumeric(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function isNumeric(column: number): boolean {
  return heading[column] === 'index' || heading[column] === 'value';
}

/**
 * The JSON text of `{page, object, groups, counters}`: the groups in page order, with the names of known ones, and every
 * counter of the catalogue, null if the page does not have it. 64-bit numbers are strings.
 */
export function pageJson({ path, object, page }: InspectedPage): string {
  const groups = page.groups().map((group) => ({
    name: group.isKnown ? (groupsOf(object).find(({ id }) => id === group.type)?.name ?? null) : null,
    ...group,
    values: group.values.map(String),
  }));
  const counters = countersOf(object).map((counter) => ({
    group: counter.group,
    index: counter.index,
    field: counter.field,
    title: counter.title,
    value: page.value(counter)?.toString() ?? null,
    unit: counter.unit,
  }));
  return `${JSON.stringify({ page: path, object, groups, counters }, null, 2)}\n`;
}
