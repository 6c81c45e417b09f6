/** The connection of a host or a gateway to NATS. */
import { readFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import {
  credsAuthenticator,
  type Authenticator,
  hasWsProtocol,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { messageOf, UsageError } from '../errors.ts';
import { connectTransport } from './nats-transport.ts';

/** The delay between attempts to connect for the first time. */
const firstRetryMilliseconds = 500;

/** The addresses of NATS, and the credentials of this process. */
export interface NatsSettings {
  /** One address or several, with commas between them: "nats://nats-1:4222". */
  readonly url: string;
  /** File with a user's JWT and seed in the format of nsc; null for no credentials. */
  readonly creds: string | null;
  /** PEM files; null if not used. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** The dependencies of a connection. */
export interface ConnectionContext {
  /** The name of the connection, which NATS shows to its operator. */
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: Logger;
  /** Aborts the attempts to connect. */
  readonly signal: AbortSignal;
}

/**
 * Connects, and retries until NATS is available. Reconnects indefinitely. By default the client gives up after 20 seconds,
 * or when the server has rejected it twice, and takes four minutes to detect a server that has stopped responding. Rejects
 * with a UsageError if the settings are invalid, and with the reason of the signal once that is aborted.
 */
export async function connectToNats(
  settings: NatsSettings,
  { name, inboxPrefix, log, signal }: ConnectionContext,
): Promise<NatsConnection> {
  await assertReadable(settings);
  const { creds } = settings;
  const tls = tlsFiles(settings);
  const options: NodeConnectionOptions = {
    servers: settings.url.split(',').map((address) => address.trim()),
    name,
    inboxPrefix,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    reconnectJitterTLS: 250,
    pingInterval: 3_000,
    maxPingOut: 2,
    timeout: 5_000,
    // Requests without a response are expected: the stack traces of their errors cost more than the requests.
    noAsyncTraces: true,
    ...(creds === null ? {} : { authenticator: fileAuthenticator(creds) }),
    ...(tls === null ? {} : { tls }),
  };
  if (hasWsProtocol(options))
    throw new UsageError([`NATS is reached over nats:// or tls://, not over WebSocket: ${settings.url}.`]);
  // The client could wait for the first connection itself, but would not report why it fails.
  let lastReason = '';
  for (;;) {
    try {
      const connection = await connectTransport(options);
      void logStatus(connection, log);
      return connection;
    } catch (thrown) {
      const reason = messageOf(thrown);
      if (reason !== lastReason) log.warn({ err: thrown, nats: settings.url }, 'NATS cannot be reached yet');
      lastReason = reason;
      await setTimeout(firstRetryMilliseconds, undefined, { signal });
    }
  }
}

async function logStatus(connection: NatsConnection, log: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') log.warn({ server: status.server }, 'the connection to NATS is lost');
    else if (status.type === 'reconnect') log.info({ server: status.server }, 'connected to NATS again');
    else if (status.type === 'error') log.warn({ err: status.error }, 'NATS has reported an error');
  }
}

/** Reads the credentials file for each connection. While it cannot be read, its previous content stays in use. */
export function fileAuthenticator(path: string): Authenticator {
  let creds = readFileSync(path);
  return (nonce) => {
    try {
      creds = readFileSync(path);
    } catch {
      // The file is being replaced, or is gone: NATS decides whether the previous credentials are still valid.
    }
    return credsAuthenticator(creds)(nonce);
  };
}

/** The NATS client reads these files for each connection. */
function tlsFiles({ ca, cert, key }: NatsSettings): NonNullable<NodeConnectionOptions['tls']> | null {
  if (ca === null && cert === null && key === null) return null;
  return {
    ...(ca === null ? {} : { caFile: ca }),
    ...(cert === null ? {} : { certFile: cert }),
    ...(key === null ? {} : { keyFile: key }),
  };
}

async function assertReadable({ creds, ca, cert, key }: NatsSettings): Promise<void> {
  const files = { credentials: creds, CA: ca, certificate: cert, key };
  const problems: string[] = [];
  for (const [what, path] of Object.entries(files)) {
    if (path === null) continue;
    await access(path, constants.R_OK).catch((thrown: unknown) => {
      problems.push(`The ${what} file ${path} cannot be read: ${messageOf(thrown)}.`);
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
}
