/** The reads that the watchers of a scheduler request, computed again only when they have changed. */
import type { ReadSet } from '../read/snapshot.ts';
import { objectsOf, type ReadRequest } from '../read/snapshot-reader.ts';

/** What is to be read at a tick. */
export interface WantedReads extends ReadSet {
  /** The requested times of changes, in milliseconds. */
  readonly overs: readonly number[];
}

/** The requests of each watcher. */
export type RequestLists = readonly (readonly ReadRequest[])[];

/** Nothing, for a source that failed. */
export const noReads: WantedReads = readsOf([]);

/** Caches the latest result: plans return the same lists of requests while the topology does not change. */
export class WantedReadsMemory {
  #lists: RequestLists = [];
  #reads = noReads;

  /** All requests together; the same object for the same lists. */
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
