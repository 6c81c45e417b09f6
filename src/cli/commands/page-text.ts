/** An overlay page as a table. */
import type { Counter } from '../../catalogue/counter.ts';
import { countersInPages, countersOf } from '../../catalogue/catalogue.ts';
import { groupsOf, type StatisticsObject, releaseOfVersion, releases } from '../../catalogue/group.ts';
import type { OverlayPage } from '../../page/decode.ts';
import { objectTitle } from '../../snapshot/object-name.ts';
import type { GroupView } from '../../snapshot/reading.ts';
import { printable } from '../format.ts';

/** A page, its path, and the kind of object that it is of. */
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
 * One row a counter: first those of the page's groups in their order, then those of the public page's groups that the
 * page lacks. What
 * has no name is "(unnamed)", what the page does not carry is "absent".
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

/** Those of the group's release, a newer one's only where the group is of it. */
function countersAt(object: StatisticsObject, { type, versionMinor }: GroupView): readonly Counter[] {
  const release = releaseOfVersion(versionMinor);
  return countersInPages(object, release).filter(({ statisticsGroup }) => statisticsGroup.id === type);
}

/** "VPA 1.0" where the group is known, else its number: "14 1.0". */
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
 * Text of `{page, object, groups, counters}`: the groups as they stand in the page, with the name of those that are
 * known, and every counter of the catalogue, null where the page does not carry it. 64-bit numbers are strings.
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
