/** Overlay page bytes become a page: the groups are walked once, a counter is read in place when it is asked for. */
import type { Counter } from '../catalogue/counter.ts';
import {
  groupsOf,
  statisticsObjects,
  type StatisticsGroup,
  type StatisticsObject,
} from '../catalogue/group.ts';
import { HvqlError, type ErrorFacts } from '../errors.ts';
import type { GroupView, PageView, Reading } from '../snapshot/reading.ts';
import {
  counterSizeInBytes,
  endOfList,
  endOfPage,
  headerField,
  headerSizeInBytes,
  pageSizeInBytes,
} from './format.ts';

/** Of what the bytes are a page, and where they come from, for messages: "partition/5/stats.page". */
export interface PageOrigin {
  readonly object: StatisticsObject;
  readonly place: string;
}

const knownGroups = new Map<StatisticsObject, ReadonlyMap<number, StatisticsGroup>>(
  statisticsObjects.map((object) => [object, new Map(groupsOf(object).map((group) => [group.id, group]))]),
);

/**
 * Decodes a page without copying it: whoever hands over the bytes leaves them unchanged while the page is held.
 * Throws PAGE_MALFORMED, with the facts in `extensions`, where the bytes are not a statistics page. A group that the
 * catalogue does not know, or knows in another major version only, is skipped; its counters are absent.
 */
export function decodePage(bytes: Uint8Array, origin: PageOrigin): OverlayPage {
  if (bytes.byteLength !== pageSizeInBytes) throw wrongSize(origin, bytes.byteLength);
  const { object } = origin;
  const latest = latestLayouts[object];
  if (latest !== undefined && isOf(latest, bytes)) return new OverlayPage(bytes, latest);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = layoutOf(object, { groups: walkGroups(view, origin), bytes });
  latestLayouts[object] = layout;
  return new OverlayPage(bytes, layout);
}

/** Where the groups of a page stand; the pages of one hypervisor are nearly always alike. */
interface PageLayout {
  readonly object: StatisticsObject;
  readonly groups: readonly FoundGroup[];
  /** The known groups at their ids. */
  readonly byId: readonly (FoundGroup | undefined)[];
  /** Where the bytes of all headers stand, that which ends the list included, and what they are. */
  readonly places: Uint16Array;
  readonly headers: Uint8Array;
}

/** That of the page that was walked last: one whose headers are the same bytes at the same places need not be. */
const latestLayouts: Partial<Record<StatisticsObject, PageLayout>> = {};

function layoutOf(object: StatisticsObject, found: { groups: FoundGroup[]; bytes: Uint8Array }): PageLayout {
  const { groups, bytes } = found;
  const byId: FoundGroup[] = [];
  for (const group of groups) if (group.isKnown) byId[group.type] = group;
  const last = groups.at(-1);
  const end = last === undefined ? 0 : last.at + headerSizeInBytes + last.lengthInBytes;
  const starts = [...groups.map(({ at }) => at), ...(end < pageSizeInBytes ? [end] : [])];
  const places = Uint16Array.from(
    starts.flatMap((at) => Array.from({ length: headerSizeInBytes }, (_, n) => at + n)),
  );
  return { object, groups, byId, places, headers: Uint8Array.from(places, (at) => bytes[at] ?? 0) };
}

function isOf({ places, headers }: PageLayout, bytes: Uint8Array): boolean {
  for (let n = 0; n < places.length; n += 1) {
    if (bytes[places[n] ?? 0] !== headers[n]) return false;
  }
  return true;
}

/** PAGE_MALFORMED for what is not 4096 bytes; for readers that know the size and need not hold that many bytes. */
export function wrongSize(origin: PageOrigin, sizeInBytes: number): HvqlError {
  return malformed(origin, {
    message: `a statistics page has ${pageSizeInBytes} bytes, but there are ${sizeInBytes}`,
    facts: { bytes: sizeInBytes, needed: pageSizeInBytes },
  });
}

/** A group's header as found; `at` is the byte where it starts. */
interface FoundGroup {
  readonly at: number;
  readonly type: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly lengthInBytes: number;
  readonly isKnown: boolean;
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
    // Same major version, same or newer minor: a newer release only appends counters (MSDN 2013, compatibility).
    const isKnown =
      row !== undefined && versionMajor === row.versionMajor && versionMinor >= row.versionMinor;
    groups.push({ at, type, versionMajor, versionMinor, lengthInBytes, isKnown });
    at += headerSizeInBytes + lengthInBytes;
  }
  return groups;
}

function malformed(origin: PageOrigin, problem: { message: string; facts: ErrorFacts }): HvqlError {
  const message = `${origin.place} is not a statistics page: ${problem.message}.`;
  return new HvqlError('PAGE_MALFORMED', message, { page: origin.place, ...problem.facts });
}

/** A decoded page. Holds the bytes it was decoded from and where its known groups start; nothing per counter. */
export class OverlayPage implements Reading, PageView {
  readonly bytes: Uint8Array;
  readonly #layout: PageLayout;
  /** Made for the first who wants a number. */
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, layout: PageLayout) {
    this.bytes = bytes;
    this.#layout = layout;
  }

  get page(): PageView {
    return this;
  }

  /** The byte where the counter stands, or -1 where the page does not carry it. */
  offsetOf(counter: Counter): number {
    const { object, byId } = this.#layout;
    if (counter.object !== object) throw new TypeError(`${counter.field} is not of ${object}`);
    const group = byId[counter.statisticsGroup.id];
    if (group === undefined) return -1;
    // Index 0 is the header, and lengths count from behind it.
    const offsetInGroup = counter.index * counterSizeInBytes;
    return offsetInGroup <= group.lengthInBytes ? group.at + offsetInGroup : -1;
  }

  value(counter: Counter): bigint | undefined {
    const offset = this.offsetOf(counter);
    return offset === -1 ? undefined : this.#numbers().getBigUint64(offset, true);
  }

  groups(): readonly GroupView[] {
    const view = this.#numbers();
    return this.#layout.groups.map(({ at, ...header }) => {
      const count = header.lengthInBytes / counterSizeInBytes;
      const first = at + headerSizeInBytes;
      const values = Array.from({ length: count }, (_, n) =>
        view.getBigUint64(first + n * counterSizeInBytes, true),
      );
      return { ...header, values };
    });
  }

  #numbers(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#view ??= new DataView(buffer, byteOffset, byteLength));
  }
}
