/** Cursor connections (Relay specification). Cursors are ids, so pages stay correct when partitions disappear. */
import { HvqlError } from '../../errors.ts';
import { countArgument } from './argument.ts';

/** The arguments of a connection. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
}

/** A list in ascending order of the positions that its cursors encode. */
export interface Pageable<Item> {
  readonly items: readonly Item[];
  readonly positionOf: (item: Item) => bigint;
  /** Throws INVALID_PARAMETER for an invalid cursor. */
  readonly parseCursor: (cursor: string) => bigint;
  readonly maxPageSize: number;
}

/** The requested page; without first and last, the first page of maximum size. */
export function pageOf<Item>(list: Pageable<Item>, page: PageArguments): Page<Item> {
  const limits = { most: list.maxPageSize, rest: 'after or before' };
  const first = sizeArgument('first', page.first, limits);
  const last = sizeArgument('last', page.last, limits);
  const after = page.after == null ? null : list.parseCursor(page.after);
  const before = page.before == null ? null : list.parseCursor(page.before);
  const start = after === null ? 0 : countOf(list, (position) => position <= after);
  const end = before === null ? list.items.length : countOf(list, (position) => position < before);
  let items = list.items.slice(start, Math.max(start, end));
  let from = start;
  if (first !== null || last === null) items = items.slice(0, first ?? list.maxPageSize);
  if (last !== null && items.length > last) {
    from += items.length - last;
    items = items.slice(items.length - last);
  }
  return { items, hasPreviousPage: from > 0, hasNextPage: from + items.length < list.items.length };
}

/** The number of leading items for which the condition holds. */
function countOf<Item>(list: Pageable<Item>, holds: (position: bigint) => boolean): number {
  const index = list.items.findIndex((item) => !holds(list.positionOf(item)));
  return index === -1 ? list.items.length : index;
}

/**
 * The size of a page; null if it is not given. Throws INVALID_PARAMETER below 0 and LIMIT_EXCEEDED above the maximum.
 * `rest` has the arguments with which the rest can be requested, if there are any.
 */
export function sizeArgument(
  name: string,
  value: number | null | undefined,
  { most, rest }: { readonly most: number; readonly rest?: string },
): number | null {
  const size = countArgument(name, value);
  if (size === null || size <= most) return size;
  const advice = rest === undefined ? '' : `: request the rest with ${rest}`;
  throw new HvqlError('LIMIT_EXCEEDED', `${name} needs to be at most ${most}, but is ${size}${advice}.`, {
    argument: name,
    limit: most,
    actual: size,
  });
}
