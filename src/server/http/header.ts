/** Headers: what a client accepts (RFC 9110, 12.5.1), and what limits browsers in what they do with a response. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

/** The media types of whole responses, the preferred one first. */
const wholeResponses = ['application/json', 'application/graphql-response+json'] as const;

/** The media type of a response that is not a stream of events. */
export type MediaType = (typeof wholeResponses)[number];

/** What a client accepts. */
export interface Accepted {
  /** Server-Sent Events, where they are named: a client that accepts anything does not expect them. */
  readonly events: boolean;
  /** For a whole response; null where the client accepts neither. */
  readonly mediaType: MediaType | null;
}

/** All JSON here is UTF-8, so a range with this charset matches too. */
const charset = '; charset=utf-8';
const available = wholeResponses.flatMap((type) => [type, type + charset]);

const keptCharacters = 32_768;
const known = new LRUCache<string, Accepted>({
  maxSize: keptCharacters,
  sizeCalculation: (_, header) => header.length + 64,
});

/** Most requests have the header of the one before. */
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

/** An unparsable weight counts as 1; for negotiator it is 0. */
const badWeight = /;\s*q=(?!(?:0(?:\.\d*)?|1(?:\.0*)?)\s*(?:[;,]|$))[^;,]*/gi;

function negotiate(header: string): Accepted {
  const negotiator = new Negotiator({ headers: { accept: header.replace(badWeight, '') } });
  const best = negotiator.mediaType(available)?.replace(charset, '');
  return {
    events: negotiator.mediaTypes().includes('text/event-stream'),
    mediaType: wholeResponses.find((type) => type === best) ?? null,
  };
}

/**
 * The media type that a client prefers of these, the first one where it has no preference; null where it accepts none.
 * `escaping` is not compared: Prometheus asks with it for names that have other characters than those of ASCII.
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
/** For pages, and browsers without `frame-ancestors`. */
const forPages = {
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};
/** For a year, browsers send nothing by plain HTTP (RFC 6797). */
const forTls = { 'strict-transport-security': 'max-age=31536000' };

const plain = { all: { ...forData, ...forPages }, data: Object.entries(forData).flat() };
const secure = { all: { ...plain.all, ...forTls }, data: Object.entries({ ...forData, ...forTls }).flat() };

/** The headers of a response of any kind. */
export function securityHeaders({ socket }: IncomingMessage): Readonly<Record<string, string>> {
  return (socket instanceof TLSSocket ? secure : plain).all;
}

/** The headers of a response with data: names and values in turn, as node writes them. */
export function flatDataHeaders({ socket }: IncomingMessage): readonly string[] {
  return (socket instanceof TLSSocket ? secure : plain).data;
}
