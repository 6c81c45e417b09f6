/**
 * The messages between gateways and hosts. A question has the parameters of a GraphQL request as JSON and the headers
 * below; its answer is the bytes of the result. docs/fleet.md describes them.
 */
import { isObject } from '../lib/json.ts';

/** "Bearer <delegated token>". */
export const authorizationHeader = 'Authorization';

/** What a message on `.ask` is for, if it is no question. */
export const requestHeader = 'Hvql-Request';

/**
 * renew: the stream with this reply subject lasts until the token of this message ends. cancel: nothing more is wanted
 * of it.
 */
export type RequestKind = 'renew' | 'cancel';

/** Of a query that other hosts are asked as well: it does not wait for objects that have just appeared on this host. */
export const togetherHeader = 'Hvql-Together';

/**
 * Of a message without content before the answer of a query: the host waits for a second reading, and for how many
 * milliseconds at most.
 */
export const waitHeader = 'Hvql-Wait';

/** Of an answer that is longer than a message may be: "1/3" in its first part. */
export const partHeader = 'Hvql-Part';

/** Of events: their number, from 1. The result of a query has none. */
export const eventHeader = 'Hvql-Event';

/** In the message after the last event, which has no content: why the stream is over. */
export const endHeader = 'Hvql-End';

/** complete: nothing more can come. expired: its lease was not renewed. service: the host ends. */
export type StreamEndKind = 'complete' | 'expired' | 'service';

/** What a host says of itself. */
export interface Alive {
  readonly version: string;
  /** Chosen at random by each process. */
  readonly instance: string;
  /** The kind of its source. */
  readonly source: string;
  /** Whether the last read of its source succeeded; null before the first. */
  readonly isAnswering: boolean | null;
  /** Milliseconds since 1970; null before the first read. */
  readonly lastReadAt: number | null;
  /** Its own clock, in milliseconds since 1970. */
  readonly at: number;
}

/** The JSON of a message. */
export function encodeAlive(alive: Alive): string {
  return JSON.stringify(alive);
}

/** Longer messages are not read. */
const aliveLimitInBytes = 4_096;

/** What a host said; null for anything else. */
export function parseAlive(bytes: Uint8Array): Alive | null {
  if (bytes.length > aliveLimitInBytes) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { version, instance, source, isAnswering, lastReadAt, at } = value;
  const isAlive =
    typeof version === 'string' &&
    typeof instance === 'string' &&
    typeof source === 'string' &&
    (typeof isAnswering === 'boolean' || isAnswering === null) &&
    (typeof lastReadAt === 'number' || lastReadAt === null) &&
    typeof at === 'number' &&
    Number.isFinite(at);
  return isAlive ? { version, instance, source, isAnswering, lastReadAt, at } : null;
}
