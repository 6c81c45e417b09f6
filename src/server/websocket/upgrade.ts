/** The way in for WebSockets: what an upgrade has to be before it is one. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { readAccept } from '../http/media-type.ts';
import { checkHost, type HostRule } from '../auth/host.ts';
import { HttpError } from '../http/http-error.ts';
import { sendLastAnswer } from '../http/last-answer.ts';
import { checkOrigin } from '../auth/origin.ts';
import type { OpenAnswers } from '../http/open-answers.ts';
import { securityHeaders } from '../http/security-header.ts';
import { declineUpgrade } from './upgrade-decline.ts';

/** What upgrades are checked against. */
export interface UpgradeOptions {
  /** null for any. */
  readonly hosts: HostRule | null;
  readonly allowedOrigins: readonly string[];
  readonly isClosing: () => boolean;
  readonly answers: OpenAnswers;
  readonly log: Logger;
}

/** An upgrade that may be one. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Calls back for each upgrade to a WebSocket that passes. Others are answered as what they are without it. */
export function onUpgrade(server: Server, options: UpgradeOptions, accept: (upgrade: Upgrade) => void): void {
  const { answers, log } = options;
  const decide = (upgrade: Upgrade, act: () => void): void => {
    try {
      act();
    } catch (thrown) {
      const requestId = randomUUID();
      if (thrown instanceof HttpError) {
        log.debug({ requestId, problem: thrown.message }, 'upgrade refused');
        refuse(upgrade, { problem: thrown, requestId });
      } else {
        log.error({ requestId, err: thrown }, 'unexpected error');
        upgrade.socket.destroy();
      }
    }
  };
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const upgrade = { request, socket, head };
    ignoreErrors(socket);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      answers.afterAnswers(socket, declineUpgrade(server, upgrade));
      return;
    }
    const checkAndAccept = (): void => {
      check(request, options);
      accept(upgrade);
    };
    // What it becomes then speaks another protocol: answers to requests ahead of it would get into that.
    answers.afterAnswers(socket, () => decide(upgrade, checkAndAccept));
  });
  // Without a listener node closes the connection, whatever is still to be answered on it.
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    ignoreErrors(socket);
    answers.afterAnswers(socket, () => decide({ request, socket, head }, refuseTunnel));
  });
}

/**
 * From an upgrade on node's HTTP server no longer listens to the errors of the connection, and an error without a
 * listener ends the process. The socket closes by itself after one.
 */
function ignoreErrors(socket: Socket): void {
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore);
}

const ignore = (): void => undefined;

function refuseTunnel(): never {
  throw new HttpError('METHOD_NOT_ALLOWED', 'The service is no proxy: it opens no tunnel with CONNECT.', {
    headers: { allow: 'GET, POST' },
  });
}

function check(request: IncomingMessage, options: UpgradeOptions): void {
  checkHost(request, options.hosts);
  if (request.url?.split('?')[0] !== '/graphql') {
    throw new HttpError('NOT_FOUND', 'There is no WebSocket at this path; GraphQL is at /graphql.');
  }
  if (request.method !== 'GET') {
    throw new HttpError('METHOD_NOT_ALLOWED', 'A WebSocket is opened with GET only.', {
      headers: { allow: 'GET' },
    });
  }
  checkOrigin(request, options.allowedOrigins);
  if (options.isClosing()) {
    throw new HttpError('CLOSING', 'The service is closing.');
  }
}

function refuse(
  { request, socket }: Upgrade,
  { problem, requestId }: { readonly problem: HttpError; readonly requestId: string },
): void {
  sendLastAnswer(socket, problem, {
    method: request.method ?? null,
    mediaType: readAccept(request.headers.accept).mediaType ?? 'application/json',
    headers: { 'x-request-id': requestId, ...securityHeaders(request) },
  });
}
