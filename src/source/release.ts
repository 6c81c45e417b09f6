/** The option `release` of sources that have pages: which release of the hypervisor wrote them. */
import { releases, type Release } from '../catalogue/release.ts';

/** The release that the options name, or the one that is theirs without a name; a sentence where it is a mistake. */
export function readRelease(options: URLSearchParams, initial: Release): Release | string {
  const [text, ...more] = options.getAll('release');
  if (text === undefined) return initial;
  if (more.length > 0) return `release is given ${more.length + 1} times; once is needed.`;
  return (
    releases.find((release) => String(release) === text) ??
    `release must be ${releases.join(' or ')}, but is "${text}".`
  );
}
