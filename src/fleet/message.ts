/**
 * The messages between gateways and hosts. A request has the parameters of a GraphQL request as JSON and the headers
 * below; the response is the bytes of the result. docs/fleet.md describes them.
 */
import { isObject } from '../lib/json.ts';

/** "Bearer <delegated token>". */
export const authorizationHeader = 'Authorization';

/** The purpose of a message on `.ask` that is not a GraphQL request. */
export const requestHeader = 'Hvql-Request';

/**
 * renew: extends the stream with this reply subject until the token of this message expires. cancel: ends the operation
 * with this reply subject.
 */
export type RequestKind = 'renew' | 'cancel';

/** In a query that is sent to other hosts as well: it does not wait for objects that have just appeared on this host. */
export const togetherHeader = 'Hvql-Together';

/**
 * In an empty message before the response to a query: the host waits for a second reading, for at most this number of
 * milliseconds.
 */
export const waitHeader = 'Hvql-Wait';

/** In the parts of a response that exceeds the maximum message size: "1/3" in the first part. */
export const partHeader = 'Hvql-Part';

/** In events: their number, from 1. The result of a query has no number. */
export const eventHeader = 'Hvql-Event';

/** In the empty message after the last event: why the stream ended. */
export const endHeader = 'Hvql-End';

/** complete: no further event is possible. expired: its lease was not renewed. service: the host stops. */
export type StreamEndKind = 'complete' | 'expired' | 'service';

/** The content of a host's heartbeat. */
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

/** Longer messages are ignored. */
const aliveLimitInBytes = 4_096;

/** Parses a heartbeat; null for anything else. */
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
