/** Random overlay pages, valid and broken, with their expected content. */
import { countersInPages } from '../../src/catalogue/catalogue.ts';
import { type Counter, maxUInt64 } from '../../src/catalogue/counter.ts';
import { groupsOf, type StatisticsObject, versionMinorOf } from '../../src/catalogue/group.ts';
import { encodePage } from '../../src/page/encode.ts';
import { oneOf, rarely, wideNumber, type Choose } from './choice.ts';

/** A page that changes with time, or why it has no page. */
export type RandomPage =
  | { readonly is: 'fine'; readonly groups: readonly RandomGroup[] }
  | { readonly is: 'malformed'; readonly bytes: Uint8Array }
  | { readonly is: 'unavailable' };

/** A statistics group, which the catalogue may know or not. */
export interface RandomGroup {
  readonly type: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly values: readonly RandomValue[];
}

/** A value that grows by so much a millisecond, up to what 64 bits hold, and may begin at 0 again. */
interface RandomValue {
  readonly start: bigint;
  readonly step: bigint;
  /** The millisecond in which it begins again at 0; null for never. */
  readonly resetAt: number | null;
}

/** A page for this kind of object. One in `brokenOnce` is broken. */
export function randomPage(choose: Choose, of: { object: StatisticsObject; brokenOnce: number }): RandomPage {
  if (!rarely(choose, of.brokenOnce)) return { is: 'fine', groups: randomGroups(choose, of.object) };
  if (rarely(choose, 2)) return { is: 'unavailable' };
  return { is: 'malformed', bytes: oneOf(choose, malformedPages)() };
}

/** The value at a millisecond. */
export function valueAt({ start, step, resetAt }: RandomValue, milliseconds: number): bigint {
  const hasRestarted = resetAt !== null && milliseconds >= resetAt;
  const value = hasRestarted ? step * BigInt(milliseconds - resetAt) : start + step * BigInt(milliseconds);
  return value > maxUInt64 ? maxUInt64 : value;
}

/** The 4096 bytes of a valid page at a millisecond. */
export function bytesAt(groups: readonly RandomGroup[], milliseconds: number): Uint8Array {
  return encodePage(
    groups.map((group) => ({ ...group, values: group.values.map((value) => valueAt(value, milliseconds)) })),
  );
}

function randomGroups(choose: Choose, object: StatisticsObject): RandomGroup[] {
  const known = groupsOf(object).filter(() => !rarely(choose, 12));
  const groups = known.map(({ id, name, versionMajor, versionMinor }): RandomGroup => {
    const all = placesOf(countersInPages(object, 2026).filter((counter) => counter.group === name));
    const counters =
      versionMinor > 0 ? all : countersInPages(object, 2013).filter((each) => all.includes(each));
    const values = counters.map((counter) => randomValue(choose, counter));
    const extra = [randomValue(choose, null), randomValue(choose, null)];
    switch (choose(9)) {
      case 1: // an older release had fewer counters
        return { type: id, versionMajor, versionMinor, values: values.slice(0, choose(values.length)) };
      case 2: // a newer one appends
        return { type: id, versionMajor, versionMinor: versionMinor + 1, values: [...values, ...extra] };
      case 4: // a newer one with all that it is known to append, with or without the version that declares it
        return {
          type: id,
          versionMajor,
          versionMinor: choose(3) === 0 ? versionMinor : versionMinorOf[2026],
          values: all.map((counter) => randomValue(choose, counter)),
        };
      case 3: // another major version means nothing that is known
        return rarely(choose, 3)
          ? { type: id, versionMajor: versionMajor + 1, versionMinor, values }
          : { type: id, versionMajor, versionMinor, values };
      default:
        return { type: id, versionMajor, versionMinor, values };
    }
  });
  if (rarely(choose, 8)) {
    const values = [randomValue(choose, null)];
    groups.splice(choose(groups.length), 0, { type: 14, versionMajor: 1, versionMinor: 0, values });
  }
  return rarely(choose, 10) ? groups.reverse() : groups;
}

/** The counters at their places in a group; null in places that no row of the catalogue is for. */
function placesOf(counters: readonly Counter[]): (Counter | null)[] {
  const length = Math.max(0, ...counters.map(({ index }) => index ?? 0));
  return Array.from({ length }, (_, n) => counters.find(({ index }) => index === n + 1) ?? null);
}

function randomValue(choose: Choose, counter: Counter | null): RandomValue {
  const start = wideNumber(choose, rarely(choose, 3) ? 64 : 40);
  const step = counter?.kind === 'CLOCK' ? 10_000n : randomStep(choose, counter);
  return { start, step, resetAt: rarely(choose, 400) ? 1 + choose(4_000) : null };
}

/** Mostly possible values: at most the elapsed time, sometimes more, or far more. */
function randomStep(choose: Choose, counter: Counter | null): bigint {
  if (rarely(choose, counter?.kind === 'TIME' ? 60 : 30)) return wideNumber(choose, 54);
  return wideNumber(choose, counter?.kind === 'TIME' && !rarely(choose, 12) ? 13 : 20);
}

function pageOf(...words: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4096));
  for (const [at, value] of words) view.setUint16(at, value, true);
  return new Uint8Array(view.buffer);
}

/** Bytes that are no statistics page (schema/overlay-page.md). */
const malformedPages: readonly (() => Uint8Array)[] = [
  () => new Uint8Array(0),
  () => new Uint8Array(4095),
  () => new Uint8Array(4104),
  () => new Uint8Array(4096).fill(0xff),
  // A length that is past the end of the page, one that is no multiple of 8.
  () => pageOf([0, 2], [4, 1], [6, 4096]),
  () => pageOf([0, 2], [4, 1], [6, 12]),
  // A duplicate group; an end header with a length.
  () => pageOf([0, 2], [4, 1], [6, 8], [16, 2], [20, 1]),
  () => pageOf([0, 1], [6, 8]),
];
