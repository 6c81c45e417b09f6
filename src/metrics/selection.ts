/** Which metrics a request selects: `object`, `counter` and `raw` of its query string. */
import { catalogue } from '../catalogue/catalogue.ts';
import { statisticsObjects, type StatisticsObject } from '../catalogue/group.ts';
import { HvqlError } from '../errors.ts';
import { excerpt } from '../lib/json.ts';
import { didYouMean } from '../lib/suggestion.ts';
import { metricFamiliesOf, type MetricFamily } from './metric-family.ts';

/** The metrics that a request selects. Equal selections are one object or have equal keys. */
export interface MetricSelection {
  readonly key: string;
  /** Whether the request names neither objects nor counters. */
  readonly isWhole: boolean;
  /** The kinds of object that it names. */
  readonly named: readonly StatisticsObject[];
  /** By the kinds of object that are read. */
  readonly families: ReadonlyMap<StatisticsObject, readonly MetricFamily[]>;
}

const parameters = ['object', 'counter', 'raw'];
const fields = [...new Set(catalogue.map(({ field }) => field))];
/** The maximum length of quoted client input in messages. */
const quotedCharacters = 100;

/**
 * The selection of a query string. Throws BAD_REQUEST for unknown parameters or values, and LIMIT_EXCEEDED for more than
 * `maxListItems` objects or counters.
 */
export function parseSelection(
  search: string,
  { maxListItems }: { readonly maxListItems: number },
): MetricSelection {
  const given = new URLSearchParams(search);
  for (const name of given.keys())
    if (!parameters.includes(name)) throw unknown('parameter', name, parameters);
  const [objects, counters] = [given.getAll('object'), given.getAll('counter')];
  for (const [name, { length }] of Object.entries({ object: objects, counter: counters })) {
    if (length > maxListItems)
      throw new HvqlError(
        'LIMIT_EXCEEDED',
        `The parameter "${name}" is given ${length} times, but at most ${maxListItems} times are allowed.`,
        { limit: maxListItems, actual: length },
      );
  }
  const raw = rawOf(given.getAll('raw'));
  for (const name of objects)
    if (!statisticsObjects.some((object) => object === name))
      throw unknown('object', name, statisticsObjects);
  for (const name of counters) if (!fields.includes(name)) throw unknown('counter', name, fields);
  const named = statisticsObjects.filter((object) => objects.includes(object));
  return selectionOf({ named, counters: new Set(counters), raw });
}

function selectionOf({
  named,
  counters,
  raw,
}: {
  readonly named: readonly StatisticsObject[];
  readonly counters: ReadonlySet<string>;
  readonly raw: boolean;
}): MetricSelection {
  const kinds = named.length === 0 ? statisticsObjects : named;
  const wanted = (object: StatisticsObject): MetricFamily[] =>
    metricFamiliesOf(object).filter(({ counter }) => counters.size === 0 || counters.has(counter.field));
  const all = kinds.map((object) => ({ object, families: wanted(object) }));
  const found = all.flatMap(({ families }) => families);
  for (const field of counters) checkSelected(field, { found, kinds, raw });
  const families = new Map(
    all
      .map(({ object, families }) => ({
        object,
        families: families.filter(({ type }) => raw || type !== 'unknown'),
      }))
      .filter(({ families }) => families.length > 0)
      .map(({ object, families }) => [object, families] as const),
  );
  const names = [...families.values()].flatMap((some) => some.map(({ name }) => name));
  return {
    key: [...named, ...names].join(),
    isWhole: named.length === 0 && counters.size === 0,
    named,
    families,
  };
}

/** Throws BAD_REQUEST if a counter belongs to none of the selected objects, or is of unknown kind and `raw` is not given. */
function checkSelected(
  field: string,
  { found, kinds, raw }: { found: readonly MetricFamily[]; kinds: readonly StatisticsObject[]; raw: boolean },
): void {
  const same = found.filter(({ counter }) => counter.field === field);
  if (same.length === 0) {
    const owners = catalogue.filter((counter) => counter.field === field).map(({ object }) => object);
    throw badRequest(
      `The counter "${field}" is of ${owners.join(' and ')}, and the request selects ${kinds.join(' and ')} only.`,
    );
  }
  if (!raw && same.every(({ type }) => type === 'unknown'))
    throw badRequest(`The counter "${field}" is a number of unknown kind: it is given with "raw=1" only.`);
}

function rawOf(given: readonly string[]): boolean {
  for (const text of given) {
    if (text !== '0' && text !== '1')
      throw badRequest(`The parameter "raw" is ${quoted(text)}; expected is 1 or 0.`);
  }
  return given.includes('1');
}

function unknown(what: string, name: string, known: readonly string[]): HvqlError {
  const list = known.length > 10 ? `the fields of counterDefinitions, such as ${known[0]}` : known.join(', ');
  return badRequest(`There is no ${what} ${quoted(name)}; expected: ${list}.${didYouMean(name, known)}`);
}

function quoted(text: string): string {
  return JSON.stringify(excerpt(text, quotedCharacters));
}

function badRequest(message: string): HvqlError {
  return new HvqlError('BAD_REQUEST', message);
}
