/** What the watchers of a scheduler want to have read, worked out again only when it has changed. */
import type { ReadSet } from '../read/snapshot.ts';
import { objectsOf, type ReadRequest } from '../read/snapshot-reader.ts';

/** What is to be read at a tick. */
export interface WantedReads extends ReadSet {
  /** The times in milliseconds that changes are wanted over. */
  readonly overs: readonly number[];
}

/** The requests of each watcher. */
export type RequestLists = readonly (readonly ReadRequest[])[];

/** Nothing, for a source that failed. */
export const noReads: WantedReads = readsOf([]);

/** Remembers the latest answer: plans give the same lists of requests while what exists does not change. */
export class WantedReadsMemory {
  #lists: RequestLists = [];
  #reads = noReads;

  /** What is wanted together; the same objects for the same lists. */
  of(lists: RequestLists): WantedReads {
    const isSame = lists.length === this.#lists.length && lists.every((list, n) => list === this.#lists[n]);
    if (!isSame) {
      this.#reads = readsOf(lists.flat());
      this.#lists = lists;
    }
    return this.#reads;
  }
}

function readsOf(requests: readonly ReadRequest[]): WantedReads {
  const objects = objectsOf(requests);
  return {
    objects,
    numbers: new Map(objects.map((object, n) => [object, n])),
    overs: [...new Set(requests.flatMap(({ over }) => (typeof over === 'number' ? [over] : [])))],
  };
}
