/** Starts the service on its sockets, and shuts it down completely. */
import type { Server } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { DocumentLimits } from '../execution/document-limit.ts';
import type { Introspection } from '../graph/context.ts';
import { ConnectionQuota, unlimitedConnections } from '../limits/connection-quota.ts';
import type { ValueBudgets } from '../limits/value-budget.ts';
import { certificateTrust } from '../revocation/certificate-trust.ts';
import { Revocations } from '../revocation/revocations.ts';
import type { ServiceHealth } from '../metrics/service-health.ts';
import { allowlist, type AllowedDocument, type OwnDocuments } from './allowlist.ts';
import {
  certificateAuthenticator,
  tokenAuthenticator,
  type Authenticator,
  type ClientCertificates,
  type HandshakeTrust,
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

/** The options of a server. */
export interface ServerOptions {
  readonly host: string;
  /** The descriptor of a bound socket, instead of host and port. */
  readonly descriptor?: number | null;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly schema: GraphQLSchema;
  /** Verifies tokens; null if only client certificates authenticate callers. */
  readonly identity: Identity | null;
  /** @default null: plain HTTP */
  readonly tls?: Tls | null;
  /** Revocations of credentials, shared with the identity. @default nothing is revoked */
  readonly revocations?: Revocations;
  /** The only documents that may run. @default null: any */
  readonly allowedDocuments?: readonly AllowedDocument[] | null;
  /** Creates the GraphQL context of a request. */
  readonly contextOf: (requester: Requester) => object;
  /** @default graphql-js's `execute` */
  readonly execute?: Execute;
  /** @default graphql-js's `subscribe` */
  readonly subscribe?: Subscribe;
  readonly limits: DocumentLimits;
  /** @default unlimited quotas */
  readonly budgets?: ValueBudgets;
  /** @default unlimited */
  readonly connectionQuota?: ConnectionQuota;
  /** Which callers may read the schema. */
  readonly introspection: Introspection;
  /** Ends all event iterators; called when the server has started to close. */
  readonly closeStreams?: () => void;
  /** Checks what responses depend on. Rejects if that fails, with an HvqlError if its code is public. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** The content of /metrics. @default null: the path does not exist */
  readonly metrics?: ServedMetrics | null;
  /** Counts the activity of the server. @default null */
  readonly health?: ServiceHealth | null;
  /** Writes a line of the audit trail; never throws. @default no trail */
  readonly audit?: (line: string) => void;
  /** null for no page. In development mode, it contains tokens. */
  readonly graphiql: GraphiqlOptions | null;
  /** @default null: no dashboard */
  readonly dashboard?: DashboardOptions | null;
  /** Milliseconds since 1970 on the wall clock, which may be set. */
  readonly now: () => number;
  /** How long `close` waits for responses in progress. @default 8 s */
  readonly graceMilliseconds?: number;
  /** Accepted names in the Host header, in addition to loopback names if it is bound to loopback: "hvql.example". */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may send requests, in addition to the service's own: "https://dashboard.example". */
  readonly allowedOrigins?: readonly string[];
  /** Proxies whose `X-Forwarded-For` is trusted: addresses and networks. @default none */
  readonly trustedProxies?: readonly string[];
  /** How long a client may read nothing of the pending data. @default 30 s */
  readonly stallMilliseconds?: number;
  /** Whether repeated requests with the same bytes and verified credentials bypass Yoga. @default true */
  readonly hotPath?: boolean;
  /** Plugins that see every operation. One that may deny or change something turns the hot path off. */
  readonly plugins?: readonly AddedPlugin[];
  /** The time without traffic after which a stream is pinged. @default 12 s; some proxies disconnect after 15 s */
  readonly pingMilliseconds?: number;
  /** The time limit for a WebSocket client to send its credentials. @default 5 s */
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
  /** Accepts no more requests, completes subscriptions, and aborts responses after the grace period. May be called again. */
  close(): Promise<void>;
}

/** A server that listens. */
export interface RunningServer {
  /** The address of the endpoint: http://HOST:PORT/graphql, or https. */
  readonly url: string;
  readonly port: number;
  /** For a transport with its own connections, which runs its operations with `runOperation`. */
  readonly context: ServerContext;
  /**
   * Adds a listener on a server from `createHttpServer`, which may start listening before or after. It accepts any name in
   * the Host header, authenticates callers only with `authenticate`, and has no GraphiQL and no tokens in the dashboard's
   * page. It closes with the service, or earlier.
   */
  addListener(server: Server, authenticate: Authenticator): OpenListener;
  /**
   * Replaces the certificate, and the issuers, CRLs and map of client certificates. Disconnects clients whose certificates
   * are no longer valid. Throws if the server has no TLS.
   */
  renewTls(tls: Tls): void;
  /** Accepts no more requests, and aborts responses after the grace period. May be called again. */
  close(): Promise<void>;
}

/** Starts the service. Rejects with a UsageError if the address cannot be used. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, log, allowedOrigins = [], allowedHosts = [], revocations = new Revocations() } = options;
  let tls = options.tls ?? null;
  const secure = tls === null ? null : createHttpsServer(tls.context);
  // Any client can make a handshake fail.
  secure?.on('tlsClientError', (error) => log.debug({ err: error }, 'a TLS handshake failed'));
  const server = secure ?? createHttpServer();
  const clients = (): ClientCertificates => tls?.clients ?? noClients;
  const handshakes: HandshakeTrust = new WeakMap();
  secure?.on('secureConnection', (socket) => handshakes.set(socket, clients().trust.digest));
  const graphiql = options.graphiql && new Graphiql(options.graphiql);
  const listeners = new Listeners(options, graphiql);
  const dashboardWith = (settings: Partial<DashboardSettings>): Dashboard | null =>
    options.dashboard == null
      ? null
      : new Dashboard(options.dashboard.files, { ...options.dashboard.settings, ...settings });
  listeners.add(server, {
    authenticate: authenticatorOf(options, { revocations, clients, handshakes }),
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
        // Its callers are authenticated by their socket, and the tokens are not for them.
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
      // Listeners first, so that the audit trail has "service" as the reason for the end of the streams.
      closing = listeners.closeAll().finally(forget);
      options.closeStreams?.();
      return closing;
    },
  };
}

/** Accepts no certificate: the server has no client certificates, or no longer has them. */
const noClients: ClientCertificates = { map: new Map(), trust: certificateTrust([], []) };

function authenticatorOf(
  { identity, tls, now }: ServerOptions,
  parts: {
    readonly revocations: Revocations;
    readonly clients: () => ClientCertificates;
    readonly handshakes: HandshakeTrust;
  },
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

/** The listeners of one service: Node servers over one Yoga. */
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

  /** Adds a server, which may start listening before or after. If the listeners have been closed, it is closed at once. */
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

  /** Closes connections in a handshake, which would complete with the previous certificate settings. */
  cutHandshakes(): void {
    for (const { cutHandshakes } of this.#open.values()) cutHandshakes();
  }

  /** Ends streams and closes connections whose credentials have been revoked. */
  cutWithdrawn(): void {
    for (const { cutWithdrawn } of this.#open.values()) cutWithdrawn();
  }

  /** Closes all listeners for replacement by another process: connections end without completing subscriptions. */
  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.keys()].map((close) => close({ mayResume: true })));
    this.#server.refusals.close();
  }
}
