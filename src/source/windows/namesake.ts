/** Virtual processors of virtual machines that have the same name. */

/** The facts about virtual machines that share a name. */
export interface Namesakes {
  /** The indexes of all their virtual processors, in the order of the instances. */
  readonly indexes: readonly number[];
  /** How many virtual processors each machine says it has, in the order of the instances; null if unknown. */
  readonly counts: readonly (number | null)[];
}

/**
 * For each machine the positions of its virtual processors in `indexes`; null if that is uncertain. The
 * instances are ordered by machine or by index; the order is the one that fits the numbers of the machines.
 */
export function tellApart({ indexes, counts }: Namesakes): readonly (readonly number[])[] | null {
  if (counts.length === 1 && new Set(indexes).size === indexes.length) return [[...indexes.keys()]];
  return [byRun(indexes), byOccurrence(indexes)].find((groups) => fits(groups, counts)) ?? null;
}

function fits(groups: readonly (readonly number[])[], counts: readonly (number | null)[]): boolean {
  return (
    groups.length === counts.length &&
    groups.every(({ length }, n) => counts[n] === null || counts[n] === length)
  );
}

/** 0, 1, 0, 1 are two machines: the next one begins where the index does not increase. */
function byRun(indexes: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (const [position, index] of indexes.entries()) {
    const before = indexes[position - 1];
    if (before === undefined || index <= before) groups.push([]);
    groups.at(-1)?.push(position);
  }
  return groups;
}

/** 0, 0, 1, 1 are two machines: the second processor with an index belongs to the second machine. */
function byOccurrence(indexes: readonly number[]): number[][] {
  const groups: number[][] = [];
  const seen = new Map<number, number>();
  for (const [position, index] of indexes.entries()) {
    const occurrence = seen.get(index) ?? 0;
    seen.set(index, occurrence + 1);
    (groups[occurrence] ??= []).push(position);
  }
  return groups;
}
