/** One WebSocket connection with graphql-transport-ws (graphql-ws's PROTOCOL.md): its caller and its operations. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { GraphQLError } from 'graphql';
import {
  CloseCode,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  MessageType,
  type ConnectionInitMessage,
} from 'graphql-ws';
import type { WebSocket } from 'ws';
import { closeCodeOf, HvqlError } from '../../errors.ts';
import { auditRefusals, type StreamEnd } from '../audit.ts';
import { stillGood, type Identified } from '../auth/identity.ts';
import type { Contexts, IdentityEnd, ListenerEnd, OpenStream, ServerContext } from '../context.ts';
import { expiryReason } from '../events.ts';
import { WebSocketLink, type LinkListener } from './websocket-link.ts';
import {
  ackMessage,
  closeReason,
  errorMessage,
  pongMessage,
  readInitCredentials,
  readMessage,
  type OperationMessage,
} from './websocket-message.ts';
import { WebSocketOperation, type OperationListener } from './websocket-operation.ts';

/** The contexts of a connection, and the request that opened it. */
interface ConnectionContext extends Contexts {
  /** The underlying socket. */
  readonly socket: Socket;
  /** The client's address; null for a guest socket. */
  readonly address: string | null;
  /** The Authorization header of the upgrade request. */
  readonly upgradeAuthorization: string | null;
}

/** The maximum number of running operations of a connection; a client that needs more opens another connection. */
export const operationLimit = 1_000;
/** The time limit for pending single results after the credentials have expired. */
const expiryGraceMilliseconds = 5_000;
/** The server is going away (RFC 6455, 7.4.1). */
const goingAway = 1_001;

/** Serves one WebSocket until it is closed. */
export class WebSocketConnection implements LinkListener, OperationListener, OpenStream {
  readonly link: WebSocketLink;
  readonly server: ServerContext;
  readonly #context: ConnectionContext;
  readonly #operations = new Map<string, WebSocketOperation>();
  /** Operations that still use resources, including cancelled ones. */
  #running = 0;
  #initTimer: NodeJS.Timeout | null;
  #hasInit = false;
  #identified: Identified | null = null;
  /** The code and reason for closing the connection when its last operation has ended. */
  #pendingClose: readonly [code: number, reason: string] | null = null;
  /** The number of heartbeats since the credentials were found to have expired. */
  #expiredHeartbeats = 0;
  #isClosed = false;
  /** For the log; created on first use. */
  #connectionId: string | null = null;

  constructor(webSocket: WebSocket, context: ConnectionContext) {
    this.#context = context;
    this.server = context.server;
    this.link = new WebSocketLink(webSocket, { ...context, listener: this });
    this.#initTimer = setTimeout(
      () => this.#close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
      this.server.initMilliseconds,
    );
    webSocket.on('message', (data, isBinary) => {
      // With ws's default binaryType it is a Buffer.
      if (!this.#isClosed) this.#receive(isBinary ? '' : (data as Buffer).toString('utf8'));
    });
    // An invalid frame, or one that is too long; ws closes the connection with the code for that.
    webSocket.on('error', (error) => this.debug({ err: error }, 'connection error'));
    webSocket.on('close', (code) => {
      this.#release('client');
      this.debug({ code }, 'connection closed');
    });
    this.debug({}, 'connection opened');
    if (webSocket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      const needed = `Subprotocol not acceptable: expected ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`;
      this.#close(CloseCode.SubprotocolNotAcceptable, needed);
    }
  }

  /** Ends streams, lets single results finish, and closes. If the client may resume, streams are not completed. */
  end(end: ListenerEnd): void {
    this.#pendingClose ??= [goingAway, 'Going away'];
    for (const operation of this.#operations.values()) operation.finish(end);
    this.#closeIfDrained();
  }

  onHeartbeat(): void {
    if (this.#pendingClose?.[0] !== CloseCode.Forbidden) {
      this.#checkExpiry();
      return;
    }
    this.#expiredHeartbeats += 1;
    const { heartbeatMilliseconds } = this.server.limits;
    if (this.#expiredHeartbeats * heartbeatMilliseconds >= expiryGraceMilliseconds)
      this.#close(...this.#pendingClose);
  }

  onStall(): void {
    const { log, limits } = this.server;
    const facts = this.#facts({ stallMilliseconds: limits.stallMilliseconds });
    log.warn(facts, 'a client that read nothing for too long was disconnected');
    this.#release('stalled');
  }

  /** Called when an operation sends nothing more, so that its id can be reused. */
  onOver(id: string): void {
    this.#operations.delete(id);
    this.#closeIfDrained();
  }

  /** Called when an operation has ended and released its resources. */
  onGone(): void {
    this.#running -= 1;
  }

  /**
   * Called when the credentials are no longer valid: the last event of each stream has the error. The connection closes
   * after the last operation if the credentials have expired, and at once if they were revoked.
   */
  endIdentity(reason: IdentityEnd): void {
    if (this.#identified === null || this.#isClosed) return;
    this.#pendingClose ??= [CloseCode.Forbidden, reason.message];
    for (const operation of this.#operations.values()) operation.endIdentity(reason);
    if (reason.end === 'revoked') this.#close(CloseCode.Forbidden, reason.message);
    else this.#closeIfDrained();
  }

  checkCredential(): void {
    const message = this.#identified?.credential.problem() ?? null;
    if (message !== null) this.endIdentity({ message, end: 'revoked' });
  }

  /** Closes the connection because of a bug in the service. */
  fail(thrown: unknown, facts: object = {}): void {
    this.server.log.error(this.#facts({ ...facts, err: thrown }), 'unexpected error');
    this.#close(CloseCode.InternalServerError, 'Internal server error');
  }

  get address(): string | null {
    return this.#context.address;
  }

  get isDebugged(): boolean {
    return this.server.log.isLevelEnabled('debug');
  }

  debug(facts: object, message: string): void {
    if (this.isDebugged) this.server.log.debug(this.#facts(facts), message);
  }

  /** A child logger for each connection would take more memory than its stream. */
  #facts(more: object): object {
    this.#connectionId ??= randomUUID();
    const partition = this.#identified?.caller.partitionId.toString();
    return { connectionId: this.#connectionId, transport: 'websocket', partition, ...more };
  }

  #receive(text: string): void {
    const message = readMessage(text);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        void this.#initialise(message);
        return;
      case MessageType.Subscribe:
        this.#subscribe(message);
        return;
      case MessageType.Complete:
        // The operation may have ended before this message arrived.
        this.#operations.get(message.id)?.cancel('client');
        return;
      case MessageType.Ping:
        this.link.send(pongMessage(message.payload));
        return;
      case MessageType.Pong:
        return;
      default:
        this.#close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  /** The headers of the upgrade are not used as credentials: browsers cannot set them, and one way is sufficient. */
  async #initialise({ payload }: ConnectionInitMessage): Promise<void> {
    if (this.#hasInit) {
      this.#close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#hasInit = true;
    this.#stopInitTimer();
    const { listener, socket, upgradeAuthorization } = this.#context;
    const { authorization, conflictingAuthorization, problem } = readInitCredentials(payload);
    try {
      const identified = await listener.authenticate({
        authorization,
        conflictingAuthorization: upgradeAuthorization ?? conflictingAuthorization,
        problem,
        socket,
      });
      if (this.#isClosed) return;
      this.#identified = stillGood(identified);
      this.debug({}, 'connection acknowledged');
      this.link.send(ackMessage);
    } catch (thrown) {
      if (thrown instanceof HvqlError) this.#refuse(thrown);
      else this.fail(thrown);
    }
  }

  /** Closes the connection of a client that cannot be authenticated. */
  #refuse({ code, message }: HvqlError): void {
    const { address } = this;
    this.server.health?.refuse(code);
    this.server.refusals.add({ code, message, address, caller: null, facts: { way: 'WebSocket' } });
    this.#close(closeCodeOf(code) ?? CloseCode.Unauthorized, message);
  }

  #subscribe({ id, payload }: OperationMessage): void {
    if (this.#identified === null) {
      this.#refuse(new HvqlError('UNAUTHENTICATED', 'Unauthorized'));
      return;
    }
    if (this.#operations.has(id)) {
      this.#close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
      return;
    }
    this.#checkExpiry();
    // Further messages are ignored after the close frame.
    if (this.#pendingClose !== null) return;
    const operation = new WebSocketOperation(id, { identified: this.#identified, listener: this });
    if (this.#running >= operationLimit) {
      const error = tooMany(this.#running + 1);
      auditRefusals(operation, [error]);
      this.link.send(errorMessage(id, [error]));
      return;
    }
    this.#running += 1;
    this.#operations.set(id, operation);
    operation.start(payload);
  }

  /** Compares with the wall clock, because that also advances while the machine is suspended. */
  #checkExpiry(): void {
    if (this.#identified === null) return;
    const { expiresAt, by } = this.#identified;
    if (expiresAt !== null && this.server.now() >= expiresAt)
      this.endIdentity({ message: expiryReason(by), end: 'expired' });
  }

  #closeIfDrained(): void {
    if (this.#pendingClose !== null && this.#operations.size === 0) this.#close(...this.#pendingClose);
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#release(endOf(code));
    this.link.close(code, closeReason(reason));
  }

  #release(end: StreamEnd): void {
    this.#isClosed = true;
    this.#stopInitTimer();
    for (const operation of this.#operations.values()) operation.cancel(end);
  }

  #stopInitTimer(): void {
    if (this.#initTimer !== null) clearTimeout(this.#initTimer);
    this.#initTimer = null;
  }
}

/** The audited reason for the end of open streams when the connection is closed with this code. */
function endOf(code: number): StreamEnd {
  const ends: Readonly<Record<number, StreamEnd>> = {
    [goingAway]: 'service',
    [CloseCode.InternalServerError]: 'service',
    [CloseCode.Forbidden]: 'expired',
  };
  // All other codes are for errors of the client.
  return ends[code] ?? 'client';
}

function tooMany(actual: number): GraphQLError {
  const message = `This connection has ${operationLimit} operations running, the most that one may have.`;
  const originalError = new HvqlError('LIMIT_EXCEEDED', message, { limit: operationLimit, actual });
  return new GraphQLError(message, { originalError });
}
