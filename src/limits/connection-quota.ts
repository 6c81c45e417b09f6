/** The number of open connections, in total and from each address. */
import { isIP } from 'node:net';
import { HvqlError } from '../errors.ts';

/** The limits on connections. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** No limits. */
export const unlimitedConnections: ConnectionLimits = {
  maxConnections: Infinity,
  maxConnectionsPerAddress: Infinity,
};

/** A counted connection, or a request that a proxy forwards. */
export interface QuotaEntry {
  /** OVERLOADED or BUDGET_EXCEEDED, the response to all requests except /health; null within the limits. */
  readonly problem: HvqlError | null;
  /** Call it once, when the connection or the response has ended. */
  leave(): void;
}

/**
 * The maximum number of open connections above the limits: they get the error, or a response from /health. One more
 * closes the oldest of them, so that clients that send nothing do not prevent others from getting a response.
 */
const mostRefused = 64;
/** Other connections may end at any time, so that an early retry can succeed. */
const retryInMilliseconds = 5_000;
const ignore = (): void => undefined;
const uncounted: QuotaEntry = { problem: null, leave: ignore };

interface Counts {
  open: number;
  readonly byAddress: Map<string, number>;
}

/** A connection within the limits. A class, because thousands of connections have one each. */
class CountedConnection implements QuotaEntry {
  readonly problem = null;
  readonly #counts: Counts;
  readonly #ofAddress: QuotaEntry;

  constructor(counts: Counts, ofAddress: QuotaEntry) {
    this.#counts = counts;
    this.#ofAddress = ofAddress;
    counts.open += 1;
  }

  leave(): void {
    this.#counts.open -= 1;
    this.#ofAddress.leave();
  }
}

/** One of the connections of a network. */
class CountedAddress implements QuotaEntry {
  readonly problem = null;
  readonly #counts: Counts;
  readonly #network: string;

  constructor(counts: Counts, network: string) {
    this.#counts = counts;
    this.#network = network;
    counts.byAddress.set(network, (counts.byAddress.get(network) ?? 0) + 1);
  }

  leave(): void {
    const { byAddress } = this.#counts;
    const left = (byAddress.get(this.#network) ?? 1) - 1;
    if (left === 0) byAddress.delete(this.#network);
    else byAddress.set(this.#network, left);
  }
}

/** Counts the connections of all listeners of a process. */
export class ConnectionQuota {
  readonly #limits: ConnectionLimits;
  readonly #counts: Counts = { open: 0, byAddress: new Map() };
  readonly #refused = new Set<() => void>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /**
   * Counts a connection. `address` is null if the connections of an address are not limited: over UNIX sockets, from
   * loopback, and from proxies, whose requests are counted instead. `close` closes a connection above the limits.
   */
  enter(address: string | null, close: () => void): QuotaEntry {
    const { maxConnections } = this.#limits;
    if (this.#counts.open >= maxConnections) return this.#refuse(overloaded(maxConnections), close);
    const own = address === null ? uncounted : this.enterAddress(address);
    if (own.problem !== null) return this.#refuse(own.problem, close);
    return new CountedConnection(this.#counts, own);
  }

  /** Counts a request that a proxy forwards, as a connection of its client. */
  enterAddress(address: string): QuotaEntry {
    const network = networkOf(address);
    const { maxConnectionsPerAddress: limit } = this.#limits;
    const count = this.#counts.byAddress.get(network) ?? 0;
    if (count >= limit) return { problem: ofAddress(limit), leave: ignore };
    return new CountedAddress(this.#counts, network);
  }

  #refuse(problem: HvqlError, close: () => void): QuotaEntry {
    if (this.#refused.size >= mostRefused) {
      const [closeOldest] = this.#refused;
      if (closeOldest !== undefined) this.#refused.delete(closeOldest);
      closeOldest?.();
    }
    this.#refused.add(close);
    return { problem, leave: () => this.#refused.delete(close) };
  }
}

/** An IPv6 host has a network of 2^64 addresses (RFC 4291, 2.5.1), which count as one. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const words = head.split(':');
  const missing = tail === undefined ? 0 : 8 - words.length - (tail === '' ? 0 : tail.split(':').length);
  return [...words, ...Array<string>(missing).fill('0')].slice(0, 4).join(':');
}

function overloaded(limit: number): HvqlError {
  const message = `The service has ${limit} connections, the most that it may have. Try again later.`;
  return new HvqlError('OVERLOADED', message, { limit, retryInMilliseconds });
}

function ofAddress(limit: number): HvqlError {
  const message =
    `This address has ${limit} connections, the most that one may have. Close some; streams can share a WebSocket. Where ` +
    'it is the address of a proxy, the operator can name it with --trusted-proxies.';
  return new HvqlError('BUDGET_EXCEEDED', message, { limit, retryInMilliseconds });
}
