/** Which page of an object stands for a name, where a tree may have one for each area. */
import { HvqlError } from '../../errors.ts';
import { areaOf, pagePlace, type ObjectName, type StatisticsArea } from '../../snapshot/object-name.ts';

/** A tree, asked for the pages of one object. */
export interface AreaPages<Page> {
  /** Whether there is a file at this place, "partition/5/stats.self.page". */
  readonly has: (place: string) => boolean;
  /** Reads the page of this area, or the only one for null. */
  readonly read: (area: StatisticsArea | null) => Page;
}

/**
 * The page of the area that a name asks for. An object that has a page of one area only has that one for all. A page
 * that is there and cannot be read is an error, never the other one: who is to see SELF is not shown PARENT for it.
 */
export function readInArea<Page>(name: ObjectName, { has, read }: AreaPages<Page>): Page {
  const area = areaOf(name);
  if (area === null) return read(null);
  const hasSelf = (): boolean => has(pagePlace(name, 'SELF'));
  if (area === 'SELF') return read(hasSelf() ? 'SELF' : 'PARENT');
  try {
    return read('PARENT');
  } catch (thrown) {
    if (!isMissingPage(thrown) || !hasSelf()) throw thrown;
    return read('SELF');
  }
}

/** Whether an error says that there is no such file. */
export function isMissingPage(thrown: unknown): boolean {
  return thrown instanceof HvqlError && ['ENOENT', 'ENOTDIR'].includes(String(thrown.extensions['reason']));
}
