/** A tree of a capture in which an object may have a text of its counters instead of a page. */
import type { ObjectName } from '../../snapshot/object-name.ts';
import { statsError, statsPlace, withoutCounters } from '../mshv/stats-file.ts';
import type { StatsParser } from '../mshv/stats-parser.ts';
import { isNotThere } from '../../lib/system-error.ts';
import { isMissingPage } from '../page-folder/folder-tree.ts';
import type { PageTree } from '../page-folder/page-tree.ts';
import { fromRecorded } from './recorded-reading.ts';

/** The source of the texts. */
export interface Texts {
  /** The prefix of places in messages, such as "frames/000001/". */
  readonly label: string;
  readonly parser: StatsParser;
  /** The bytes of the text at a place, undefined if there is no text. Throws what the system throws. */
  readonly read: (place: string) => Uint8Array | undefined;
}

/** The tree of pages, with texts for those that have no page. */
export function withTexts(pages: PageTree, { label, parser, read }: Texts): PageTree {
  /** A capture usually has only pages or only texts, so the kind that the last object had is tried first. */
  let isText = false;

  function readText(name: ObjectName) {
    const place = statsPlace(name);
    try {
      const bytes = read(place);
      if (bytes === undefined) return null;
      const parsed = parser.parse({ object: name.object, bytes });
      const reading = fromRecorded(name.object, parsed);
      // The recording of an object that reports nothing has no lines, or only those of its moment.
      const isRecorded = bytes.byteLength === 0 || reading !== parsed;
      if (!isRecorded && !parsed.layout.isOfStatistics) throw withoutCounters(`${label}${place}`);
      return reading;
    } catch (thrown) {
      if (isNotThere(thrown)) return null;
      throw statsError(`${label}${place}`, thrown);
    }
  }

  return {
    folders: (place) => pages.folders(place),
    ...(pages.has === undefined ? {} : { has: (place: string) => pages.has?.(place) === true }),
    read(name) {
      const text = isText ? readText(name) : null;
      if (text !== null) return text;
      try {
        const page = pages.read(name);
        isText = false;
        return page;
      } catch (thrown) {
        const found = isText || !isMissingPage(thrown) ? null : readText(name);
        if (found === null) throw thrown;
        isText = true;
        return found;
      }
    },
  };
}
