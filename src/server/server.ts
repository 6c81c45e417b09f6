/** The service on its sockets: started with all that it needs, and closed without a rest. */
import type { Server } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { DocumentLimits } from '../execution/document-limit.ts';
import type { Introspection } from '../graph/context.ts';
import { ConnectionQuota, unlimitedConnections } from '../limits/connection-quota.ts';
import type { ValueBudgets } from '../limits/value-budget.ts';
import { Revocations } from '../revocation/revocations.ts';
import type { ServiceHealth } from '../metrics/service-health.ts';
import { allowlist, type AllowedDocument, type OwnDocuments } from './allowlist.ts';
import {
  certificateAuthenticator,
  tokenAuthenticator,
  type Authenticator,
  type ClientCertificates,
} from './auth/authenticator.ts';
import { hostRule } from './auth/host.ts';
import type { Identity } from './auth/identity.ts';
import { TrustedProxies } from './auth/remote-address.ts';
import { CallerBudgets } from './caller-budgets.ts';
import {
  OpenStreams,
  type ListenerContext,
  type ListenerEnd,
  type Requester,
  type ServedMetrics,
  type ServerContext,
} from './context.ts';
import { DocumentStore } from './document-store.ts';
import { connectionLimits, Heartbeat } from './heartbeat.ts';
import { HotPath } from './hot-path/hot-path.ts';
import { Connections } from './http/connections.ts';
import type { GraphiqlOptions } from './http/graphiql-page.ts';
import { Dashboard, type DashboardFiles, type DashboardSettings } from './http/dashboard.ts';
import { Graphiql } from './http/graphiql.ts';
import { createHttpServer, createHttpsServer, listen, renewCertificate } from './http/http-server.ts';
import { readiness } from './http/readiness.ts';
import { listenToRequests } from './http/route.ts';
import type { Tls } from './http/tls.ts';
import { WriteBatcher } from './http/write-batcher.ts';
import { operationReader } from './operation-reader.ts';
import { queryRunner, type Execute } from './plugins/use-execution.ts';
import type { Subscribe } from './plugins/use-subscriptions.ts';
import { Refusals } from './refusals.ts';
import { WriteCoalescer } from './sse/write-coalescer.ts';
import { listenToUpgrades } from './websocket/upgrade.ts';
import { openYoga, type AddedPlugin } from './yoga.ts';

/** What is served, to whom, and where. */
export interface ServerOptions {
  readonly host: string;
  /** Descriptor of a socket that is bound already, in place of host and port. */
  readonly descriptor?: number | null;
  /** 0 for any free one. */
  readonly port: number;
  readonly schema: GraphQLSchema;
  /** Verifies tokens; null where only client certificates identify callers. */
  readonly identity: Identity | null;
  /** @default null: plain HTTP */
  readonly tls?: Tls | null;
  /** What withdraws credentials; the identity's as well. @default nothing is revoked */
  readonly revocations?: Revocations;
  /** The only documents that may run. @default null: any */
  readonly allowedDocuments?: readonly AllowedDocument[] | null;
  /** Makes the GraphQL context of a request. */
  readonly contextOf: (requester: Requester) => object;
  /** @default graphql-js's `execute` */
  readonly execute?: Execute;
  /** @default graphql-js's `subscribe` */
  readonly subscribe?: Subscribe;
  readonly limits: DocumentLimits;
  /** @default unlimited ones */
  readonly budgets?: ValueBudgets;
  /** @default unlimited */
  readonly connectionQuota?: ConnectionQuota;
  /** Which callers may read the schema. */
  readonly introspection: Introspection;
  /** Ends all events under way, each iterator by being done; called when the server has begun to close. */
  readonly closeStreams?: () => void;
  /** Tries what responses need; rejects where it fails, with an HvqlError where anyone may know its code. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** What /metrics gives. @default null: there is no such path */
  readonly metrics?: ServedMetrics | null;
  /** Counts what the server does. @default null */
  readonly health?: ServiceHealth | null;
  /** Takes the audit trail, line by line; never throws. @default no trail */
  readonly audit?: (line: string) => void;
  /** null for no page. With tokens in it, it is development mode. */
  readonly graphiql: GraphiqlOptions | null;
  /** @default null: no dashboard */
  readonly dashboard?: DashboardOptions | null;
  /** Milliseconds since 1970 on the wall clock, which may be set. */
  readonly now: () => number;
  /** How long `close` waits for responses under way. @default 8 s */
  readonly graceMilliseconds?: number;
  /** Names that the service answers to, beside loopback ones where it is bound to loopback: "hvql.example". */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may send requests, beside the service's own: "https://dashboard.example". */
  readonly allowedOrigins?: readonly string[];
  /** Proxies whose `X-Forwarded-For` counts: addresses and networks. @default none */
  readonly trustedProxies?: readonly string[];
  /** How long a client may take nothing of what was sent to it. @default 30 s */
  readonly stallMilliseconds?: number;
  /** Whether repeats of the same bytes by verified credentials are answered without Yoga. @default true */
  readonly hotPath?: boolean;
  /** Plugins that see every operation. One that may deny or change something turns the hot path off. */
  readonly plugins?: readonly AddedPlugin[];
  /** The silence after which a stream is pinged. @default 12 s, below the 15 s after which some proxies cut */
  readonly pingMilliseconds?: number;
  /** How long a client may take to send its credentials over a WebSocket. @default 5 s */
  readonly initMilliseconds?: number;
}

/** The dashboard: its files, its documents, and the settings of its page. */
export interface DashboardOptions {
  readonly files: DashboardFiles;
  readonly documents: OwnDocuments;
  readonly settings: DashboardSettings;
}

/** An open listener. */
export interface OpenListener {
  /** Takes no more requests, completes subscriptions, and cuts responses after the grace time. May be called again. */
  close(): Promise<void>;
}

/** A server that listens. */
export interface RunningServer {
  /** The address of the endpoint: http://HOST:PORT/graphql, or https. */
  readonly url: string;
  readonly port: number;
  /** What a transport needs that brings its own connections, and runs its operations by `runOperation`. */
  readonly context: ServerContext;
  /**
   * Adds a listener on a server made by `createHttpServer`, which may listen already or later. It answers to any name,
   * identifies callers by `authenticate` alone, and has neither GraphiQL nor tokens in the dashboard's page. It closes with
   * the service, or before.
   */
  addListener(server: Server, authenticate: Authenticator): OpenListener;
  /**
   * Uses another certificate, and other issuers, CRLs and another map of client certificates. Cuts what is open of clients
   * whose certificates do no longer hold. Throws where the server has no TLS.
   */
  renewTls(tls: Tls): void;
  /** Takes no more requests, and cuts the responses that outlast the grace time. May be called again. */
  close(): Promise<void>;
}

/** Starts serving. Rejects with a UsageError where the address cannot be used. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, log, allowedOrigins = [], allowedHosts = [], revocations = new Revocations() } = options;
  let tls = options.tls ?? null;
  const secure = tls === null ? null : createHttpsServer(tls.context);
  // Any client can make a handshake fail.
  secure?.on('tlsClientError', (error) => log.debug({ err: error }, 'a TLS handshake failed'));
  const server = secure ?? createHttpServer();
  const graphiql = options.graphiql && new Graphiql(options.graphiql);
  const listeners = new Listeners(options, graphiql);
  const dashboardWith = (settings: Partial<DashboardSettings>): Dashboard | null =>
    options.dashboard == null
      ? null
      : new Dashboard(options.dashboard.files, { ...options.dashboard.settings, ...settings });
  listeners.add(server, {
    authenticate: authenticatorOf(options, { revocations, clients: () => tls?.clients ?? noClients }),
    graphiql,
    dashboard: dashboardWith({}),
    hosts: hostRule({ host, allowedHosts }),
    allowedOrigins,
  });
  const port = await listen(server, options);
  const forget = revocations.onAdvance(() => listeners.cutWithdrawn());
  server.on('error', (error) => log.error({ err: error }, 'server error'));
  const urlHost = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  let closing: Promise<void> | null = null;
  return {
    url: `http${secure === null ? '' : 's'}://${urlHost}:${port}/graphql`,
    port,
    context: listeners.context,
    addListener: (added, authenticate) =>
      listeners.add(added, {
        authenticate,
        graphiql: null,
        // Its callers are known by their socket, and the tokens are not for them.
        dashboard: dashboardWith({ tokens: null }),
        hosts: null,
        allowedOrigins,
      }),
    renewTls: (renewed) => {
      if (secure === null) throw new TypeError('There is no TLS to renew');
      renewCertificate(secure, renewed.context);
      tls = renewed;
      listeners.cutHandshakes();
      revocations.advance();
    },
    close: () => {
      if (closing !== null) return closing;
      // Listeners first, so that the audit trail has the service's end as the reason of the streams' end.
      closing = listeners.closeAll().finally(forget);
      options.closeStreams?.();
      return closing;
    },
  };
}

/** No certificate is good: the server has begun without client certificates, or has none any more. */
const noClients: ClientCertificates = { map: new Map(), trust: { issuers: [], revoked: new Set() } };

function authenticatorOf(
  { identity, tls, now }: ServerOptions,
  parts: { readonly revocations: Revocations; readonly clients: () => ClientCertificates },
): Authenticator {
  if (tls?.clients) return certificateAuthenticator({ identity, now, ...parts });
  if (identity === null) throw new TypeError('There are neither tokens nor client certificates');
  return tokenAuthenticator(identity);
}

/** Writes the line of a refusal to the trail; null without a trail. */
function refusalWriter({ audit, now }: ServerOptions): ((fields: object) => void) | null {
  if (audit === undefined) return null;
  return (fields) =>
    audit(`${JSON.stringify({ time: new Date(now()).toISOString(), event: 'refused', ...fields })}\n`);
}

/** The listeners of one service: node servers over one Yoga, and their end. */
class Listeners {
  readonly #server: ServerContext;
  readonly #hotPath: HotPath | null;
  readonly #graceMilliseconds: number;
  readonly #open = new Map<
    (end: ListenerEnd) => Promise<void>,
    { readonly cutHandshakes: () => void; readonly cutWithdrawn: () => void }
  >();
  readonly #connections = new Set<Connections>();
  #isClosed = false;

  constructor(options: ServerOptions, graphiql: Graphiql | null) {
    const { log, now, schema, plugins: added = [], graceMilliseconds = 8_000 } = options;
    const { pingMilliseconds = 12_000, stallMilliseconds = 30_000, initMilliseconds = 5_000 } = options;
    const limits = connectionLimits({ pingMilliseconds, stallMilliseconds });
    const hasActivePlugins = added.some(({ observesOnly }) => !observesOnly);
    const documents = new DocumentStore(options);
    const run = queryRunner(options);
    const allow = allowlist(options.allowedDocuments ?? null, options.dashboard?.documents);
    this.#graceMilliseconds = graceMilliseconds;
    this.#hotPath = (options.hotPath ?? true) && !hasActivePlugins ? new HotPath(schema, run) : null;
    this.#server = {
      yoga: openYoga({ ...options, documents, run, graphiql, added }),
      hasActivePlugins,
      allow,
      readOperation: operationReader(allow),
      documents,
      metrics: options.metrics ?? null,
      health: options.health ?? null,
      audit: options.audit ?? null,
      connectionQuota: options.connectionQuota ?? new ConnectionQuota(unlimitedConnections),
      budgets: new CallerBudgets(options.budgets ?? null),
      proxies: new TrustedProxies(options.trustedProxies ?? []),
      refusals: new Refusals({ write: refusalWriter(options), log }),
      checkReady: readiness(options.ready, { log }),
      writeBatcher: new WriteBatcher(),
      writeCoalescer: new WriteCoalescer(),
      heartbeat: new Heartbeat(limits.heartbeatMilliseconds),
      limits,
      initMilliseconds,
      log,
      now,
    };
    options.health?.countConnections(() => [...this.#connections].reduce((sum, { size }) => sum + size, 0));
  }

  get context(): ServerContext {
    return this.#server;
  }

  /** Adds a server, which may listen already or later. Once all are closed, it is closed at once. */
  add(server: Server, options: Omit<ListenerContext, 'streams'>): OpenListener {
    const contexts = { server: this.#server, listener: { ...options, streams: new OpenStreams() } };
    const connections = new Connections(server, this.#server);
    this.#connections.add(connections);
    listenToRequests(server, { contexts, connections, hotPath: this.#hotPath });
    listenToUpgrades(server, { contexts, connections });
    let closing: Promise<void> | null = null;
    const end = async (how: ListenerEnd): Promise<void> => {
      contexts.listener.streams.endAll(how);
      await connections.close(this.#graceMilliseconds);
      this.#connections.delete(connections);
      this.#open.delete(close);
    };
    const close = (how: ListenerEnd): Promise<void> => (closing ??= end(how));
    this.#open.set(close, {
      cutHandshakes: () => connections.cutHandshakes(),
      cutWithdrawn: () => {
        contexts.listener.streams.checkCredentials();
        connections.cutWithdrawn();
      },
    });
    if (this.#isClosed) void close({ mayResume: true });
    return { close: () => close({ mayResume: false }) };
  }

  /** Cuts connections whose handshake has begun: it would end with what certificates were verified with before. */
  cutHandshakes(): void {
    for (const { cutHandshakes } of this.#open.values()) cutHandshakes();
  }

  /** Cuts what is open with credentials that have been withdrawn. */
  cutWithdrawn(): void {
    for (const { cutWithdrawn } of this.#open.values()) cutWithdrawn();
  }

  /** Closes all, for another process to take their place: connections end, and subscriptions are not completed. */
  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.keys()].map((close) => close({ mayResume: true })));
    this.#server.refusals.close();
  }
}
