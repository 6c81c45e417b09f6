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

/** How long after a first connection that failed the next one is tried. */
const firstRetryMilliseconds = 500;

/** Where NATS is, and how this process proves who it is. */
export interface NatsSettings {
  /** One address or several, with commas between them: "nats://nats-1:4222". */
  readonly url: string;
  /** File with a user's JWT and seed, as nsc writes it; null without. */
  readonly creds: string | null;
  /** PEM files; null without. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/** What a connection needs beside its settings. */
export interface ConnectionContext {
  /** As NATS shows it to its operator. */
  readonly name: string;
  readonly inboxPrefix: string;
  readonly log: Logger;
  /** Ends the wait for NATS. */
  readonly signal: AbortSignal;
}

/**
 * Connects, and waits until NATS is there. Reconnects without end. By default the client gives up after 20 seconds, or
 * when the server has refused it twice, and takes four minutes to notice a server that has stopped responding. Rejects
 * with a UsageError where the settings cannot be used, and with the reason of the signal once that is aborted.
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
    // Errors of requests without an answer are expected here: their stack traces cost more than the requests.
    noAsyncTraces: true,
    ...(creds === null ? {} : { authenticator: fileAuthenticator(creds) }),
    ...(tls === null ? {} : { tls }),
  };
  if (hasWsProtocol(options))
    throw new UsageError([`NATS is reached over nats:// or tls://, not over WebSocket: ${settings.url}.`]);
  // The client could wait for the first connection itself, but would not give the reason why it has none.
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

/** Reads the file of credentials for each connection. While it cannot be read, what was read of it before stays in use. */
export function fileAuthenticator(path: string): Authenticator {
  let creds = readFileSync(path);
  return (nonce) => {
    try {
      creds = readFileSync(path);
    } catch {
      // It is being replaced, or gone: NATS decides about the credentials before.
    }
    return credsAuthenticator(creds)(nonce);
  };
}

/** The client of NATS reads these files for each connection. */
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
