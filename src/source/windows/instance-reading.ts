/** An instance of a raw performance class as a reading. */
import { countersOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, UnnamedValue } from '../../snapshot/reading.ts';
import { cellOf, nameProperty, type InstanceTable, type Row } from './sample.ts';

/** An instance, and the requested name. */
export interface NamedInstance {
  readonly row: Row;
  readonly name: ObjectName;
}

/**
 * The reading of an instance. A counter's value is the first property that its row names: a running total, even
 * if its name has "Persec" or "Percent"; the second, its base, is what Windows divides by to show it. That of a
 * percentage is a clock (PERF_PRECISION_100NS_TIMER), read together with the value; a clock at 0 does not run, and
 * does not count. A property that this Windows does not have is absent. There is no page behind it. It holds its own
 * instance and not the others of the table.
 */
export function instanceReading({ columns, at }: InstanceTable, { row, name }: NamedInstance): Reading {
  return {
    page: null,
    // The classes are read one after another, which may take long on a busy host.
    ...(at === null ? {} : { at }),
    base({ kind, windows: [, property] }: Counter) {
      if (kind !== 'TIME' || property === undefined) return undefined;
      const base = BigInt(cellOf(columns, { row, property }) ?? 0);
      return base === 0n ? undefined : base;
    },
    value({ windows: [property] }: Counter) {
      const text = property === undefined ? undefined : cellOf(columns, { row, property });
      return text === undefined ? undefined : BigInt(text);
    },
    // The class may have been read with more properties than were requested for this reading.
    ...(name.unlisted === true ? { unnamed: () => unlistedIn(columns, { row, name }) } : {}),
  };
}

/** The properties of each kind of object that rows of the catalogue name. */
const listed = new Map<StatisticsObject, ReadonlySet<string>>(
  statisticsObjects.map((object) => [object, new Set(countersOf(object).flatMap(({ windows }) => windows))]),
);
/** What accompanies counters: clocks, and what Windows divides by. */
const accompanying = /^(?:Timestamp|Frequency)_|_Base$/;

function unlistedIn(columns: InstanceTable['columns'], { row, name }: NamedInstance): UnnamedValue[] {
  const known = listed.get(name.object);
  return [...columns].flatMap(([property, column]) => {
    if (property === nameProperty || known?.has(property) === true || accompanying.test(property)) return [];
    const text = row[column] ?? '';
    return text === '' ? [] : [{ name: property, value: BigInt(text) }];
  });
}
