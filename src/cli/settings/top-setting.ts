/** The settings that `top` alone has. */
import { excerpt } from '../../lib/json.ts';
import { didYouMean } from '../../lib/suggestion.ts';

/** What `top` can show. */
export const topViews = [
  'partitions',
  'virtual-processors',
  'logical-processors',
  'intercepts',
  'hosts',
] as const;
/** The name of a view. */
export type TopView = (typeof topViews)[number];

/** The name of a view. */
export function parseTopView(text: string): TopView {
  const view = topViews.find((name) => name === text);
  if (view !== undefined) return view;
  throw new RangeError(
    `needs one of ${topViews.join(', ')}, but is ${show(text)}.${didYouMean(text, topViews)}`,
  );
}

const schemes: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/** The address of a service's WebSocket. Without a path it is /graphql, where hvql serves. */
export function parseServiceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = url === null ? undefined : schemes[url.protocol];
  if (url === null || scheme === undefined || url.hostname === '') {
    const shown = show(text.replace(/\/\/.*@/s, '//…@'));
    throw new RangeError(
      `needs an address such as "http://127.0.0.1:4000" or "https://hvql.example", but is ${shown}.`,
    );
  }
  if (url.username !== '' || url.password !== '')
    throw new RangeError('needs an address without a user and a password: --token-file has the identity.');
  url.protocol = scheme;
  url.hash = '';
  if (url.pathname === '/') url.pathname = '/graphql';
  return url;
}

/** Names of columns with commas between them. */
export function parseColumnNames(text: string): readonly string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length > 0) return names;
  throw new RangeError('needs names of counters, such as "totalRunTime,hypercalls", but is empty.');
}

/** A filter: a part of a name, or "=" and ids with commas between them. */
export function parseFilter(text: string): string {
  const filter = text.trim();
  if (filter.startsWith('=') && !/^=[\s,]*\d{1,20}(?:[\s,]+\d{1,20})*[\s,]*$/.test(filter))
    throw new RangeError(`needs ids after "=", such as "=5,7", but is ${show(filter)}.`);
  return filter;
}

function show(text: string): string {
  return JSON.stringify(excerpt(text, 60));
}
