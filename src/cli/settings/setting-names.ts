/** What is wrong with the setting of partition names beside that of the source. */
import type { Given } from './setting-identity.ts';

/** A sentence for a file of names beside a source that has names itself. */
export function unusedNames(given: Given, source: string | null): readonly string[] {
  const place = given.get('names');
  if (place === undefined || source === null || /^mshv(?:[:?]|$)/.test(source)) return [];
  return [`${place} is of no use without --source mshv.`];
}
