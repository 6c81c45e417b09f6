/** How a page is laid out: its groups and where they stand. Pages of one kind are nearly always laid out alike. */
import type { Counter } from '../catalogue/counter.ts';
import type { StatisticsObject } from '../catalogue/group.ts';
import type { CellLayout } from '../snapshot/reading.ts';
import { counterSizeInBytes, headerSizeInBytes, pageSizeInBytes } from './format.ts';

/** A group's header as found; `at` is the byte where it starts. */
export interface FoundGroup {
  readonly at: number;
  readonly type: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly lengthInBytes: number;
  readonly isKnown: boolean;
}

/** The groups of a page, in its order. */
export class PageLayout implements CellLayout {
  readonly object: StatisticsObject;
  readonly groups: readonly FoundGroup[];
  /** The known groups at their ids. */
  readonly #byId: (FoundGroup | undefined)[] = [];
  /** For each header its place and its eight bytes as two words, the end header among them. */
  readonly #headers: Uint32Array;

  /** The layout of a page whose groups were found by walking it. */
  constructor(view: DataView, { object, groups }: Pick<PageLayout, 'object' | 'groups'>) {
    this.object = object;
    this.groups = groups;
    for (const group of groups) if (group.isKnown) this.#byId[group.type] = group;
    const places = groups.map(({ at }) => at);
    const last = groups.at(-1);
    const end = last === undefined ? 0 : last.at + headerSizeInBytes + last.lengthInBytes;
    if (end < pageSizeInBytes) places.push(end);
    this.#headers = Uint32Array.from(
      places.flatMap((at) => [at, view.getUint32(at, true), view.getUint32(at + 4, true)]),
    );
  }

  /** Whether a page, of the same kind of object, is laid out like this: then walking it would find the very same. */
  fits(view: DataView): boolean {
    const headers = this.#headers;
    for (let n = 0; n < headers.length; n += 3) {
      const at = headers[n] ?? 0;
      if (view.getUint32(at, true) !== headers[n + 1]) return false;
      if (view.getUint32(at + 4, true) !== headers[n + 2]) return false;
    }
    return true;
  }

  offsetOf(counter: Counter): number {
    if (counter.object !== this.object) throw new TypeError(`${counter.field} is not of ${this.object}`);
    const group = this.#byId[counter.statisticsGroup.id];
    if (group === undefined) return -1;
    // Index 0 is the header, and lengths count from behind it.
    const offsetInGroup = counter.index * counterSizeInBytes;
    return offsetInGroup <= group.lengthInBytes ? group.at + offsetInGroup : -1;
  }
}
