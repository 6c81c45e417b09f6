/** Which names in the Host header are answered to. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from '../http/http-error.ts';
import { isLoopback, namesLoopback } from './loopback.ts';

/** The names that a door answers to. */
export interface HostRule {
  /** Whether loopback names are among them. */
  readonly isLoopback: boolean;
  readonly allowedHosts: readonly string[];
}

/**
 * The rule for a service: on a loopback address only loopback names and those that are allowed, since a page elsewhere
 * can make its own name point there; on another one those that are allowed, or any (null) where there is no list.
 */
export function hostRule(options: {
  readonly host: string;
  readonly allowedHosts: readonly string[];
}): HostRule | null {
  const { host, allowedHosts } = options;
  if (isLoopback(host)) return { isLoopback: true, allowedHosts };
  return allowedHosts.length === 0 ? null : { isLoopback: false, allowedHosts };
}

/** Throws an HttpError where a request names no host (RFC 9112, 3.2), or one that the rule does not have. */
export function checkHost({ headers, httpVersion }: IncomingMessage, rule: HostRule | null): void {
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new HttpError('BAD_REQUEST', 'A request of HTTP/1.1 needs a Host header, and this one has none.');
  }
  if (rule === null || (rule.isLoopback && namesLoopback(headers.host))) return;
  const name = normalHost((headers.host ?? '').replace(/:\d{1,5}$/, ''));
  if (name !== null && rule.allowedHosts.some((allowed) => normalHost(allowed) === name)) return;
  const loopback = rule.isLoopback ? 'localhost, 127.0.0.1, [::1] and ' : '';
  throw new HttpError(
    'FOREIGN_HOST',
    `Only requests to ${loopback}the names that --allowed-hosts lists are answered, and the Host header names ` +
      'another host.',
  );
}

/** A host without a port in one spelling, as in an address: "HVQL.example" is "hvql.example". null where it is none. */
export function normalHost(text: string): string | null {
  if (!/^(?:\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\%*]+)$/i.test(text)) return null;
  return URL.canParse(`http://${text}`) ? new URL(`http://${text}`).hostname : null;
}
