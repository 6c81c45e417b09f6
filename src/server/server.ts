/** The service on a socket: started with all that it needs, and closed without leaving anything behind. */
import type { Server } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { DocumentLimits } from '../execution/document-limit.ts';
import type { Introspection } from '../graph/context.ts';
import { allowlist, type AllowedDocument } from './allowlist.ts';
import type { CertificateMap } from './auth/client-certificate.ts';
import type { ServerContext } from './context.ts';
import { DocumentStore } from './document-store.ts';
import { certificateDoorkeeper, tokenDoorkeeper, type Doorkeeper } from './auth/doorkeeper.ts';
import { graphiql, type Graphiql } from './http/graphiql.ts';
import type { GraphiqlOptions } from './http/graphiql-page.ts';
import { EventWrites } from './sse/event-writes.ts';
import { hostRule } from './auth/host.ts';
import { HotPath } from './hot-path/hot-path.ts';
import { createHttpServer, createHttpsServer, renewCertificate } from './http/http-server.ts';
import type { Identity } from './auth/identity.ts';
import { listen } from './http/listen.ts';
import { Listeners, type OpenListener } from './listeners.ts';
import { operationReader } from './operation-reader.ts';
import { operationRunner } from './operation-runner.ts';
import { queryRunner, type Execute } from './plugins/use-execution.ts';
import type { Subscribe } from './plugins/use-subscriptions.ts';
import type { Requester } from './request-context.ts';
import { connectionLimits } from './http/stall-detector.ts';
import { Outbox } from './outbox.ts';
import { Heartbeat } from './heartbeat.ts';
import { readiness } from './http/readiness.ts';
import type { Tls } from './http/tls.ts';
import { openYoga, type AddedPlugin } from './yoga.ts';

/** What is served, to whom, and where. */
export interface ServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly schema: GraphQLSchema;
  /** Verifies tokens; null where client certificates alone say who asks. */
  readonly identity: Identity | null;
  /** Without, it is plain HTTP. */
  readonly tls?: Tls | null;
  /** The only documents that may be asked for, on every way in; any document where it is left out. */
  readonly allowedDocuments?: readonly AllowedDocument[] | null;
  /** The GraphQL context of a request. */
  readonly contextOf: (requester: Requester) => object;
  /** Runs operations in place of graphql-js's `execute`. */
  readonly execute?: Execute;
  /** Starts subscriptions in place of graphql-js's `subscribe`. */
  readonly subscribe?: Subscribe;
  /** How large a document may be. */
  readonly limits: DocumentLimits;
  /** Who may ask for the schema. */
  readonly introspection: Introspection;
  /** Ends all events that are under way, each iterator by being done; called when the server has begun to close. */
  readonly closeStreams?: () => void;
  /** Tries out what answers need; rejects where it fails, with HvqlErrors where strangers may know the code. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** Takes the audit trail, line by line; never throws. Without it no work is done for one. */
  readonly audit?: (line: string) => void;
  /** null for no page. With tokens in it, it is development mode. */
  readonly graphiql: GraphiqlOptions | null;
  /** Milliseconds since 1970 on the wall clock, which may be set: for the end of identities, and for the log. */
  readonly now: () => number;
  /** How long `close` waits for answers under way. */
  readonly graceMilliseconds?: number;
  /** Names that the service answers to, beside those of loopback where it is bound to that: "hvql.example". */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may ask and read answers, beside the service's own: "https://dashboard.example". */
  readonly allowedOrigins?: readonly string[];
  /** How long a client may leave untaken what was sent to it, before it is cut. */
  readonly stallMilliseconds?: number;
  /** Whether repeats of the same bytes by verified credentials are answered without Yoga; true where it is left out. */
  readonly hotPath?: boolean;
  /** Plugins that see every operation. With any that may deny or change something, the hot path is off. */
  readonly plugins?: readonly AddedPlugin[];
  /** The silence after which a stream is pinged. */
  readonly pingMilliseconds?: number;
  /** How long a client may take over its WebSocket to say who it is. */
  readonly initMilliseconds?: number;
}

/** A server that listens. */
export interface RunningServer {
  /** The address of the endpoint: http://HOST:PORT/graphql, or https. */
  readonly url: string;
  readonly port: number;
  /**
   * Opens a further door on a server of its own, made by `createHttpServer`, which may listen already or later. What
   * comes in by it is answered as ever, but the doorkeeper alone says who asks, whatever name the service is called by;
   * there is no GraphiQL, since its page may hold tokens. It closes with the service, or before.
   */
  addListener(server: Server, identify: Doorkeeper): OpenListener;
  /** Shows another certificate from now on, and takes other ones; only for a server that began with TLS. */
  renewTls(tls: Tls): void;
  /**
   * Takes no more requests, lets the answers under way finish and cuts those that take longer than the grace time.
   * May be called more than once.
   */
  close(): Promise<void>;
}

const defaultGraceMilliseconds = 8_000;
const defaultStallMilliseconds = 30_000;
/** Below the 15 s after which impatient proxies cut what is quiet. */
const defaultPingMilliseconds = 12_000;
const defaultInitMilliseconds = 5_000;
/** How long /ready waits for the source. */
const readyDeadlineMilliseconds = 5_000;

/** Starts serving. Rejects with a UsageError where the address cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log } = options;
  let tls = options.tls ?? null;
  const secure = tls === null ? null : createHttpsServer(tls.context);
  // Anybody can fail to shake hands.
  secure?.on('tlsClientError', (error) => log.debug({ err: error }, 'a TLS handshake failed'));
  const server = secure ?? createHttpServer();
  const page = options.graphiql && graphiql(options.graphiql);
  const context = openContext(options, page);
  const entrances = new Listeners(context, options.graceMilliseconds ?? defaultGraceMilliseconds);
  const allowedOrigins = options.allowedOrigins ?? [];
  entrances.add(server, {
    identify: doorkeeperOf(options, () => tls?.clients?.map ?? new Map()),
    graphiql: page,
    hosts: hostRule({ host: options.host, allowedHosts: options.allowedHosts ?? [] }),
    allowedOrigins,
  });
  const port = await listen(server, options);
  server.on('error', (error) => log.error({ err: error }, 'server error'));
  const host =
    options.host.includes(':') && !options.host.startsWith('[') ? `[${options.host}]` : options.host;
  let closing: Promise<void> | null = null;
  return {
    url: `http${secure === null ? '' : 's'}://${host}:${port}/graphql`,
    port,
    addListener: (sideServer, identify) =>
      entrances.add(sideServer, { identify, graphiql: null, hosts: null, allowedOrigins }),
    renewTls: (renewed) => {
      if (secure === null) throw new TypeError('There is no TLS to renew');
      renewCertificate(secure, renewed.context);
      tls = renewed;
    },
    close: () => {
      if (closing !== null) return closing;
      // First the doors, so that streams end for the reason that the service does.
      closing = entrances.closeAll();
      options.closeStreams?.();
      return closing;
    },
  };
}

function doorkeeperOf({ identity, tls, now }: ServerOptions, map: () => CertificateMap): Doorkeeper {
  if (tls?.clients) return certificateDoorkeeper({ identity, map, now });
  if (identity === null) throw new TypeError('There is no way to know who asks');
  return tokenDoorkeeper(identity);
}

function openContext(options: ServerOptions, page: Graphiql | null): ServerContext {
  const { log, now, schema, contextOf, subscribe, plugins: added = [], hotPath = true } = options;
  const limits = connectionLimits({
    pingMilliseconds: options.pingMilliseconds ?? defaultPingMilliseconds,
    stallMilliseconds: options.stallMilliseconds ?? defaultStallMilliseconds,
  });
  const hasActivePlugins = added.some(({ observesOnly }) => !observesOnly);
  const documents = new DocumentStore(options);
  const runQuery = queryRunner(options);
  const yoga = openYoga({ schema, documents, run: runQuery, contextOf, subscribe, graphiql: page, added });
  const allow = allowlist(options.allowedDocuments ?? null);
  return {
    yoga,
    hotPath: hotPath && !hasActivePlugins ? new HotPath(schema, runQuery) : null,
    hasActivePlugins,
    run: operationRunner(yoga, { log, now }),
    admit: allow,
    readOperation: operationReader(allow),
    documents,
    auditWorld: options.audit === undefined ? null : { write: options.audit, now },
    checkReady: readiness({ check: options.ready, deadlineMilliseconds: readyDeadlineMilliseconds, log }),
    outbox: new Outbox(),
    writes: new EventWrites(),
    heartbeat: new Heartbeat(limits.beatMilliseconds),
    limits,
    initMilliseconds: options.initMilliseconds ?? defaultInitMilliseconds,
    log,
    now,
  };
}
