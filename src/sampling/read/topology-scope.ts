/** The partitions whose virtual processors an operation needs, so that the others need not be listed. */

/** With more partitions it is faster to list all. */
const maxPartitions = 256;

/** Collects the partitions of all plans of an operation. */
export class TopologyScope {
  #lists: ReadonlySet<bigint> | null = null;
  #areTooMany = false;

  /**
   * The partitions of all plans; null if there are too many of them or no plan yet. The same set until a plan adds to
   * it, so that callers can compare by identity.
   */
  get lists(): ReadonlySet<bigint> | null {
    return this.#lists;
  }

  add(lists: ReadonlySet<bigint>): void {
    if (this.#areTooMany || (this.#lists !== null && isWithin(lists, this.#lists))) return;
    const all = new Set([...(this.#lists ?? []), ...lists]);
    this.#areTooMany = all.size > maxPartitions;
    this.#lists = this.#areTooMany ? null : all;
  }
}

/** Whether all of them are in the other set; null stands for all partitions. */
export function isWithin(lists: ReadonlySet<bigint> | null, others: ReadonlySet<bigint> | null): boolean {
  if (others === null || others === lists) return true;
  if (lists === null) return false;
  for (const id of lists) if (!others.has(id)) return false;
  return true;
}
