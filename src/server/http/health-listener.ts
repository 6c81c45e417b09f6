/** A listener that serves only the service's own health, on loopback, without authentication. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { healthText, type HealthReport } from '../../metrics/service-health.ts';
import { checkHost, hostRule } from '../auth/host.ts';
import { metricsPath } from './graphql-exchange.ts';
import { securityHeaders } from './header.ts';
import { checkMethod, HttpError, sendError } from './http-error.ts';
import { createHttpServer, listen } from './http-server.ts';
import { metricsFormat, metricsMethods, sendMetrics } from './metrics-response.ts';
import { checkHead, readTarget } from './request-head.ts';

/** An open listener. */
export interface HealthListener {
  readonly port: number;
  /** Closes it and its connections. */
  close(): Promise<void>;
}

/** For messages: its address is one setting. */
const flags = { host: '--metrics-listen', port: 'port in --metrics-listen' };

/** Responses are a few kilobytes, so this limits the memory that clients can occupy by not reading. */
const mostConnections = 100;

/** Starts listening. Rejects with a UsageError if the address cannot be used. */
export async function openHealthListener(options: {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly report: () => Promise<HealthReport>;
  readonly log: Logger;
}): Promise<HealthListener> {
  const { host, report, log } = options;
  const server = createHttpServer();
  server.maxConnections = mostConnections;
  const hosts = hostRule({ host, allowedHosts: [] });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    readTarget(request);
    checkHead(request);
    // A web page must not read it through its own host name (DNS rebinding).
    checkHost(request, hosts);
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== metricsPath)
      throw new HttpError('NOT_FOUND', `There is nothing at this path but ${metricsPath}.`);
    checkMethod(request, metricsMethods);
    const { mediaType, format } = metricsFormat(request);
    const text = healthText(await report(), format);
    sendMetrics(response, { mediaType, format, parts: [Buffer.from(text)] });
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const headers = Object.entries(securityHeaders(request));
    for (const [name, value] of headers) response.setHeader(name, value);
    answer(request, response).catch((thrown: unknown) => {
      if (!(thrown instanceof HttpError)) log.error({ err: thrown }, 'unexpected error');
      const known =
        thrown instanceof HttpError ? thrown : new HttpError('INTERNAL_SERVER_ERROR', 'Unexpected error');
      if (!response.headersSent) sendError(response, known);
    });
  });
  const port = await listen(server, { host, port: options.port, flags });
  server.on('error', (error) => log.error({ err: error }, 'server error'));
  return {
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
