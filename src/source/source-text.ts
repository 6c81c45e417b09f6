/** Parses the text that names a source on the command line, such as "capture:host.tar?loop=true". */
import { releases, type Release } from '../catalogue/group.ts';

/** The parts of such a text. */
export interface SourceText {
  /** The whole text. */
  readonly text: string;
  readonly kind: string;
  /** The text between the colon and the options, which may be ''; undefined if the text has no colon. */
  readonly place: string | undefined;
  readonly options: URLSearchParams;
}

/** Splits a text into its parts. The place is a path as the shell passes it: it is not decoded, and contains no "?". */
export function parseSourceText(text: string): SourceText {
  const mark = text.indexOf('?');
  const address = mark === -1 ? text : text.slice(0, mark);
  const options = new URLSearchParams(mark === -1 ? '' : text.slice(mark + 1));
  const colon = address.indexOf(':');
  if (colon === -1) return { text, kind: address, place: undefined, options };
  return { text, kind: address.slice(0, colon), place: address.slice(colon + 1), options };
}

/** The release that the options name, or the default if they name none. Returns a message if the name is invalid. */
export function readRelease(options: URLSearchParams, initial: Release): Release | string {
  const [text, ...more] = options.getAll('release');
  if (text === undefined) return initial;
  if (more.length > 0) return `release is given ${more.length + 1} times; once is needed.`;
  return (
    releases.find((release) => String(release) === text) ??
    `release must be ${releases.join(' or ')}, but is "${text}".`
  );
}
