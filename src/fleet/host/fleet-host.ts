/** A host in a fleet: sends heartbeats, and serves the requests of gateways. */
import { randomUUID } from 'node:crypto';
import {
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { HvqlError, UsageError } from '../../errors.ts';
import { allPrivileges } from '../../access/caller.ts';
import { noCredential } from '../../revocation/credential.ts';
import type { Revocations } from '../../revocation/revocations.ts';
import { stillGood } from '../../server/auth/identity.ts';
import type { ServerContext } from '../../server/context.ts';
import { resultBytes } from '../../server/result-bytes.ts';
import { connectToNats, type NatsSettings } from '../connection.ts';
import type { VerifyDelegated } from '../delegated-token.ts';
import {
  authorizationHeader,
  encodeAlive,
  endHeader,
  partHeader,
  requestHeader,
  togetherHeader,
  type Alive,
  type RequestKind,
} from '../message.ts';
import { partsOf } from '../reply-parts.ts';
import { aliveSubject, askSubject, inboxPrefixOf, instanceSubject, parseReplySubject } from '../subject.ts';
import { AskedOperation, refusal, unexpected, type ReplyChannel } from './asked-operation.ts';

/** The interval of heartbeats. */
export const aliveMilliseconds = 5_000;

/** How long another instance with the same name may take to respond. */
const instanceTimeoutMilliseconds = 2_000;

/** How long pending responses may take when the host stops. */
const graceMilliseconds = 2_000;

/** The maximum number of concurrent requests, including streams. */
const mostOperations = 5_000;

/** The default max_payload of nats-server. */
const defaultMaxPayload = 1_048_576;

/** Runs before the first heartbeat: otherwise the first requests would wait for code to be compiled. */
const warmUp =
  '{ hypervisor { id host partitions(first: 1) { nodes { id name } } virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }, first: 1) { id counters { totalRunTime } } } }';
const warmUpTimes = 3;

/** The dependencies of a host. */
export interface FleetHostOptions {
  readonly nats: NatsSettings;
  readonly hostName: string;
  readonly server: ServerContext;
  readonly verify: VerifyDelegated;
  /** Ends the operations of revoked credentials. */
  readonly revocations: Revocations;
  readonly version: string;
  /** The state of the source, without reading it. */
  readonly health: () => Pick<Alive, 'isAnswering' | 'lastReadAt'> & { readonly kind: string };
  /** Whether the code of the service has run before, so that no warm-up is needed. @default false */
  readonly isWarmedUp?: boolean;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A host that has joined the fleet, or waits for NATS. */
export interface FleetHost {
  /** Resolves once gateways can send requests. Rejects with a UsageError if another instance with its name is alive. */
  readonly joined: Promise<void>;
  /** Ends streams, waits a short time for pending responses, and leaves. */
  close(): Promise<void>;
}

/** Joins a fleet, immediately or as soon as NATS is available. */
export function openFleetHost(options: FleetHostOptions): FleetHost {
  const host = new Host(options);
  const joined = host.join();
  // The caller gets the reason if it awaits `joined`.
  joined.catch(() => undefined);
  return { joined, close: () => host.close() };
}

class Host {
  readonly #options: FleetHostOptions;
  readonly #instance = randomUUID();
  /** By reply subject. */
  readonly #operations = new Map<string, AskedOperation>();
  #connection: NatsConnection | null = null;
  #subscriptions: Subscription[] = [];
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  readonly #closed = new AbortController();
  #isClosed = false;
  #onIdle = (): void => undefined;
  readonly #ignoreRevocations: () => void;

  constructor(options: FleetHostOptions) {
    this.#options = options;
    this.#ignoreRevocations = options.revocations.onAdvance(() => {
      for (const operation of this.#operations.values()) operation.checkCredential();
    });
  }

  async join(): Promise<void> {
    const { nats, hostName, log } = this.#options;
    const connection = await connectToNats(nats, {
      name: `hvql host ${hostName}`,
      inboxPrefix: inboxPrefixOf(hostName),
      log,
      signal: this.#closed.signal,
    });
    if (this.#isClosed) {
      await connection.close();
      return;
    }
    this.#connection = connection;
    await this.#assertAlone(connection);
    if (this.#options.isWarmedUp !== true) await this.#warmUp();
    if (this.#isClosed) return;
    const answer = Buffer.from(this.#instance);
    this.#subscriptions = [
      connection.subscribe(instanceSubject(hostName), {
        callback: (_error, message) => void message.respond(answer),
      }),
      connection.subscribe(askSubject(hostName), {
        callback: (error, message) => {
          if (error === null) this.#onMessage(message);
          else log.warn({ err: error }, 'a request could not be received');
        },
      }),
    ];
    await connection.flush();
    this.#sayAlive();
    this.#timer = setInterval(() => this.#sayAlive(), aliveMilliseconds);
    log.info({ host: hostName, server: connection.getServer() }, 'joined the fleet');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closed.abort();
    this.#ignoreRevocations();
    if (this.#timer !== null) clearInterval(this.#timer);
    const connection = this.#connection;
    if (connection === null) return;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    const streams = [...this.#operations.values()].filter(({ isStream }) => isStream);
    for (const operation of streams) operation.cancel('service');
    await within(graceMilliseconds, this.#idle());
    for (const operation of [...this.#operations.values()]) operation.cancel('service');
    await within(
      graceMilliseconds,
      connection.flush().catch(() => undefined),
    );
    await connection.close();
  }

  /** Resolves once no operation runs. */
  #idle(): Promise<void> {
    if (this.#operations.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onIdle = resolve));
  }

  #onGone(reply: string): void {
    this.#operations.delete(reply);
    if (this.#operations.size === 0) this.#onIdle();
  }

  /** Throws if another process responds for this name. Otherwise NATS reports immediately that no process does. */
  async #assertAlone(connection: NatsConnection): Promise<void> {
    const { hostName } = this.#options;
    const other = await connection
      .request(instanceSubject(hostName), new Uint8Array(), { timeout: instanceTimeoutMilliseconds })
      .catch(() => null);
    if (other === null) return;
    await connection.close();
    throw new UsageError([
      `A host with the name ${hostName} is already in this fleet: give each host its own --host-name, or stop the other one first.`,
    ]);
  }

  async #warmUp(): Promise<void> {
    const { server, now } = this.#options;
    for (let n = 0; n < warmUpTimes; n += 1) {
      await new Promise<void>((resolve) => {
        const operation = new AskedOperation({
          server,
          identified: {
            caller: { partitionId: 'root', privileges: new Set(allPrivileges) },
            by: 'gateway',
            credential: noCredential,
            expiresAt: now() + instanceTimeoutMilliseconds,
          },
          requestId: randomUUID(),
          isTogether: false,
          channel: { publish: () => undefined, flush: async () => undefined },
          onGone: resolve,
        });
        operation.start(Buffer.from(JSON.stringify({ query: warmUp })));
      });
    }
  }

  #sayAlive(): void {
    const { hostName, version, health, now } = this.#options;
    const { kind, isAnswering, lastReadAt } = health();
    const alive = { version, instance: this.#instance, source: kind, isAnswering, lastReadAt, at: now() };
    if (this.#connection?.isClosed() === false)
      this.#connection.publish(aliveSubject(hostName), encodeAlive(alive));
  }

  #onMessage(message: Msg): void {
    const { hostName, log } = this.#options;
    const { reply = '' } = message;
    // NATS would reject a response to any other subject.
    if (parseReplySubject(reply)?.host !== hostName) {
      log.debug({ reply }, 'a request without a reply subject of this host');
      return;
    }
    const kind = (message.headers?.get(requestHeader) ?? '') as RequestKind | '';
    if (kind === 'cancel') {
      this.#operations.get(reply)?.cancel('client');
      return;
    }
    // A copy: the NATS client reads into a buffer that other messages share, and a request waits for its caller's turn.
    const body = kind === '' ? Uint8Array.from(message.data) : null;
    const authorization = message.headers?.get(authorizationHeader) || null;
    const requestId = randomUUID();
    const isTogether = message.headers?.has(togetherHeader) === true;
    this.#answer({ reply, body, authorization, requestId, isTogether }).catch((thrown: unknown) => {
      const isExpected = thrown instanceof HvqlError;
      if (!isExpected) log.error({ requestId, err: thrown }, 'unexpected error');
      this.#channelTo(reply).publish(resultBytes(isExpected ? refusal(thrown) : unexpected(requestId)));
    });
  }

  /** Starts an operation, or without a body renews the lease of a running one. */
  async #answer(question: {
    readonly reply: string;
    readonly body: Uint8Array | null;
    readonly authorization: string | null;
    readonly requestId: string;
    readonly isTogether: boolean;
  }): Promise<void> {
    const { server, verify } = this.#options;
    const { reply, body, authorization, requestId, isTogether } = question;
    const identified = stillGood(await verify(authorization));
    const known = this.#operations.get(reply);
    if (body === null) {
      // Another process with this name started it, or it ended while the connection was lost.
      if (known === undefined) this.#channelTo(reply).publish(new Uint8Array(), [endHeader, 'expired']);
      else known.renew(identified);
      return;
    }
    // The host was closed while the token was verified.
    if (this.#isClosed) throw new HvqlError('CLOSING', 'The service is ending.');
    if (known !== undefined) return;
    if (this.#operations.size >= mostOperations) {
      throw new HvqlError('LIMIT_EXCEEDED', `At most ${mostOperations} operations may run on a host.`, {
        limit: mostOperations,
        actual: mostOperations + 1,
      });
    }
    const operation = new AskedOperation({
      server,
      identified,
      requestId,
      isTogether,
      channel: this.#channelTo(reply),
      onGone: () => this.#onGone(reply),
    });
    this.#operations.set(reply, operation);
    operation.start(body);
  }

  #channelTo(reply: string): ReplyChannel {
    return {
      publish: (bytes, header) => {
        const connection = this.#connection;
        if (connection === null || connection.isClosed()) return;
        for (const { bytes: piece, part } of partsOf(
          bytes,
          connection.info?.max_payload ?? defaultMaxPayload,
        )) {
          connection.publish(reply, piece, headersOf(header, part));
        }
      },
      flush: () => this.#flush(),
    };
  }

  /** One round trip for all events in one turn of the event loop. */
  #flush(): Promise<void> {
    this.#flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#flushing = null;
      return this.#connection?.flush();
    });
    return this.#flushing;
  }
}

function headersOf(
  header: readonly [string, string] | undefined,
  part: string | null,
): { headers?: MsgHdrs } {
  if (header === undefined && part === null) return {};
  const all = headers();
  if (header !== undefined) all.set(...header);
  if (part !== null) all.set(partHeader, part);
  return { headers: all };
}

/** Waits for a promise, at most this long. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
