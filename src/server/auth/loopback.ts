/** Addresses that only this machine can reach. */
import { isIPv4, isIPv6 } from 'node:net';

/** Whether a host to bind to is loopback: "localhost", 127.0.0.0/8 or ::1, in brackets or without. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (name === 'localhost') return true;
  if (isIPv4(name)) return name.startsWith('127.');
  // The URL parser writes every spelling of an IPv6 address in one way.
  return isIPv6(name) && !name.includes('%') && new URL(`http://[${name}]`).hostname === '[::1]';
}

/**
 * Whether the Host header of a request names this machine by a loopback name, with any port. A page elsewhere can make
 * its own name point to 127.0.0.1 (DNS rebinding), but cannot keep the browser from sending that name.
 */
export function namesLoopback(hostHeader: string | undefined): boolean {
  const host = /^(?<host>\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(hostHeader ?? '')?.groups?.['host'];
  return host !== undefined && isLoopback(host);
}
