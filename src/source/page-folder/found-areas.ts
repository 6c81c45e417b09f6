/** The areas that a tree has pages of: found on demand, and then remembered for a while. */
import { areaOf, pagePlace, statisticsAreas, type StatisticsArea } from '../../snapshot/object-name.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { namesOf } from '../host-snapshot.ts';

/** A page may be put beside another at any time, which changes nothing that a topology is read from. */
const knownForMilliseconds = 2000;

/** A tree to search for pages. */
export interface TreeToSearch {
  readonly topology: Topology;
  /** Whether there is a file at this place. */
  readonly has: (place: string) => boolean;
}

/** The areas, in the order of `statisticsAreas`: of each, whether any object has a page. */
export function areasIn({ topology, has }: TreeToSearch): readonly StatisticsArea[] {
  const names = namesOf(topology).filter((name) => areaOf(name) !== null);
  // Partitions first: if there are areas, the first partition has them.
  const ordered = [...names].sort((a, b) => Number('index' in a) - Number('index' in b));
  return statisticsAreas.filter((area) => ordered.some((name) => has(pagePlace(name, area))));
}

/** The areas of a tree that changes. */
export class FoundAreas {
  readonly #now: () => number;
  #found: {
    readonly topology: Topology;
    readonly at: number;
    readonly areas: readonly StatisticsArea[];
  } | null = null;

  /** `now` is a clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws what the tree throws. */
  in(tree: TreeToSearch): readonly StatisticsArea[] {
    const at = this.#now();
    const found = this.#found;
    const age = found === null ? Infinity : at - found.at;
    if (found !== null && found.topology === tree.topology && age >= 0 && age < knownForMilliseconds) {
      return found.areas;
    }
    const areas = areasIn(tree);
    this.#found = { topology: tree.topology, at, areas };
    return areas;
  }
}
