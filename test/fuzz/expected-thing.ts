/** The expected objects of the graph, field by field, and what all kinds of objects share. */
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { type Counter, maxUInt64 } from '../../src/catalogue/counter.ts';
import { objectKey, pagePlace, type ObjectName } from '../../src/snapshot/object-name.ts';
import type { Expectation } from './expectation.ts';
import {
  changeCases,
  changeOf,
  pageFault,
  totalChange,
  type ExpectedChange,
  type ChangeCase,
  type Reads,
} from './expected-change.ts';
import { bytesAt, valueAt, type RandomGroup } from './random-page.ts';

/** An expected object: its type, and the expected value of each field. */
export interface Thing {
  readonly type: string;
  readonly field: (name: string, args: Readonly<Record<string, any>>) => Meant;
}

/** The expected value of a field, before its selection is known. */
export type Meant =
  | Exclude<Expectation, { is: 'object' | 'list' | 'fault' | 'either' }>
  | { readonly is: 'thing'; readonly thing: Thing }
  | { readonly is: 'list'; readonly items: readonly Meant[] }
  /** null with an error of one of these codes. */
  | { readonly is: 'fails'; readonly codes: readonly string[] }
  | {
      readonly is: 'either';
      readonly tie: string;
      readonly of: readonly { readonly name: string; readonly meant: Meant }[];
    };

export const value = (it: unknown): Meant => ({ is: 'value', value: it });
export const fails = (...codes: readonly string[]): Meant => ({ is: 'fails', codes });
export const listOf = (items: readonly Meant[]): Meant => ({ is: 'list', items });

/** The bounds of growth's `over`, in milliseconds. */
export interface OverBounds {
  readonly least: number;
  readonly most: number;
}

type Fields = Readonly<Record<string, (args: Readonly<Record<string, any>>) => Meant>>;

/** An object with these fields, and none besides. */
export function thing(type: string, fields: Fields): Meant {
  return {
    is: 'thing',
    thing: {
      type,
      field: (name, args) => {
        const field = fields[name];
        if (field === undefined) throw new TypeError(`what ${type}.${name} is to be is not known here`);
        return field(args);
      },
    },
  };
}

/** A time of the source's clock, as a DateTime. */
export function timeOf({ host }: Reads, at: number): string {
  return new Date(host.now().wallMilliseconds - host.milliseconds + at).toISOString();
}

/** The time of the response; an error if nothing can be read. */
export function sampledAt(reads: Reads): Meant {
  return reads.host.fails === 'read' ? fails('PAGE_UNAVAILABLE') : value(timeOf(reads, reads.at));
}

/** The fields of a statistics object of any kind: its counters, and its page. */
export function countersAndPage(reads: Reads, { name, type }: { name: ObjectName; type: string }) {
  const code = pageFault(reads, name, reads.at);
  const { host, at } = reads;
  const numberOf = (counter: Counter): Meant => value(host.numberAt(name, counter, at)?.toString() ?? null);
  return {
    sampledAt: () => sampledAt(reads),
    counters: () =>
      code === null ? counterThing(`${type}Counters`, { name, meant: numberOf }) : fails(code),
    page: () => (code === null ? pageThing(reads, name) : fails(code)),
    unlisted: () => (code === null ? unlistedThings(reads, name) : fails(code)),
  };
}

/** At most 512, none with a longer name than 128 characters. */
function unlistedThings({ host, at }: Reads, name: ObjectName): Meant {
  const fitting = host.unlistedAt(name, at).filter((each) => each.name.length < 129);
  return listOf(
    fitting.slice(0, 512).map((each) =>
      thing('UnlistedCounter', {
        name: () => value(each.name),
        value: () => value(each.value.toString()),
      }),
    ),
  );
}

/** An object's deltas and rates. */
export function changeFields(of: { reads: Reads; bounds: OverBounds; name: ObjectName; type: string }) {
  const { reads, bounds, name, type } = of;
  const meant = (view: 'Deltas' | 'Rates', over: number | null): Meant => {
    if (!isWithin(bounds, over)) return fails('LIMIT_EXCEEDED');
    const cases = changeCases(reads, name, over).map((each) => ({
      name: each.is === 'grown' ? String(each.from) : each.is,
      meant:
        each.is === 'broken'
          ? fails(each.code)
          : each.is === 'unknown'
            ? value(null)
            : changeThing(changeOf(reads.host, name, { from: each.from, to: reads.at }), {
                ...of,
                typeName: `${type}${view}`,
              }),
    }));
    return { is: 'either', tie: `${objectKey(name)} over ${over}`, of: cases };
  };
  return {
    deltas: ({ over }: Record<string, number | null>) => meant('Deltas', over ?? null),
    rates: ({ over }: Record<string, number | null>) => meant('Rates', over ?? null),
  };
}

/** All processors of a kind taken together; those that cannot be read are left out. */
export function totalsThing(of: {
  reads: Reads;
  bounds: OverBounds;
  names: readonly ObjectName[];
  /** "VirtualProcessor" */
  type: string;
}): Meant {
  const { reads, bounds, names, type } = of;
  const readable = names.filter((name) => pageFault(reads, name, reads.at) === null);
  const [name] = readable;
  const counters = (): Meant => {
    if (name === undefined) return value(null);
    const meant = (counter: Counter): Meant => {
      const numbers = readable.map((each) => reads.host.numberAt(each, counter, reads.at));
      return sumOf(numbers.includes(null) ? null : (numbers as bigint[]).reduce((a, b) => a + b));
    };
    return counterThing(`${type}Counters`, { name, meant });
  };
  const change = (view: 'Deltas' | 'Rates', over: number | null): Meant => {
    if (!isWithin(bounds, over)) return fails('LIMIT_EXCEEDED');
    const cases = names.map((each) => ({ each, cases: changeCases(reads, each, over) }));
    // It is not known which of the stored readings each used.
    if (cases.some((one) => one.cases.length > 1)) return { is: 'open', codes: ['LIMIT_EXCEEDED'] };
    const grown = cases.flatMap(({ each, cases: [one] }) =>
      one?.is === 'grown' ? [changeOf(reads.host, each, { from: one.from, to: reads.at })] : [],
    );
    if (name === undefined || grown.length === 0) return value(null);
    return changeThing(totalChange(grown), { reads, name, typeName: `${type}${view}` });
  };
  return thing(`${type}Totals`, {
    of: () => value(names.length),
    readable: () => value(readable.length),
    counters,
    deltas: ({ over }) => change('Deltas', over ?? null),
    rates: ({ over }) => change('Rates', over ?? null),
  });
}

/** A change with only one possible value, for orders. */
export function theOnlyCase(cases: readonly ChangeCase[]): ChangeCase {
  const [only, ...others] = cases;
  if (only === undefined || others.length > 0) throw new TypeError('growth of which there are several cases');
  return only;
}

function isWithin({ least, most }: OverBounds, over: number | null): boolean {
  return over === null || (over >= least && over <= most);
}

/** A sum that 64 bits do not hold is null. */
function sumOf(sum: bigint | null): Meant {
  if (sum === null) return value(null);
  return sum > maxUInt64 ? fails('LIMIT_EXCEEDED') : value(sum.toString());
}

function counterThing(
  type: string,
  { name, meant }: { name: ObjectName; meant: (counter: Counter) => Meant },
): Meant {
  return thing(type, fieldsOf(name, meant));
}

function changeThing(
  change: ExpectedChange,
  of: { reads: Reads; name: ObjectName; typeName: string },
): Meant {
  const interval = thing('Interval', {
    from: () => value(timeOf(of.reads, change.from)),
    to: () => value(timeOf(of.reads, change.to)),
    seconds: () => ({ is: 'near', value: change.seconds }),
    reset: () => value(change.reset),
  });
  const meant = (counter: Counter): Meant => {
    if (of.typeName.endsWith('Deltas')) return sumOf(change.delta(counter));
    const rate = change.rate(counter);
    return rate === null ? value(null) : { is: 'near', value: rate };
  };
  return thing(of.typeName, { ...fieldsOf(of.name, meant), interval: () => interval });
}

function fieldsOf({ object }: ObjectName, meant: (counter: Counter) => Meant): Fields {
  return Object.fromEntries(countersOf(object).map((counter) => [counter.field, () => meant(counter)]));
}

function pageThing(reads: Reads, name: ObjectName): Meant {
  const page = reads.host.pageAt(name, reads.at);
  if (page.is !== 'fine') throw new TypeError('a broken page has no groups');
  return thing('OverlayPage', {
    sampledAt: () => sampledAt(reads),
    source: () => value(`${reads.host.kind}:${pagePlace(name)}`),
    area: () => value('partitionId' in name ? 'PARENT' : null),
    bytes: () => value(Buffer.from(bytesAt(page.groups, reads.at)).toString('base64')),
    groups: () => listOf(page.groups.map((group) => groupThing(group, { reads, name }))),
  });
}

function groupThing(group: RandomGroup, { reads, name }: { reads: Reads; name: ObjectName }): Meant {
  const isKnown = countersOf(name.object).some(
    ({ statisticsGroup: { id, versionMajor, versionMinor } }) =>
      id === group.type && versionMajor === group.versionMajor && versionMinor <= group.versionMinor,
  );
  return thing('StatisticsGroup', {
    type: () => value(group.type),
    versionMajor: () => value(group.versionMajor),
    versionMinor: () => value(group.versionMinor),
    lengthInBytes: () => value(group.values.length * 8),
    isKnown: () => value(isKnown),
    values: () => listOf(group.values.map((each) => value(valueAt(each, reads.at).toString()))),
  });
}
