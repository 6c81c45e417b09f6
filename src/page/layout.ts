/** The layout of a page: its groups and their offsets. Pages of one kind nearly always have the same layout. */
import { countersOf } from '../catalogue/catalogue.ts';
import { standsInPages, type Counter } from '../catalogue/counter.ts';
import { type StatisticsObject, releaseOfVersion, type Release } from '../catalogue/group.ts';
import type { CellLayout } from '../snapshot/reading.ts';
import { counterSizeInBytes, headerSizeInBytes, pageSizeInBytes } from './format.ts';

/** A group header as found; `at` is its offset. */
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
  /** The oldest possible release of the page; the minor version of a group may show a newer one. */
  readonly release: Release;
  readonly groups: readonly FoundGroup[];
  /** The bytes of a page that its groups and its end header take. The rest is undefined. */
  readonly sizeInBytes: number;
  /** The offset of each counter, by its slot. */
  readonly #offsets: Int32Array;
  /** For each header, the end header included, its offset and its eight bytes as two words. */
  readonly #headers: Uint32Array;

  /** The layout of a page whose groups were found by walking it. */
  constructor(
    view: DataView,
    { object, release, groups }: Pick<PageLayout, 'object' | 'release' | 'groups'>,
  ) {
    this.object = object;
    this.release = release;
    this.groups = groups;
    this.#offsets = offsetsIn(groups, { object, release });
    const places = groups.map(({ at }) => at);
    const last = groups.at(-1);
    const end = last === undefined ? 0 : last.at + headerSizeInBytes + last.lengthInBytes;
    if (end < pageSizeInBytes) places.push(end);
    this.sizeInBytes = Math.min(pageSizeInBytes, end + headerSizeInBytes);
    this.#headers = Uint32Array.from(
      places.flatMap((at) => [at, view.getUint32(at, true), view.getUint32(at + 4, true)]),
    );
  }

  /** Whether a page of the same kind of object has this layout, so that its groups need not be walked. */
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
    return this.#offsets[counter.slot] ?? -1;
  }
}

/** By slot: -1 if no known group has the counter. */
function offsetsIn(
  groups: readonly FoundGroup[],
  of: { object: StatisticsObject; release: Release },
): Int32Array {
  const known = new Map(groups.filter(({ isKnown }) => isKnown).map((group) => [group.type, group]));
  return Int32Array.from(countersOf(of.object), (counter) => {
    const group = known.get(counter.statisticsGroup.id);
    if (group === undefined || counter.index === null) return -1;
    const isNamed = [of.release, releaseOfVersion(group.versionMinor)].some((release) =>
      standsInPages(counter, release),
    );
    // Index 0 is the header, and lengths do not include it.
    const offsetInGroup = counter.index * counterSizeInBytes;
    return isNamed && offsetInGroup <= group.lengthInBytes ? group.at + offsetInGroup : -1;
  });
}
