/** One connection by graphql-transport-ws: who asks, and what is asked under which id. */
import type { Socket } from 'node:net';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType } from 'graphql-ws';
import type { ConnectionInitMessage } from 'graphql-ws';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { HvqlError } from '../../errors.ts';
import type { Allow } from '../allowlist.ts';
import type { AuditWorld, StreamEnd } from '../audit.ts';
import { ConnectionLog } from './connection-log.ts';
import type { Doorkeeper } from '../auth/doorkeeper.ts';
import { expiryReason } from '../events.ts';
import type { EventWrites } from '../sse/event-writes.ts';
import type { Identified } from '../auth/identity.ts';
import type { RunOperation } from '../operation-runner.ts';
import type { ConnectionLimits } from '../http/patience.ts';
import type { Pulse } from '../pulse.ts';
import { WebSocketLink, type LinkWatcher } from './websocket-link.ts';
import {
  ackMessage,
  closeReason,
  pongMessage,
  readMessage,
  strayAuthorizationOf,
  type OperationMessage,
} from './websocket-message.ts';
import { WebSocketOperations } from './websocket-operations.ts';

/** What connections are served with. */
export interface ConnectionWorld {
  readonly identify: Doorkeeper;
  readonly admit: Allow;
  /** null where there is no audit trail. */
  readonly auditWorld: AuditWorld | null;
  readonly run: RunOperation;
  readonly writes: EventWrites;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  /** How long a client may take to say who it is. */
  readonly initMilliseconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970, for the end of tokens. */
  readonly now: () => number;
}

/** How long single answers that were asked for in time may take beyond the end of the identity. */
const expiryGraceMilliseconds = 5_000;
/** The server is going away (RFC 6455, 7.4.1). */
const goingAway = 1_001;

/** One connection: the request that opened it, and what it stands on. */
export interface ConnectionParts {
  readonly world: ConnectionWorld;
  readonly connection: Socket;
  /** The Authorization header of that request. */
  readonly upgradeAuthorization: string | null;
}

/** Serves one WebSocket until it is closed. */
export class WebSocketConnection implements LinkWatcher {
  readonly #world: ConnectionWorld;
  readonly #connection: Socket;
  readonly #upgradeAuthorization: string | null;
  readonly #link: WebSocketLink;
  readonly #log: ConnectionLog;
  #initTimer: NodeJS.Timeout | null;
  readonly #operations: WebSocketOperations;
  #hasInit = false;
  #identified: Identified | null = null;
  /** What it is closed with once the last operation is over. */
  #farewell: readonly [code: number, reason: string] | null = null;
  /** Beats of the pulse since the identity was found to have expired. */
  #expiredBeats = 0;
  #isClosed = false;

  constructor(socket: WebSocket, { world, connection, upgradeAuthorization }: ConnectionParts) {
    this.#world = world;
    this.#connection = connection;
    this.#upgradeAuthorization = upgradeAuthorization;
    this.#log = new ConnectionLog(world.log);
    this.#link = new WebSocketLink({ socket, connection, watcher: this, world });
    this.#operations = new WebSocketOperations({
      link: this.#link,
      admit: world.admit,
      run: world.run,
      auditWorld: world.auditWorld,
      onIdle: () => this.#closeIfDrained(),
      onExpired: () => this.#expire(),
      onFailure: () => this.#close(CloseCode.InternalServerError, 'Internal server error'),
    });
    this.#initTimer = setTimeout(
      () => this.#close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
      world.initMilliseconds,
    );
    socket.on('message', (data, isBinary) => {
      if (this.#isClosed) return;
      // With ws's default binaryType it is a Buffer.
      this.#receive(isBinary ? '' : (data as Buffer).toString('utf8'));
    });
    // A frame that is none, or too long; ws closes it with the code for that.
    socket.on('error', (error) => this.#log.debug({ err: error }, 'connection error'));
    socket.on('close', (code) => {
      this.#release('client');
      this.#log.debug({ code }, 'connection closed');
    });
    this.#log.debug({}, 'connection opened');
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      const needed = `Subprotocol not acceptable: needed is ${GRAPHQL_TRANSPORT_WS_PROTOCOL}`;
      this.#close(CloseCode.SubprotocolNotAcceptable, needed);
    }
  }

  /** Completes what is live, lets single answers finish, and closes. */
  end(): void {
    this.#farewell ??= [goingAway, 'Going away'];
    this.#operations.finishAll();
    this.#closeIfDrained();
  }

  onBeat(): void {
    if (this.#farewell?.[0] !== CloseCode.Forbidden) {
      this.#checkExpiry();
      return;
    }
    this.#expiredBeats += 1;
    const { beatMilliseconds } = this.#world.limits;
    if (this.#expiredBeats * beatMilliseconds >= expiryGraceMilliseconds) this.#close(...this.#farewell);
  }

  onStall(): void {
    const { stallMilliseconds } = this.#world.limits;
    this.#log.warn({ stallMilliseconds }, 'a client that took nothing for too long was cut');
    this.#release('stalled');
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
        this.#operations.cancel(message.id);
        return;
      case MessageType.Ping:
        this.#link.send(pongMessage(message.payload));
        return;
      case MessageType.Pong:
        return;
      default:
        this.#close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  /** Nothing of the upgrade's headers says who asks: a browser cannot set them, and one way is enough. */
  async #initialise({ payload }: ConnectionInitMessage): Promise<void> {
    if (this.#hasInit) {
      this.#close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
      return;
    }
    this.#hasInit = true;
    this.#stopInitTimer();
    const authorization = payload?.['Authorization'];
    try {
      const identified = await this.#world.identify({
        authorization: typeof authorization === 'string' ? authorization : null,
        strayAuthorization: this.#upgradeAuthorization ?? strayAuthorizationOf(payload),
        socket: this.#connection,
      });
      if (this.#isClosed) return;
      this.#identified = identified;
      this.#log.partition = identified.caller.partitionId;
      this.#log.debug({}, 'connection acknowledged');
      this.#link.send(ackMessage);
    } catch (thrown) {
      if (thrown instanceof HvqlError) this.#close(CloseCode.Unauthorized, thrown.message);
      else this.#fail(thrown);
    }
  }

  #subscribe(message: OperationMessage): void {
    const { id } = message;
    if (this.#identified === null) {
      this.#close(CloseCode.Unauthorized, 'Unauthorized');
      return;
    }
    if (this.#operations.has(id)) {
      this.#close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
      return;
    }
    this.#checkExpiry();
    // The close frame is the answer to all that comes now.
    if (this.#farewell !== null) return;
    this.#operations.start(message, { identified: this.#identified, log: this.#log });
  }

  /** By the wall clock, which may be set and goes on while the machine is suspended. */
  #checkExpiry(): void {
    const { expiresAt = null } = this.#identified ?? {};
    if (expiresAt !== null && this.#world.now() >= expiresAt) this.#expire();
  }

  /** Each stream says so in its last event; behind the last one the connection is closed. */
  #expire(): void {
    if (this.#identified === null || this.#isClosed) return;
    this.#farewell ??= [CloseCode.Forbidden, expiryReason(this.#identified.by)];
    this.#operations.expireAll();
    this.#closeIfDrained();
  }

  #closeIfDrained(): void {
    if (this.#farewell !== null && this.#operations.isIdle) this.#close(...this.#farewell);
  }

  #fail(thrown: unknown): void {
    this.#log.error({ err: thrown }, 'unexpected error');
    this.#close(CloseCode.InternalServerError, 'Internal server error');
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#release(endOf(code));
    this.#link.close(code, closeReason(reason));
  }

  #release(end: StreamEnd): void {
    this.#isClosed = true;
    this.#stopInitTimer();
    this.#operations.cancelAll(end);
  }

  #stopInitTimer(): void {
    if (this.#initTimer === null) return;
    clearTimeout(this.#initTimer);
    this.#initTimer = null;
  }
}

/** Why streams end that are still open when the connection is closed with this code. */
function endOf(code: number): StreamEnd {
  const ends: Readonly<Record<number, StreamEnd>> = {
    [goingAway]: 'service',
    [CloseCode.InternalServerError]: 'service',
    [CloseCode.Forbidden]: 'expired',
  };
  // All others say what the client did wrong.
  return ends[code] ?? 'client';
}
