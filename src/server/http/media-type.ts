/** The media types that a client takes, and the one that it is answered in (RFC 9110, 12.5.1). */
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

/** The media types of whole answers, the preferred one first. */
const wholeAnswers = ['application/json', 'application/graphql-response+json'] as const;

/** The media type of an answer that is not a stream of events. */
export type MediaType = (typeof wholeAnswers)[number];

/** What a client takes. */
export interface Accepted {
  /** Server-Sent Events. Only where they are named: a program that takes anything does not expect them. */
  readonly events: boolean;
  /** For a whole answer; null where the client takes neither. */
  readonly mediaType: MediaType | null;
}

/** All JSON here is UTF-8, so a range that asks for this charset is met too. */
const charset = '; charset=utf-8';
const available = wholeAnswers.flatMap((type) => [type, type + charset]);

/** Characters of headers that are kept with what was read from them. */
const keptCharacters = 32_768;
const known = new LRUCache<string, Accepted>({
  maxSize: keptCharacters,
  sizeCalculation: (_, header) => header.length + 64,
});

/** Reads an Accept header; one that is missing or empty takes anything. */
export function readAccept(header: string | undefined): Accepted {
  const text = header === undefined || header === '' ? '*/*' : header;
  let accepted = known.get(text);
  if (accepted === undefined) known.set(text, (accepted = negotiate(text)));
  return accepted;
}

/** A weight that is none counts as 1; negotiator takes it for 0. */
const badWeight = /;\s*q=(?!(?:0(?:\.\d*)?|1(?:\.0*)?)\s*(?:[;,]|$))[^;,]*/gi;

function negotiate(header: string): Accepted {
  const negotiator = new Negotiator({ headers: { accept: header.replace(badWeight, '') } });
  const best = negotiator.mediaType(available)?.replace(charset, '');
  return {
    events: negotiator.mediaTypes().includes('text/event-stream'),
    mediaType: wholeAnswers.find((type) => type === best) ?? null,
  };
}
