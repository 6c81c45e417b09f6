/** The expected orders: of objects by a counter, and of partitions by all of their processors. */
import type { Counter } from '../../src/catalogue/counter.ts';
import type { ObjectName } from '../../src/snapshot/object-name.ts';
import { changeCases, changeOf, pageFault, totalChange, type Reads } from './expected-change.ts';
import { theOnlyCase } from './expected-thing.ts';

/** A possible order: its counter has the view that it is ordered by. */
export interface ExpectedOrder {
  readonly counter: Counter;
  readonly by: string;
  readonly direction: string;
}

type Rank = bigint | number | null;

/** In the order of a counter: unknown ones last, equal ones in their given order. */
export function orderedObjects(
  reads: Reads,
  { names, order }: { names: readonly ObjectName[]; order: ExpectedOrder },
): ObjectName[] {
  const ranked = names.map((name) => ({ name, rank: rankOf(reads, { name, ...order }) }));
  return inOrder(ranked, order.direction).map(({ name }) => name);
}

function rankOf(reads: Reads, { name, counter, by }: ExpectedOrder & { name: ObjectName }): Rank {
  const { at, host } = reads;
  if (by === 'VALUE') return host.fails === 'read' ? null : host.numberAt(name, counter, at);
  const change = theOnlyCase(changeCases(reads, name, null));
  if (change.is !== 'grown') return null;
  const { delta, rate } = changeOf(host, name, { from: change.from, to: at });
  return by === 'DELTA' ? delta(counter) : rate(counter);
}

/** Of all objects together that can be read; a share of time counts for each of them. */
export function rankOfAll(
  reads: Reads,
  { names, order: { counter, by } }: { names: readonly ObjectName[]; order: ExpectedOrder },
): Rank {
  const { at, host } = reads;
  const readable = names.filter((name) => pageFault(reads, name, at) === null);
  const sum = <N extends bigint | number>(all: readonly (N | null)[], add: (a: N, b: N) => N): N | null =>
    all.length === 0 || all.includes(null) ? null : (all as N[]).reduce(add);
  if (by === 'VALUE')
    return sum(
      readable.map((name) => host.numberAt(name, counter, at)),
      (a, b) => a + b,
    );
  const grown = readable.flatMap((name) => {
    const change = theOnlyCase(changeCases(reads, name, null));
    return change.is === 'grown' ? [changeOf(host, name, { from: change.from, to: at })] : [];
  });
  if (grown.length === 0) return null;
  if (by === 'RATE' && counter.kind === 'TIME')
    return sum(
      grown.map(({ rate }) => rate(counter)),
      (a, b) => a + b,
    );
  const total = totalChange(grown);
  return by === 'DELTA' ? total.delta(counter) : total.rate(counter);
}

/** Unknown ones last, equal ones in their given order. */
export function inOrder<Ranked extends { readonly rank: Rank }>(
  ranked: readonly Ranked[],
  direction: string,
): Ranked[] {
  const sign = direction === 'ASC' ? 1 : -1;
  const known = ranked.filter(({ rank }) => rank !== null);
  known.sort(({ rank: a }, { rank: b }) =>
    a === null || b === null ? 0 : sign * (a < b ? -1 : a > b ? 1 : 0),
  );
  return [...known, ...ranked.filter(({ rank }) => rank === null)];
}
