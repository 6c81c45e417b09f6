/** Whose virtual processors an operation looks for, so that what exists need not be looked at whole for it. */

/** For so many partitions it pays to look at their lists alone. */
const mostTold = 256;

/** Learns from each plan of an operation. */
export class TopologyScope {
  #lists: ReadonlySet<bigint> | null = null;
  #areTooMany = false;

  /**
   * The partitions, of all plans together; null where these are too many to be told, or there is no plan yet. The very
   * same set while nothing new comes: who asks with it may be given what was asked for with it.
   */
  get lists(): ReadonlySet<bigint> | null {
    return this.#lists;
  }

  add(lists: ReadonlySet<bigint>): void {
    if (this.#areTooMany || (this.#lists !== null && isWithin(lists, this.#lists))) return;
    const all = new Set([...(this.#lists ?? []), ...lists]);
    this.#areTooMany = all.size > mostTold;
    this.#lists = this.#areTooMany ? null : all;
  }
}

/** Whether the others hold all of them; null holds all there are. */
export function isWithin(lists: ReadonlySet<bigint> | null, others: ReadonlySet<bigint> | null): boolean {
  if (others === null || others === lists) return true;
  if (lists === null) return false;
  for (const id of lists) if (!others.has(id)) return false;
  return true;
}
