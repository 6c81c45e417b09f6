/** Decodes overlay pages: the groups are walked once, and each counter is read in place when it is needed. */
import type { Counter } from '../catalogue/counter.ts';
import {
  groupsOf,
  statisticsObjects,
  type StatisticsGroup,
  type StatisticsObject,
  versionMinorOf,
  type Release,
} from '../catalogue/group.ts';
import { HvqlError, type ErrorFacts } from '../errors.ts';
import type { CounterCells, GroupView, PageView, Reading } from '../snapshot/reading.ts';
import type { StatisticsArea } from '../snapshot/object-name.ts';
import {
  counterSizeInBytes,
  endOfList,
  endOfPage,
  headerField,
  headerSizeInBytes,
  pageSizeInBytes,
} from './format.ts';
import { PageLayout, type FoundGroup } from './layout.ts';

/** The object of the page, and where the page comes from, for messages: "partition/5/stats.page". */
export interface PageOrigin {
  readonly object: StatisticsObject;
  readonly place: string;
  /** The release that wrote it, if known; else the first one, except for groups of a higher minor version. */
  readonly release?: Release | undefined;
  /** The area of the object, if there is a page for each. */
  readonly area?: StatisticsArea | null;
}

const knownGroups = new Map<StatisticsObject, ReadonlyMap<number, StatisticsGroup>>(
  statisticsObjects.map((object) => [object, new Map(groupsOf(object).map((group) => [group.id, group]))]),
);

/**
 * Decodes a page without copying it: the caller must not change the bytes while the page is held. Throws
 * PAGE_MALFORMED, with the facts in `extensions`, if the bytes are not a statistics page. Groups that the catalogue
 * does not know, or knows only in another major version, are skipped, and their counters are absent. So are counters
 * that newer releases appended to a group, unless its minor version or the origin says that it is of such a release:
 * public headers of the same version have different counters there.
 */
export function decodePage(bytes: Uint8Array, origin: PageOrigin): OverlayPage {
  if (bytes.byteLength !== pageSizeInBytes) throw wrongSize(origin, bytes.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new OverlayPage(bytes, { view, layout: layoutOf(view, origin), area: origin.area ?? null });
}

/** Memory that pages are read into, one after another. */
export class PageRoom {
  /** One byte more than a page, so that a longer file is detected. */
  readonly bytes = Buffer.allocUnsafeSlow(pageSizeInBytes + 1);
  /** The page alone. */
  readonly view = new DataView(this.bytes.buffer, 0, pageSizeInBytes);

  /** Whether the bytes here are those of this page. */
  has({ content }: OverlayPage): boolean {
    const size = content.byteLength;
    return this.bytes.compare(content, 0, size, 0, size) === 0 && this.#isEmptyFrom(size);
  }

  /**
   * Copies the page out of this memory and decodes it, as `decodePage` does. Zeros at its end, more than half of a
   * page, are left out of the copy: this saves two megabytes per reading of a host with a thousand virtual processors.
   */
  decode(origin: PageOrigin): OverlayPage {
    const layout = layoutOf(this.view, origin);
    const size = this.#isEmptyFrom(layout.sizeInBytes) ? layout.sizeInBytes : pageSizeInBytes;
    const buffer = this.bytes.buffer.slice(0, size);
    const view = new DataView(buffer);
    return new OverlayPage(new Uint8Array(buffer), { view, layout, area: origin.area ?? null });
  }

  #isEmptyFrom(at: number): boolean {
    return this.bytes.compare(zeros, 0, pageSizeInBytes - at, at, pageSizeInBytes) === 0;
  }
}

const zeros = new Uint8Array(pageSizeInBytes);

/** The PAGE_MALFORMED error for a size other than 4096 bytes, for readers that know the size before they read. */
export function wrongSize(origin: PageOrigin, sizeInBytes: number): HvqlError {
  return malformed(origin, {
    message: `a statistics page has ${pageSizeInBytes} bytes, but there are ${sizeInBytes}`,
    facts: { bytes: sizeInBytes, needed: pageSizeInBytes },
  });
}

/** The most recent layouts, the newest first. Nearly every page has the layout of the one before it. */
const lastLayouts = new Map<StatisticsObject, PageLayout[]>(statisticsObjects.map((object) => [object, []]));
/** A release of the hypervisor has one layout per kind of object. */
const keptLayouts = 4;

function layoutOf(view: DataView, origin: PageOrigin): PageLayout {
  const known = lastLayouts.get(origin.object) ?? [];
  const { object, release = 2013 } = origin;
  for (const layout of known) if (layout.release === release && layout.fits(view)) return layout;
  const layout = new PageLayout(view, { object, release, groups: walkGroups(view, origin) });
  known.unshift(layout);
  if (known.length > keptLayouts) known.pop();
  return layout;
}

function walkGroups(view: DataView, origin: PageOrigin): FoundGroup[] {
  const known = knownGroups.get(origin.object);
  const groups: FoundGroup[] = [];
  for (let at = 0; at < pageSizeInBytes;) {
    const type = view.getUint16(at + headerField.type, true);
    const versionMinor = view.getUint16(at + headerField.versionMinor, true);
    const versionMajor = view.getUint16(at + headerField.versionMajor, true);
    const lengthInBytes = view.getUint16(at + headerField.lengthInBytes, true);
    if (type === endOfList || type === endOfPage) {
      if (versionMinor !== 0 || versionMajor !== 0 || lengthInBytes !== 0) {
        throw malformed(origin, {
          message:
            `the end header of type ${type} at byte ${at} needs version 0.0 and length 0, ` +
            `but has ${versionMajor}.${versionMinor} and ${lengthInBytes}`,
          facts: { group: type, at, lengthInBytes },
        });
      }
      break;
    }
    const bytesLeft = pageSizeInBytes - at - headerSizeInBytes;
    if (lengthInBytes > bytesLeft) {
      throw malformed(origin, {
        message: `statistics group ${type} at byte ${at} needs ${lengthInBytes} bytes, but ${bytesLeft} are left`,
        facts: { group: type, at, lengthInBytes, bytesLeft },
      });
    }
    if (lengthInBytes % counterSizeInBytes !== 0) {
      throw malformed(origin, {
        message:
          `statistics group ${type} at byte ${at} needs a length that is a multiple of ${counterSizeInBytes}, ` +
          `but has ${lengthInBytes}`,
        facts: { group: type, at, lengthInBytes },
      });
    }
    const twin = groups.find((group) => group.type === type);
    if (twin !== undefined) {
      throw malformed(origin, {
        message: `statistics group ${type} stands twice, at byte ${twin.at} and at byte ${at}`,
        facts: { group: type, at, firstAt: twin.at },
      });
    }
    const row = known?.get(type);
    const effectiveMinor = Math.max(versionMinor, versionMinorOf[origin.release ?? 2013]);
    // Same major version, same or newer minor: a newer release only appends counters (MSDN 2013, compatibility).
    const isKnown =
      row !== undefined && versionMajor === row.versionMajor && effectiveMinor >= row.versionMinor;
    groups.push({ at, type, versionMajor, versionMinor, lengthInBytes, isKnown });
    at += headerSizeInBytes + lengthInBytes;
  }
  return groups;
}

function malformed(origin: PageOrigin, problem: { message: string; facts: ErrorFacts }): HvqlError {
  const message = `${origin.place} is not a statistics page: ${problem.message}.`;
  return new HvqlError('PAGE_MALFORMED', message, { page: origin.place, ...problem.facts });
}

/** A decoded page: its bytes and the offsets of its known groups; nothing per counter. */
export class OverlayPage implements Reading, PageView, CounterCells {
  /** The bytes of the page; zeros at its end may be left out. */
  readonly content: Uint8Array;
  /** The same. */
  readonly view: DataView;
  readonly layout: PageLayout;
  readonly area: StatisticsArea | null;

  constructor(content: Uint8Array, { view, layout, area }: Pick<OverlayPage, 'view' | 'layout' | 'area'>) {
    this.content = content;
    this.view = view;
    this.layout = layout;
    this.area = area;
  }

  get page(): PageView {
    return this;
  }

  get bytes(): Uint8Array {
    if (this.content.byteLength === pageSizeInBytes) return this.content;
    const bytes = new Uint8Array(pageSizeInBytes);
    bytes.set(this.content);
    return bytes;
  }

  get cells(): CounterCells {
    return this;
  }

  /** The offset of the counter, or -1 if the page lacks it. */
  offsetOf(counter: Counter): number {
    return this.layout.offsetOf(counter);
  }

  value(counter: Counter): bigint | undefined {
    const offset = this.layout.offsetOf(counter);
    return offset === -1 ? undefined : this.view.getBigUint64(offset, true);
  }

  groups(): readonly GroupView[] {
    return this.layout.groups.map(({ at, ...header }) => {
      const count = header.lengthInBytes / counterSizeInBytes;
      const first = at + headerSizeInBytes;
      const values = Array.from({ length: count }, (_, n) =>
        this.view.getBigUint64(first + n * counterSizeInBytes, true),
      );
      return { ...header, values };
    });
  }
}
