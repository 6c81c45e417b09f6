/** Headers: the media types that a client accepts (RFC 9110, 12.5.1), and security headers for browsers. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

/** The media types of responses that are not streams, the preferred one first. */
const wholeResponses = ['application/json', 'application/graphql-response+json'] as const;

/** The media type of a response that is not a stream of events. */
export type MediaType = (typeof wholeResponses)[number];

/** The media types that a client accepts. */
export interface Accepted {
  /** Whether Server-Sent Events are accepted, listed or in a range. */
  readonly events: boolean;
  /** Whether a query is answered with events as well: they are listed, and no other type of response is accepted. */
  readonly onlyEvents: boolean;
  /** The media type of a response that is not a stream; null if the client accepts neither. */
  readonly mediaType: MediaType | null;
}

/** All JSON responses are UTF-8, so a range with this charset matches too. */
const charset = '; charset=utf-8';
const available = wholeResponses.flatMap((type) => [type, type + charset]);
const eventStreams = ['text/event-stream', `text/event-stream${charset}`];

const keptCharacters = 32_768;
const known = new LRUCache<string, Accepted>({
  maxSize: keptCharacters,
  sizeCalculation: (_, header) => header.length + 64,
});

/** Most requests have the same header as the previous one. */
let newest: { readonly header: string | undefined; readonly accepted: Accepted } | null = null;

/** Reads an Accept header; a missing or empty one accepts anything. */
export function readAccept(header: string | undefined): Accepted {
  if (newest !== null && newest.header === header) return newest.accepted;
  const text = header === undefined || header === '' ? '*/*' : header;
  let accepted = known.get(text);
  if (accepted === undefined) known.set(text, (accepted = negotiate(text)));
  newest = { header, accepted };
  return accepted;
}

/** An unparsable weight counts as 1; in negotiator it is 0. */
const badWeight = /;\s*q=(?!(?:0(?:\.\d*)?|1(?:\.0*)?)\s*(?:[;,]|$))[^;,]*/gi;

function negotiate(header: string): Accepted {
  const negotiator = new Negotiator({ headers: { accept: header.replace(badWeight, '') } });
  const best = negotiator.mediaType(available)?.replace(charset, '');
  const mediaType = wholeResponses.find((type) => type === best) ?? null;
  return {
    events: negotiator.mediaType(eventStreams) !== undefined,
    onlyEvents: mediaType === null && negotiator.mediaTypes().includes('text/event-stream'),
    mediaType,
  };
}

/**
 * The media type of these that a client prefers, the first one if it has no preference, or null if it accepts none.
 * The parameter `escaping` is ignored: Prometheus uses it for names with characters other than ASCII.
 */
export function preferredType<Type extends string>(
  header: string | undefined,
  types: readonly Type[],
): Type | null {
  const accept = (header || '*/*').replace(badWeight, '').replace(/;\s*escaping=[^;,]*/gi, '');
  const best = new Negotiator({ headers: { accept } }).mediaType([...types]);
  return types.find((type) => type === best) ?? null;
}

/** Security headers for data. Each header takes half a percent of the time of a small response. */
const forData = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};
/** For pages, and for browsers without `frame-ancestors`. */
const forPages = {
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};
/** For a year, browsers do not use plain HTTP (RFC 6797). */
const forTls = { 'strict-transport-security': 'max-age=31536000' };

const plain = { all: { ...forData, ...forPages }, data: Object.entries(forData).flat() };
const secure = { all: { ...plain.all, ...forTls }, data: Object.entries({ ...forData, ...forTls }).flat() };

/** The headers of a response of any kind. */
export function securityHeaders({ socket }: IncomingMessage): Readonly<Record<string, string>> {
  return (socket instanceof TLSSocket ? secure : plain).all;
}

/** The headers of a response with data, as alternating names and values for Node. */
export function flatDataHeaders({ socket }: IncomingMessage): readonly string[] {
  return (socket instanceof TLSSocket ? secure : plain).data;
}
