/** The media types that a client takes, and the one that it is answered in (RFC 9110, 12.5.1). */
import { documentCache } from './document-cache.ts';

/** In what answers are written that are no events. */
export type MediaType = 'application/json' | 'application/graphql-response+json';

/** What a client takes. */
export interface Accepted {
  /** Server-Sent Events: only where they are named, since a program that takes anything does not expect them. */
  readonly events: boolean;
  /**
   * For a whole answer: GraphQL's own media type, whose readers know it for an answer whatever its status is, only
   * where it is asked for; null where the client takes neither.
   */
  readonly mediaType: MediaType | null;
}

/** The same few headers come again and again. */
const keptCharacters = 32_768;
const known = documentCache<Accepted>(keptCharacters);

/** Reads an Accept header; one that is missing or empty takes anything. */
export function readAccept(header: string | undefined): Accepted {
  const text = header === undefined || header === '' ? '*/*' : header;
  let accepted = known.get(text);
  if (accepted === undefined) known.set(text, (accepted = parseAccept(text)));
  return accepted;
}

/** One range of the header: `application/*;q=0.5`. */
interface Range {
  readonly type: string;
  /** How much it is wanted, from 0, which is not at all, to 1. */
  readonly weight: number;
}

function parseAccept(header: string): Accepted {
  const ranges = header.split(',').flatMap(parseRange);
  const refused = new Set(ranges.flatMap(({ type, weight }) => (weight === 0 ? [type] : [])));
  let best: Range | null = null;
  for (const { type, weight } of ranges) {
    const mediaType = mediaTypeIn(type, refused);
    // Of two that are wanted as much, the first one.
    if (mediaType !== null && weight > (best?.weight ?? 0)) best = { type: mediaType, weight };
  }
  return {
    events: ranges.some(({ type, weight }) => type === 'text/event-stream' && weight > 0),
    mediaType: best === null ? null : (best.type as MediaType),
  };
}

/** Nothing for one that wants another charset: all JSON here is in UTF-8. */
function parseRange(text: string): Range[] {
  const [type = '', ...parameters] = text.split(';').map((part) => part.replace(/\s/g, '').toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) return [];
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return [{ type, weight: weight === undefined ? 1 : readWeight(weight) }];
}

/** What is none is taken for a wish like any other. */
function readWeight(text: string): number {
  return /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(text) ? Number(text) : 1;
}

const json = 'application/json';
const graphql = 'application/graphql-response+json';

function mediaTypeIn(type: string, refused: ReadonlySet<string>): MediaType | null {
  if (type === json || type === graphql) return type;
  if (type !== '*/*' && type !== 'application/*') return null;
  // A range in general does not say that what is refused by its name is wanted after all.
  if (!refused.has(json)) return json;
  return refused.has(graphql) ? null : graphql;
}
