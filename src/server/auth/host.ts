/** Checks the Host header of requests, and recognises loopback addresses. */
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { badRequest, HttpError } from '../http/http-error.ts';

/** The host names that a listener accepts. */
export interface HostRule {
  /** Whether it also accepts the names of loopback. */
  readonly isLoopback: boolean;
  readonly allowedHosts: readonly string[];
}

/**
 * The rule for a listener bound to `host`, or null if it accepts every name. On loopback it accepts only the names of
 * loopback and the allowed ones: any web page can make its own name resolve to loopback (DNS rebinding).
 */
export function hostRule({
  host,
  allowedHosts,
}: Omit<HostRule, 'isLoopback'> & { readonly host: string }): HostRule | null {
  if (isLoopback(host)) return { isLoopback: true, allowedHosts };
  return allowedHosts.length === 0 ? null : { isLoopback: false, allowedHosts };
}

/**
 * Throws an HttpError if a request has no Host header (RFC 9112, 3.2), or one with user information (RFC 9110, 4.2.4) or
 * with a name that the rule does not allow.
 */
export function checkHost({ headers, httpVersion }: IncomingMessage, rule: HostRule | null): void {
  if (headers.host === undefined && httpVersion === '1.1') {
    throw badRequest('An HTTP/1.1 request needs a Host header, but this one has none.');
  }
  if (headers.host?.includes('@') === true) {
    throw badRequest('The host of the request contains user information, which is not allowed.');
  }
  if (rule === null) return;
  const host = (headers.host ?? '').replace(/:\d{1,5}$/, '');
  const name = normalHost(host);
  if (name !== null && rule.isLoopback && isLoopback(host)) return;
  if (name !== null && rule.allowedHosts.some((allowed) => normalHost(allowed) === name)) return;
  const loopback = rule.isLoopback ? 'localhost, 127.0.0.1, [::1] and ' : '';
  throw new HttpError(
    'FOREIGN_HOST',
    `The Host header names another host than ${loopback}the names in --allowed-hosts.`,
  );
}

/** A host without a port as the URL parser writes it, "hvql.example" for "HVQL.example". null if it is not a host. */
export function normalHost(text: string): string | null {
  if (!/^(?:\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\%*]+)$/i.test(text)) return null;
  return URL.canParse(`http://${text}`) ? new URL(`http://${text}`).hostname : null;
}

/** Whether a host is loopback: "localhost", 127.0.0.0/8, or ::1 with or without brackets. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (name === 'localhost') return true;
  if (isIPv4(name)) return name.startsWith('127.');
  // The URL parser gives every spelling of an IPv6 address the same form.
  return isIPv6(name) && !name.includes('%') && new URL(`http://[${name}]`).hostname === '[::1]';
}

/** Says why development mode is refused on a host, or returns null if it is allowed. */
export function developmentProblem(host: string): string | null {
  if (isLoopback(host)) return null;
  return (
    `--host ${host} can be reached from elsewhere, so callers need an identity: give one of --jwt-secret-file, ` +
    '--jwt-key-file and --jwks-url (or HVQL_JWT_SECRET), or --tls-client-ca, or a loopback host such as 127.0.0.1.'
  );
}
