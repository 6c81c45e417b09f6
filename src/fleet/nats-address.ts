/** Addresses of NATS. This file does not load the NATS client: a service without a fleet does not need it. */
import { isIP } from 'node:net';

/** Whether all these addresses of NATS are on this machine. */
export function isLoopbackNats(url: string): boolean {
  return url.split(',').every((address) => {
    const text = address.trim();
    const full = text.includes('://') ? text : `nats://${text}`;
    const host = URL.canParse(full) ? new URL(full).hostname.replace(/^\[|\]$/g, '') : '';
    return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  });
}
