/** One door of the service: a node server that listens, what comes in by it, and its end. */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { Admit, AdmittedOperation } from './admission.ts';
import { closable } from './close.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import type { EventWrites } from './event-writes.ts';
import { eventStreams } from './event-streams.ts';
import type { Graphiql } from './graphiql.ts';
import type { Endpoint } from './graphql-endpoint.ts';
import type { HostRule } from './host.ts';
import type { RunOperation } from './operation.ts';
import { OpenAnswers } from './open-answers.ts';
import type { Outbox } from './outbox.ts';
import type { ReadOperation } from './operation-request.ts';
import type { ConnectionLimits } from './patience.ts';
import type { Pulse } from './pulse.ts';
import type { NotReady } from './readiness.ts';
import { listenToRequests } from './request-listener.ts';
import { route } from './route.ts';
import { SlowAnswers } from './slow-answers.ts';
import { webSockets } from './websockets.ts';

/** What stands behind all doors of a service: one of each, whatever door a request comes by. */
export interface House {
  readonly endpoint: Endpoint;
  readonly outbox: Outbox;
  readonly writes: EventWrites;
  readonly run: RunOperation;
  readonly admit: Admit;
  readonly readOperation: ReadOperation;
  readonly isSubscription: (operation: AdmittedOperation) => boolean;
  readonly checkReady: () => Promise<NotReady>;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  /** How long a client may take over its WebSocket to say who it is. */
  readonly initMilliseconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is different from door to door. */
export interface DoorOptions {
  readonly identify: Doorkeeper;
  /** null where no page is served. */
  readonly graphiql: Graphiql | null;
  /** The names it answers to; null for any. */
  readonly hosts: HostRule | null;
  /** Origins of pages that may ask, beside its own. */
  readonly allowedOrigins: readonly string[];
}

/** A door that is open. */
export interface Door {
  /**
   * Completes all streams that came in by it, lets nothing more in and the answers under way finish, but for no longer
   * than so; then nobody is left.
   */
  close(graceMilliseconds: number): Promise<void>;
}

/** Opens a door on a server, which may listen already or later. */
export function openDoor(server: Server, { house, ...options }: DoorOptions & { house: House }): Door {
  const streams = eventStreams(house);
  const answers = new OpenAnswers();
  const sockets = webSockets(server, { ...house, ...options, answers });
  const rooms = { ...house, ...options, eventStreams: streams };
  const slowAnswers = new SlowAnswers({ ...house, answers });
  listenToRequests(server, route(rooms), { ...house, answers, slowAnswers });
  const close = closable(server, answers);
  return {
    close: (graceMilliseconds) => {
      streams.endAll();
      sockets.endAll();
      return close(graceMilliseconds).finally(() => slowAnswers.stop());
    },
  };
}
