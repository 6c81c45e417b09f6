/** All streams of a gateway from its hosts: what several subscriptions need of a host is one stream. */
import { setMaxListeners } from 'node:events';
import { HvqlError } from '../../../errors.ts';
import { Semaphore } from '../../../lib/semaphore.ts';
import { Heartbeat } from '../../../server/heartbeat.ts';
import type { FleetGrant } from '../../delegated-token.ts';
import { liveRequestOf, type HostPart } from '../host-part.ts';
import type { HostRegistry } from '../host-registry.ts';
import { HostStream, type HostStreamServices, type StreamHolder } from './host-stream.ts';

/** Streams that are opened at the same time. */
const waveSize = 100;

/** How long a stream may wait until it is opened. */
const turnMilliseconds = 60_000;

/** How often leases and closed streams are visited. */
const heartbeatMilliseconds = 1_000;

/** A lease is renewed with a token of at most this age, because the lease ends with the token. */
const tokenAgeMilliseconds = 5_000;

/** What the streams of a gateway need. */
export interface HostStreamsOptions extends Omit<HostStreamServices, 'inTurn'> {
  readonly registry: HostStreamServices['registry'] & Pick<HostRegistry, 'onReturn'>;
  /** "Bearer <delegated token>" for these rights, at most of this age. */
  readonly authorize: (grant: FleetGrant, maximumAgeMilliseconds: number) => Promise<string>;
}

/** The rights, the interval and the variables of a subscription. */
export interface StreamTerms {
  /** Without the person: streams are shared by all callers with these rights. */
  readonly rights: Pick<FleetGrant, 'caller' | 'hosts'>;
  /** A text that is equal for equal rights. */
  readonly rightsKey: string;
  readonly everyMilliseconds: number;
  /** As the client sent them. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The subscription that hosts are asked for. */
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

/** Opens streams when something needs them, and ends each with the last that does. */
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
    // Each opening that waits listens to it.
    setMaxListeners(0, this.#closed.signal);
    const deadline = {
      signal: this.#closed.signal,
      milliseconds: turnMilliseconds,
      timeoutError: () =>
        new HvqlError(
          'HOST_UNREACHABLE',
          'This host was not asked in time, because too many hosts before it did not answer.',
        ),
    };
    this.#services = { ...options, inTurn: (open) => this.#openings.run(open, deadline) };
    this.#ignoreReturns = options.registry.onReturn((host, how) => {
      for (const { streams } of this.#groups.values()) streams.get(host)?.onReturn(how);
    });
  }

  /** How many streams are held. */
  get size(): number {
    return this.#all.size;
  }

  /** The stream of a host, which is opened unless it is. The holder has to release it. */
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

  /** The holder needs the stream no more. */
  release(stream: HostStream, holder: StreamHolder): void {
    stream.holders.delete(holder);
    if (stream.holders.size > 0 || !this.#all.delete(stream)) return;
    stream.release();
    this.#heartbeat.delete(stream);
    const group = this.#groups.get(stream.key);
    group?.streams.delete(stream.host);
    if (group?.streams.size === 0) this.#groups.delete(stream.key);
  }

  /** The connection to NATS is there again. */
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
