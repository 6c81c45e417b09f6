/** The expected deltas and rates, computed independently from the numbers in the pages. */
import { clockOf, countersOf, operationsOf } from '../../src/catalogue/catalogue.ts';
import type { Counter } from '../../src/catalogue/counter.ts';
import { objectKey, type ObjectName } from '../../src/snapshot/object-name.ts';
import type { RandomHost, TakenSnapshot } from './random-host.ts';

/** The times of the reads for a response. */
export interface Reads {
  readonly host: RandomHost;
  /** The time of the response: its last snapshot. */
  readonly at: number;
  /** The snapshots that were taken for it. */
  readonly snapshots: readonly TakenSnapshot[];
  /** Earlier snapshots that may still be stored. */
  readonly earlier: readonly TakenSnapshot[];
  /** In an event of a subscription: when the event before was read, or that there was none. */
  readonly previous?: number | null;
  /** The time from one event to the next, where it is one of a subscription. */
  readonly every?: number;
}

/** A possible change: since a reading of that time, unknown, or an error with a code. */
export type ChangeCase =
  | { readonly is: 'grown'; readonly from: number }
  | { readonly is: 'unknown' }
  | { readonly is: 'broken'; readonly code: string };

/** The code of a page that cannot be read at a moment, or null where it can. */
export function pageFault({ host }: Reads, name: ObjectName, at: number): string | null {
  if (host.fails === 'read') return 'PAGE_UNAVAILABLE';
  const { is } = host.pageAt(name, at);
  return is === 'fine' ? null : is === 'malformed' ? 'PAGE_MALFORMED' : 'PAGE_UNAVAILABLE';
}

/** All that growth over this many milliseconds may be; null is the default, and in a subscription the event before. */
export function changeCases(reads: Reads, name: ObjectName, over: number | null): ChangeCase[] {
  const { host, at, snapshots, earlier, previous } = reads;
  const code = pageFault(reads, name, at);
  if (code !== null) return [{ is: 'broken', code }];
  const isFine = (moment: number): boolean => pageFault(reads, name, moment) === null;
  if (previous != null && over === null) {
    return [isFine(previous) ? { is: 'grown', from: previous } : { is: 'unknown' }];
  }
  const key = objectKey(name);
  const age = over ?? (previous === undefined ? 1000 : (reads.every ?? 1000));
  // Held readings are about as old as was asked; of a first event they need be half as old.
  const [least, most] = [previous !== undefined && over === null ? age / 2 : age * 0.9, age * 2];
  const own = snapshots.filter(({ keys }) => keys.has(key)).map((snapshot) => snapshot.at);
  // What could not be read when the wait began was not waited for.
  const [first] = own;
  const isWaitedFor = first !== undefined && isFine(first);
  if (earlier.length === 0 && previous === undefined) {
    if (!isWaitedFor) return [{ is: 'unknown' }];
    const before = pageFault(reads, name, at - age);
    return [before === null ? { is: 'grown', from: at - age } : { is: 'broken', code: before }];
  }
  const taken = [...earlier.filter(({ keys }) => keys.has(key)).map((snapshot) => snapshot.at), ...own];
  const seen = [...earlier, ...snapshots]
    .filter((snapshot) => snapshot.seen.has(key))
    .map((snapshot) => snapshot.at);
  // No change spans a snapshot in which the object was absent.
  const isMissing = (moment: number): boolean =>
    host.fails !== 'read' && host.pageAt(name, moment).is === 'unavailable';
  const isOneLife = (from: number): boolean =>
    !seen.some((moment) => moment > from && moment <= at && isMissing(moment));
  const froms = new Set(
    taken.filter((from) => from <= at - least && from >= at - most && isFine(from) && isOneLife(from)),
  );
  const cases: ChangeCase[] = [...froms].map((from) => ({ is: 'grown', from }));
  const broken = own.map((moment) => pageFault(reads, name, moment)).find((fault) => fault !== null);
  if (broken != null) cases.push({ is: 'unknown' }, { is: 'broken', code: broken });
  // A stream does not wait.
  if (previous !== undefined && froms.size === 0) cases.push({ is: 'unknown' });
  return cases;
}

/** The change of one object, or of several together. */
export interface ExpectedChange {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  readonly reset: boolean;
  /** May be more than 64 bits hold, where it is a sum. */
  readonly delta: (counter: Counter) => bigint | null;
  readonly rate: (counter: Counter) => number | null;
  /** What percentages of the counter are taken against. */
  readonly elapsedNanoseconds: (counter: Counter) => number;
}

/** The change of an object from one time to another. */
export function changeOf(
  host: RandomHost,
  name: ObjectName,
  { from, to }: { from: number; to: number },
): ExpectedChange {
  const difference = (counter: Counter): bigint | null => {
    const [before, after] = [host.numberAt(name, counter, from), host.numberAt(name, counter, to)];
    return before === null || after === null ? null : after - before;
  };
  const baseDifference = (counter: Counter): bigint | null => {
    const [before, after] = [host.baseAt(name, counter, from), host.baseAt(name, counter, to)];
    return before === null || after === null ? null : after - before;
  };
  const clock = clockOf(name.object);
  const ticks = clock === undefined ? null : difference(clock);
  const elapsedNanoseconds = (counter: Counter): number => {
    const base = baseDifference(counter);
    if (base !== null) return Number(base) * unitOf(counter);
    return clock === undefined || ticks === null ? (to - from) * 1e6 : Number(ticks) * unitOf(clock);
  };
  const reset = countersOf(name.object).some((counter) => {
    const grown = difference(counter);
    if ((baseDifference(counter) ?? 0n) < 0n) return true;
    if (grown === null || ['GAUGE', 'RAW'].includes(counter.kind)) return false;
    if (grown < 0n) return true;
    const [taken, elapsed] = [Number(grown) * unitOf(counter), elapsedNanoseconds(counter)];
    // An impossible share of time.
    return counter.kind === 'TIME' && taken > 2 * elapsed && taken - elapsed > 1e8;
  });
  const delta = (counter: Counter): bigint | null => (reset ? null : difference(counter));
  const seconds = (to - from) / 1000;
  const rate = rateOf({
    delta,
    elapsedNanoseconds,
    perSecond: (counter) => quotient(delta(counter), seconds),
  });
  return { from, to, seconds, reset, delta, rate, elapsedNanoseconds };
}

/** The change of several objects together. */
export function totalChange(changes: readonly ExpectedChange[]): ExpectedChange {
  const longest = changes.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  const reset = changes.some((change) => change.reset);
  const sum = <N extends bigint | number>(numbers: (N | null)[], add: (a: N, b: N) => N): N | null =>
    reset || numbers.includes(null) ? null : (numbers as N[]).reduce(add);
  const delta = (counter: Counter): bigint | null =>
    sum(
      changes.map((change) => change.delta(counter)),
      (a, b) => a + b,
    );
  const perSecond = (counter: Counter): number | null =>
    sum(
      changes.map((change) => change.rate(counter)),
      (a, b) => a + b,
    );
  const elapsedNanoseconds = (counter: Counter): number =>
    changes.reduce((ns, change) => ns + change.elapsedNanoseconds(counter), 0);
  return {
    ...longest,
    reset,
    delta,
    elapsedNanoseconds,
    rate: rateOf({ delta, elapsedNanoseconds, perSecond }),
  };
}

/** Per second for COUNT, percent of the elapsed time for TIME, nanoseconds an operation for COST. */
function rateOf(parts: {
  delta: (counter: Counter) => bigint | null;
  elapsedNanoseconds: (counter: Counter) => number;
  perSecond: (counter: Counter) => number | null;
}): (counter: Counter) => number | null {
  const { delta, elapsedNanoseconds, perSecond } = parts;
  return (counter) => {
    const grown = delta(counter);
    if (grown === null) return null;
    const nanoseconds = Number(grown) * unitOf(counter);
    switch (counter.kind) {
      case 'COUNT':
        return perSecond(counter);
      case 'TIME':
        return quotient(nanoseconds * 100, elapsedNanoseconds(counter));
      case 'COST':
        return quotient(nanoseconds, Number(delta(operationsOf(counter)) ?? 0n));
      default:
        return null;
    }
  };
}

function quotient(dividend: bigint | number | null, divisor: number): number | null {
  return dividend === null || divisor <= 0 ? null : Number(dividend) / divisor;
}

function unitOf(counter: Counter): number {
  return counter.unit === '100ns' ? 100 : 1;
}
