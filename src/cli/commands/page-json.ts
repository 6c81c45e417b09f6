/** An overlay page as JSON. */
import { countersOf } from '../../catalogue/catalogue.ts';
import { groupsOf } from '../../catalogue/group.ts';
import type { InspectedPage } from './page-table.ts';

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
