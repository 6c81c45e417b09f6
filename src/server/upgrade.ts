/** The way in for WebSockets: what an upgrade has to be before it is one. */
import { randomUUID } from 'node:crypto';
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { checkHost, type HostRule } from './host.ts';
import { HttpProblem, sendProblem } from './http-problem.ts';
import { checkOrigin } from './origin.ts';
import type { OpenAnswers } from './open-answers.ts';
import { securityHeaders } from './security-header.ts';
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
  const onTurn = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      declineUpgrade(server, { request, socket, head });
      return;
    }
    try {
      check(request, options);
      accept({ request, socket, head });
    } catch (thrown) {
      if (!(thrown instanceof HttpProblem)) throw thrown;
      const requestId = randomUUID();
      options.log.debug({ requestId, problem: thrown.message }, 'upgrade refused');
      refuse({ request, socket, requestId }, thrown);
    }
  };
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // What it becomes then speaks another protocol: answers to requests ahead of it would get into that.
    options.answers.afterAnswers(socket, () => onTurn(request, socket, head));
  });
}

function check(request: IncomingMessage, options: UpgradeOptions): void {
  checkHost(request, options.hosts);
  if (request.url?.split('?')[0] !== '/graphql') {
    throw new HttpProblem('There is no WebSocket at this path; GraphQL is at /graphql.', {
      status: 404,
      code: 'NOT_FOUND',
    });
  }
  if (request.method !== 'GET') {
    throw new HttpProblem('A WebSocket is opened with GET only.', {
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      headers: { allow: 'GET' },
    });
  }
  checkOrigin(request, options.allowedOrigins);
  if (options.isClosing()) {
    throw new HttpProblem('The service is closing.', { status: 503, code: 'CLOSING' });
  }
}

function refuse(
  { request, socket, requestId }: Omit<Upgrade, 'head'> & { readonly requestId: string },
  problem: HttpProblem,
): void {
  // Node has let go of the socket: errors of it are ours.
  socket.on('error', () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  const headers = { 'x-request-id': requestId, ...securityHeaders(request) };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  sendProblem(response, problem);
}
