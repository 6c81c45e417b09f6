/** The operations of one connection, each under the id that its client chose. */
import { GraphQLError } from 'graphql';
import { HvqlError } from '../../errors.ts';
import type { Allow } from '../allowlist.ts';
import type { AuditWorld, StreamEnd } from '../audit.ts';
import type { ConnectionLog } from './connection-log.ts';
import type { Identified } from '../auth/identity.ts';
import type { RunOperation } from '../operation-runner.ts';
import type { WebSocketLink } from './websocket-link.ts';
import { errorMessage, type OperationMessage } from './websocket-message.ts';
import { WebSocketOperation, type OperationKeeper } from './websocket-operation.ts';

/** Operations that one connection may have running; whoever wants more opens another connection. */
export const operationLimit = 1_000;

/** What the operations of a connection need. */
export interface WebSocketOperationsParts {
  readonly link: WebSocketLink;
  readonly admit: Allow;
  readonly auditWorld: AuditWorld | null;
  readonly run: RunOperation;
  /** The last one is over. */
  readonly onIdle: () => void;
  /** The identity of the connection has expired. */
  readonly onExpired: () => void;
  /** A result could not be written. */
  readonly onFailure: () => void;
}

/** Starts, finds and ends operations. */
export class WebSocketOperations implements OperationKeeper {
  readonly #parts: WebSocketOperationsParts;
  readonly #byId = new Map<string, WebSocketOperation>();
  /** Those cancelled among them for which something still works. */
  #running = 0;

  constructor(parts: WebSocketOperationsParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return this.#byId.size === 0;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Starts one, or tells the client that there are too many. */
  start(
    message: OperationMessage,
    asker: { readonly identified: Identified; readonly log: ConnectionLog },
  ): void {
    const { link } = this.#parts;
    const { id } = message;
    if (this.#running >= operationLimit) {
      link.send(errorMessage(id, [tooMany(this.#running + 1)]));
      return;
    }
    this.#running += 1;
    const operation = new WebSocketOperation(id, { ...asker, keeper: this, world: this.#parts });
    this.#byId.set(id, operation);
    operation.start(message);
  }

  onOver(id: string): void {
    this.#byId.delete(id);
    if (this.isIdle) this.#parts.onIdle();
  }

  onGone(): void {
    this.#running -= 1;
  }

  onExpired(): void {
    this.#parts.onExpired();
  }

  onFailure(): void {
    this.#parts.onFailure();
  }

  /** The client wants no more of one. It may have come to its end meanwhile. */
  cancel(id: string): void {
    this.#byId.get(id)?.cancel('client');
  }

  cancelAll(end: StreamEnd): void {
    for (const operation of this.#byId.values()) operation.cancel(end);
  }

  /** Ends what is live with an event that says that its identity has expired; single answers come to their end. */
  expireAll(): void {
    for (const operation of this.#byId.values()) operation.expire();
  }

  /** Completes what is live; single answers come to their end. */
  finishAll(): void {
    for (const operation of this.#byId.values()) operation.finish();
  }
}

function tooMany(actual: number): GraphQLError {
  const message = `This connection has ${operationLimit} operations running, the most that one may have.`;
  const originalError = new HvqlError('LIMIT_EXCEEDED', message, { limit: operationLimit, actual });
  return new GraphQLError(message, { originalError });
}
