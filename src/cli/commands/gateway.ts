/** `hvql gateway`: serves the graph of a fleet. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { openGateway } from '../../fleet/gateway/gateway.ts';
import { createFleetSchema } from '../../fleet/gateway/fleet-schema.ts';
import type { Caller } from '../../access/caller.ts';
import { ConnectionQuota } from '../../limits/connection-quota.ts';
import { ValueBudgets } from '../../limits/value-budget.ts';
import { ServiceHealth } from '../../metrics/service-health.ts';
import { Revocations } from '../../revocation/revocations.ts';
import { developmentIdentity, openIdentity } from '../../server/auth/identity.ts';
import type { FleetCaller } from '../../server/auth/token.ts';
import { readTls } from '../../server/http/tls.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../server/server.ts';
import { wallClockOf } from '../../snapshot/moment.ts';
import type { CommandContext } from '../command-context.ts';
import { exampleOperations, packageVersion, tabsOf } from '../package.ts';
import type { GatewaySettings } from '../settings/settings.ts';
import { openAuditFile } from './audit-file.ts';
import { AuditRotation } from './audit-rotation.ts';
import {
  CredentialWatch,
  credentialFiles,
  credentialPaths,
  fileStates,
  readRevocationList,
} from './credential-files.ts';
import { dashboardWith, openDashboard } from './dashboard-files.ts';
import { openHealth } from './health.ts';
import { openOperations } from './operations.ts';
import { loadPlugins } from './plugin.ts';
import { openAll, whereSet, type Announced } from './serve-resources.ts';
import { announceOn, untilAborted } from './serve.ts';
import { connectionShareOf, gatewayLimitsOf, maxNameLength } from './service-limit.ts';

/** A token of development mode. */
export interface DevelopmentToken {
  readonly title: string;
  readonly partitionId: bigint | 'root';
  readonly hosts: readonly string[];
}

/** The context of `gateway`, in addition to its settings. */
export interface GatewayContext extends CommandContext {
  readonly log: Logger;
  /** Called once it listens; prints the address by default. */
  readonly announce?: (started: Announced) => void;
  /** Tokens of development mode, in addition to the one for root on all hosts. @default none */
  readonly moreTokens?: readonly DevelopmentToken[];
}

/** Serves until the signal is aborted. Rejects with a UsageError if it cannot start. */
export async function serveGateway(settings: GatewaySettings, context: GatewayContext): Promise<number> {
  const { log } = context;
  if (settings.gatewayKey === null)
    log.warn(
      'development mode: without --gateway-key, hosts on this machine accept unsigned tokens of this gateway',
    );
  const resources = await openGatewayResources(settings, context);
  const { gateway, audit, identity } = resources;
  try {
    const health = new ServiceHealth({
      source: null,
      openStreams: gateway.openStreams,
      auditLinesDropped: () => audit?.dropped ?? 0,
      fleet: gateway.state,
    });
    const server = await startServer(serverOptions(resources, { settings, context, health }));
    try {
      await serveOn(server, { resources, settings, context, health });
    } finally {
      await server.close();
    }
  } finally {
    if (identity.identity !== null && 'close' in identity.identity) identity.identity.close();
    await gateway.close();
    await audit?.close();
  }
  return 0;
}

/** Opens what the settings name. Rejects with one UsageError that has every problem. */
async function openGatewayResources(settings: GatewaySettings, context: GatewayContext) {
  const { log, clock } = context;
  const now = wallClockOf(clock);
  const schema = createFleetSchema();
  const revocations = new Revocations();
  const { keys, revoked, tls: tlsPaths } = credentialPaths({ ...settings, fleet: null });
  const gatewayKeys = settings.gatewayKey === null ? [] : [settings.gatewayKey];
  // Taken before the files are read, so that changes during reading cause a reload.
  const states = await fileStates([...keys, ...revoked, ...tlsPaths, ...gatewayKeys]);
  const [identity, tls, audit, plugins, allowedDocuments, list, dashboard, gateway] = await openAll(
    identityOf(settings, { ...context, now, revocations }),
    whereSet(settings.tls, readTls),
    whereSet(settings.audit, (path) => openAuditFile(path, log)),
    loadPlugins(settings.plugin),
    whereSet(settings.operations, (path) => openOperations(path, schema)),
    whereSet(settings.revoked, readRevocationList),
    settings.dashboard ? openDashboard('fleet') : Promise.resolve(null),
    openGateway({
      nats: settings.nats,
      hosts: settings.hosts,
      gatewayKey: settings.gatewayKey,
      hostDeadlineMilliseconds: settings.hostDeadline,
      maxFleetBytes: settings.maxFleetBytes,
      limits: gatewayLimitsOf(settings),
      introspection: settings.introspection,
      version: packageVersion(),
      log,
      now,
    }),
  );
  if (list !== null) revocations.replace(list);
  const tabs =
    allowedDocuments === null
      ? await exampleOperations('schema/fleet-operations/')
      : tabsOf(allowedDocuments);
  return {
    schema,
    identity,
    tls,
    audit,
    plugins,
    allowedDocuments,
    dashboard,
    gateway,
    tabs,
    revocations,
    states,
    gatewayKeys,
    now,
  };
}

type GatewayResources = Awaited<ReturnType<typeof openGatewayResources>>;

interface Running {
  readonly settings: GatewaySettings;
  readonly context: GatewayContext;
  readonly health: ServiceHealth;
}

function serverOptions(resources: GatewayResources, { settings, context, health }: Running): ServerOptions {
  const { gateway, identity, audit, allowedDocuments, tabs } = resources;
  const { maxTokens, maxDepth, maxAliases, maxDirectives, maxValuesPerSecond, introspection } = settings;
  return {
    schema: resources.schema,
    tls: resources.tls,
    plugins: resources.plugins,
    revocations: resources.revocations,
    now: resources.now,
    allowedDocuments,
    host: settings.host,
    port: settings.port,
    limits: { maxTokens, maxDepth, maxAliases, maxNameLength, maxDirectives },
    budgets: new ValueBudgets({ valuesPerSecond: maxValuesPerSecond }),
    connectionQuota: new ConnectionQuota(connectionShareOf(settings)),
    introspection,
    identity: identity.identity,
    contextOf: gateway.contextOf,
    execute: gateway.execute,
    subscribe: gateway.subscribe,
    closeStreams: gateway.closeStreams,
    ready: gateway.ready,
    metrics: settings.metrics
      ? { counters: null, health: () => health.report(), mayReadHealth: isRootOfAll }
      : null,
    health,
    log: context.log,
    ...(audit === null ? {} : { audit: audit.write }),
    graphiql: settings.graphiql
      ? { tabs, tokens: identity.tokens, isExact: allowedDocuments !== null }
      : null,
    dashboard: resources.dashboard && dashboardWith(resources.dashboard, identity.tokens),
    allowedHosts: settings.allowedHosts ?? [],
    allowedOrigins: settings.allowedOrigins ?? [],
    trustedProxies: settings.trustedProxies ?? [],
  };
}

/** Announces the gateway, and waits until the signal is aborted. */
async function serveOn(
  server: RunningServer,
  { resources, settings, context, health }: Running & { readonly resources: GatewayResources },
): Promise<void> {
  const { gateway, identity, audit, revocations, allowedDocuments, states, gatewayKeys } = resources;
  const { log, signal } = context;
  const listener = await openHealth(settings, { log, report: () => health.report() });
  const credentials = { ...settings, fleet: null };
  const files = [
    ...credentialFiles(server, {
      identity: identity.tokens === null ? identity.identity : null,
      delegated: null,
      revocations,
      settings: credentials,
    }),
    ...(gatewayKeys.length === 0
      ? []
      : [{ what: 'the keys of this gateway', paths: gatewayKeys, renew: gateway.renewKey }]),
  ];
  const watch = new CredentialWatch(files, { states, log });
  const rotation =
    audit === null || settings.audit === null
      ? null
      : new AuditRotation(settings.audit, { size: settings.auditSize, audit, log });
  const ignoreReopen = [
    ...(audit === null ? [] : [context.onReopen(() => audit.reopen())]),
    ...(files.length === 0 ? [] : [context.onReopen(() => void watch.renewAll())]),
  ];
  (context.announce ?? announceOn(context))({
    url: server.url,
    tokens: identity.tokens,
    source: settings.nats.url,
    documents: allowedDocuments?.length,
  });
  await untilAborted(signal);
  log.info('closing');
  watch.close();
  await listener?.close();
  rotation?.close();
  for (const ignore of ignoreReopen) ignore();
}

/** The callers that may read the health of the gateway: it concerns all hosts. */
function isRootOfAll(caller: Caller): boolean {
  return caller.partitionId === 'root' && (caller as Partial<FleetCaller>).hosts === '*';
}

/** The identity of the settings, or development mode with its token. */
async function identityOf(
  { identity, host, tls }: GatewaySettings,
  {
    log,
    now,
    revocations,
    moreTokens = [],
  }: GatewayContext & { readonly now: () => number; readonly revocations: Revocations },
) {
  const ofFleet = { log, now, revocations, requiresHost: true, grantsHosts: true, hostName: () => '*' };
  if (identity !== null) return { identity: await openIdentity(identity, ofFleet), tokens: null };
  if (tls?.clientCa != null) return { identity: null, tokens: null };
  const development = await developmentIdentity({ ...ofFleet, host, secret: randomBytes(32) });
  const title = 'the root partition of every host';
  const tokens = [{ title, token: await development.sign('root') }];
  for (const { title: other, partitionId, hosts } of moreTokens)
    tokens.push({ title: other, token: await development.sign(partitionId, hosts) });
  return { identity: development, tokens };
}
