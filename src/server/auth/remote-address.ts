/** Finds the address of the client that sent a request, through the proxies that the operator trusts. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { isLoopback } from './host.ts';

/** The part of a request that says where it came from. */
type FromClient = Pick<IncomingMessage, 'headers'> & {
  readonly socket: Pick<IncomingMessage['socket'], 'remoteAddress'>;
};

/** The proxies whose `X-Forwarded-For` is trusted: addresses ("::1") and networks ("10.0.0.0/8"). */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** Throws a RangeError for an entry that `isProxyEntry` rejects. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const network = readNetwork(entry);
      if (network === null) throw new RangeError(`${entry} is neither an address nor a network`);
      this.#list.addSubnet(network.address, network.prefix, familyOf(network.address));
    }
  }

  /**
   * The client's address; null for a UNIX socket and a closed connection. `X-Forwarded-For` is read from its end, where the
   * nearest proxy appends, to the first address that is not a trusted proxy, because a client may have written the entries
   * before that. If an entry is malformed, the proxy that forwarded it counts as the client.
   */
  clientOf({ socket, headers }: FromClient): string | null {
    let client = peerAddress(socket);
    if (client === null) return null;
    const { 'x-forwarded-for': forwarded } = headers;
    if (forwarded === undefined || !this.#has(client)) return client;
    // Node joins several headers of this name with commas.
    const entries = String(forwarded).split(',', mostEntries + 1);
    if (entries.length > mostEntries) return client;
    for (const entry of entries.reverse()) {
      const address = normalAddress(entry.trim());
      if (address === null) return client;
      client = address;
      if (!this.#has(client)) return client;
    }
    return client;
  }

  /**
   * The address whose connections are counted together; null if there is no such limit: for UNIX sockets, loopback and
   * proxies.
   */
  countedAddress(socket: FromClient['socket']): string | null {
    const address = peerAddress(socket);
    return address === null || isLoopback(address) || this.#has(address) ? null : address;
  }

  /** Whether a connection is from a proxy, which forwards the requests of many clients. */
  isProxy(socket: FromClient['socket']): boolean {
    const address = peerAddress(socket);
    return address !== null && this.#has(address);
  }

  #has(address: string): boolean {
    return this.#list.check(address, familyOf(address));
  }
}

/** Longer lists are ignored: headers may have 16 KB, and no request passes through that many proxies. */
const mostEntries = 64;

/** Whether a text is an address or a network: "10.0.0.0/8". */
export function isProxyEntry(text: string): boolean {
  return readNetwork(text) !== null;
}

/** The peer address of a connection; null for a UNIX socket and for a closed connection. */
function peerAddress({ remoteAddress }: FromClient['socket']): string | null {
  return remoteAddress === undefined ? null : normalAddress(remoteAddress);
}

function readNetwork(text: string): { readonly address: string; readonly prefix: number } | null {
  const [, host = '', prefixText] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = isIP(host) === 0 ? null : normalAddress(host);
  if (address === null) return null;
  const bits = isIPv6(address) ? 128 : 32;
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  return prefix <= bits ? { address, prefix } : null;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/**
 * An address in one spelling, without port, brackets and zone: an IPv4 address within IPv6 ("::ffff:10.0.0.1", RFC 4291,
 * 2.5.5.2) is that IPv4 address. null for anything else. Some proxies write ports ("10.0.0.1:4711", "[2001:db8::1]:4711").
 */
function normalAddress(text: string): string | null {
  const bare = /^(?:\[(?<inner>[^\]]*)\](?::\d{1,5})?|(?<four>[\d.]+)(?::\d{1,5})?)$/.exec(text)?.groups;
  const address = (bare?.['inner'] ?? bare?.['four'] ?? text).replace(/%.*$/s, '');
  switch (isIP(address)) {
    case 4:
      return address;
    case 6: {
      // The URL parser writes every spelling of an IPv6 address in one way.
      const normal = new URL(`http://[${address}]`).hostname.slice(1, -1);
      const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal) ?? [];
      return high === undefined || low === undefined ? normal : fromWords(high, low);
    }
    default:
      return null;
  }
}

function fromWords(...words: readonly string[]): string {
  return words
    .flatMap((word) => {
      const number = Number.parseInt(word, 16);
      return [number >> 8, number & 0xff];
    })
    .join('.');
}
