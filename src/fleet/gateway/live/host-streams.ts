/** All streams of a gateway from its hosts. Subscriptions that need the same from a host share a stream. */
import { setMaxListeners } from 'node:events';
import { HvqlError } from '../../../errors.ts';
import { Semaphore } from '../../../lib/semaphore.ts';
import { Heartbeat } from '../../../server/heartbeat.ts';
import type { FleetGrant } from '../../delegated-token.ts';
import { liveRequestOf, type HostPart } from '../host-part.ts';
import type { HostRegistry } from '../host-registry.ts';
import { HostStream, type HostStreamServices, type StreamHolder } from './host-stream.ts';

/** The number of streams that are opened concurrently. */
const waveSize = 100;

/** The longest time that a stream may wait to be opened. */
const turnMilliseconds = 60_000;

/** How often leases and closed streams are visited. */
const heartbeatMilliseconds = 1_000;

/** A lease is renewed with a token of at most this age, because the lease ends with the token. */
const tokenAgeMilliseconds = 5_000;

/** The dependencies of the streams of a gateway. */
export interface HostStreamsOptions extends Omit<HostStreamServices, 'inTurn'> {
  readonly registry: HostStreamServices['registry'] & Pick<HostRegistry, 'onReturn'>;
  /** "Bearer <delegated token>" for these rights, at most of this age. */
  readonly authorize: (grant: FleetGrant, maximumAgeMilliseconds: number) => Promise<string>;
}

/** The rights, the interval and the variables of a subscription. */
export interface StreamTerms {
  /** Without the caller's identity: all callers with these rights share streams. */
  readonly rights: Pick<FleetGrant, 'caller' | 'hosts'>;
  /** A text that is equal for equal rights. */
  readonly rightsKey: string;
  readonly everyMilliseconds: number;
  /** The variables as the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The subscription that is sent to hosts. */
export interface StreamRequest {
  /** Equal for equal requests with equal rights. */
  readonly key: string;
  readonly body: Uint8Array;
  readonly terms: StreamTerms;
}

/** Streams of the same request, by host. */
interface StreamGroup {
  readonly streams: Map<string, HostStream>;
  /** One token for all of them. */
  token: { readonly expiresAt: number | null; readonly at: number; readonly text: Promise<string> } | null;
}

/** Opens streams for their first holder, and ends each with its last holder. */
export class HostStreams {
  readonly #options: HostStreamsOptions;
  readonly #services: HostStreamServices;
  readonly #groups = new Map<string, StreamGroup>();
  readonly #all = new Set<HostStream>();
  readonly #heartbeat = new Heartbeat(heartbeatMilliseconds);
  readonly #openings = new Semaphore(waveSize);
  readonly #closed = new AbortController();
  readonly #ignoreReturns: () => void;

  constructor(options: HostStreamsOptions) {
    this.#options = options;
    // Each waiting stream listens to it.
    setMaxListeners(0, this.#closed.signal);
    const deadline = {
      signal: this.#closed.signal,
      milliseconds: turnMilliseconds,
      timeoutError: () =>
        new HvqlError(
          'HOST_UNREACHABLE',
          'No request was sent to this host in time, because too many hosts before it did not respond.',
        ),
    };
    this.#services = { ...options, inTurn: (open) => this.#openings.run(open, deadline) };
    this.#ignoreReturns = options.registry.onReturn((host, how) => {
      for (const { streams } of this.#groups.values()) streams.get(host)?.onReturn(how);
    });
  }

  /** The number of streams. */
  get size(): number {
    return this.#all.size;
  }

  /** The stream of a host; opens it if it is not open. The holder must release it. */
  hold(
    { key, body, terms }: StreamRequest,
    { host, holder }: { readonly host: string; readonly holder: StreamHolder },
  ): HostStream {
    const group = this.#groups.get(key) ?? { streams: new Map<string, HostStream>(), token: null };
    this.#groups.set(key, group);
    let stream = group.streams.get(host);
    if (stream === undefined) {
      stream = new HostStream(this.#services, {
        host,
        holder,
        key,
        everyMilliseconds: terms.everyMilliseconds,
        body,
        authorize: (expiresAt) => this.#authorize(group, { ...terms.rights, expiresAt }),
      });
      group.streams.set(host, stream);
      this.#all.add(stream);
      this.#heartbeat.add(stream);
    }
    stream.holders.add(holder);
    return stream;
  }

  /** Releases the stream. */
  release(stream: HostStream, holder: StreamHolder): void {
    stream.holders.delete(holder);
    if (stream.holders.size > 0 || !this.#all.delete(stream)) return;
    stream.release();
    this.#heartbeat.delete(stream);
    const group = this.#groups.get(stream.key);
    group?.streams.delete(stream.host);
    if (group?.streams.size === 0) this.#groups.delete(stream.key);
  }

  /** The connection to NATS is restored. */
  onReconnect(): void {
    for (const stream of this.#all) stream.onReconnect();
  }

  close(): void {
    this.#ignoreReturns();
    this.#closed.abort();
    for (const stream of this.#all) {
      stream.release();
      this.#heartbeat.delete(stream);
    }
    this.#all.clear();
    this.#groups.clear();
  }

  #authorize(group: StreamGroup, grant: FleetGrant): Promise<string> {
    const now = performance.now();
    const { token } = group;
    const { expiresAt } = grant;
    if (token !== null && token.expiresAt === expiresAt && now - token.at < tokenAgeMilliseconds)
      return token.text;
    const text = this.#options.authorize(grant, tokenAgeMilliseconds);
    group.token = { expiresAt, at: now, text };
    return text;
  }
}

/** The request for a part of an operation. */
export function streamRequest(part: HostPart, terms: StreamTerms): StreamRequest {
  const request = liveRequestOf(part, terms);
  return { key: JSON.stringify([terms.rightsKey, request]), body: Buffer.from(request), terms };
}
