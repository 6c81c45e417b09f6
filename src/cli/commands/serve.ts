/** `hvql serve`: opens the source, runs the service, and closes both when the signal is aborted. */
import { executeOperation, operationContext, type ServiceContext } from '../../execution/execute.ts';
import { LiveOperations } from '../../execution/live/live-operations.ts';
import { createSchema } from '../../graph/schema.ts';
import { CounterMetrics } from '../../metrics/counter-metrics.ts';
import { ConnectionQuota } from '../../limits/connection-quota.ts';
import { ValueBudgets } from '../../limits/value-budget.ts';
import { ServiceHealth, type HealthReport } from '../../metrics/service-health.ts';
import { Sampler, type SamplerOptions, type SourceHealth } from '../../sampling/sampler.ts';
import { loopHolds } from '../../sampling/schedule/loop-holds.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import { openGuestSockets } from '../../server/guest-socket/guest-sockets.ts';
import { startServer, type RunningServer } from '../../server/server.ts';
import type { Source } from '../../source/source.ts';
import { CredentialWatch, credentialFiles, credentialPaths } from './credential-files.ts';
import { AuditRotation } from './audit-rotation.ts';
import { dashboardWith } from './dashboard-files.ts';
import { development } from './development-token.ts';
import { releaseYoungGeneration } from '../heap.ts';
import { healthReport, openHealth } from './health.ts';
import { exampleOperations, packageVersion, tabsOf } from '../package.ts';
import {
  openResources,
  type Announced,
  type ServeContext,
  type ServeOptions,
  type ServeResources,
} from './serve-resources.ts';
import { joinFleet } from './serve-fleet.ts';
import { connectionShareOf, holdingOf, limitsOf } from './service-limit.ts';
import type { ServeSettings } from '../settings/settings.ts';

/** Shared by the services of one process; it has no state of theirs. */
let schema: ReturnType<typeof createSchema> | null = null;

/** The default interval of deltas and rates. */
const defaultOverMilliseconds = 1_000;
/** /ready reads the source again if its last success is older. */
const readyAgeMilliseconds = 5_000;

/** Serves until the signal is aborted; then finishes open requests. Rejects with a UsageError if it cannot start. */
export async function serve(settings: ServeSettings, context: ServeContext): Promise<number> {
  const resources = await openResources(settings, context);
  try {
    const server = await start(resources, { settings, context });
    try {
      await serveOn(server, { resources, settings, context });
    } finally {
      await server.close();
    }
  } finally {
    resources.identity?.close();
    await resources.source.close();
    await resources.audit?.close();
  }
  return 0;
}

/** A listening server, its tokens in development mode, and its health. */
type Started = RunningServer & {
  readonly tokens: readonly GraphiqlToken[] | null;
  readonly health: () => Promise<HealthReport>;
  readonly sourceHealth: () => SourceHealth;
};

async function start(resources: ServeResources, { settings, context }: ServeOptions): Promise<Started> {
  const { source, host, allowedDocuments, tls, audit, plugins, now, revocations, dashboard } = resources;
  const health = new ServiceHealth({
    source: () => sampler.sourceState,
    openStreams: () => live.size,
    auditLinesDropped: () => audit?.dropped ?? 0,
  });
  const onTickGiven = (lagSeconds: number): void => health.observeEventLag(lagSeconds);
  const sampler = samplerFor(source, { settings, context, onTickGiven });
  const tabs = allowedDocuments === null ? await exampleOperations() : tabsOf(allowedDocuments);
  const { identity, tokens } =
    resources.identity === null && tls?.clients == null
      ? await development(settings.host, {
          ...context,
          sampler,
          tabs,
          hostName: () => host,
          requiresHost: settings.fleet !== null,
        })
      : { identity: resources.identity, tokens: null };
  const limits = limitsOf(settings);
  const { introspection } = settings;
  const service = {
    version: packageVersion(),
    host,
    limits,
    introspection,
    historyEvery: settings.historyEvery,
    health: () => sampler.health,
  };
  const operations: ServiceContext = { sampler, service, writesBytes: settings.compiled };
  const { acquireLease } = context;
  const live = new LiveOperations({ ...operations, ...(acquireLease === undefined ? {} : { acquireLease }) });
  const budgets = new ValueBudgets({
    valuesPerSecond: limits.maxValuesPerSecond,
    report: context.shareBudgets?.report,
  });
  context.shareBudgets?.onReport((report) => budgets.note(report));
  const report = healthReport(health, context);
  const server = await startServer({
    host: settings.host,
    port: settings.port,
    descriptor: context.passedSocket ?? null,
    schema: (schema ??= createSchema()),
    limits,
    budgets,
    connectionQuota: new ConnectionQuota(connectionShareOf(settings)),
    introspection,
    identity,
    allowedDocuments,
    tls,
    revocations,
    contextOf: (request) => operationContext(operations, request),
    execute: executeOperation,
    subscribe: live.subscribe,
    closeStreams: () => live.close(),
    hotPath: settings.hotPath,
    metrics: settings.metrics ? { counters: new CounterMetrics({ sampler, limits }), health: report } : null,
    health,
    plugins,
    allowedHosts: settings.allowedHosts ?? [],
    allowedOrigins: settings.allowedOrigins ?? [],
    trustedProxies: settings.trustedProxies ?? [],
    ready: (signal) => sampler.checkReady({ signal, maximumAgeMilliseconds: readyAgeMilliseconds }),
    log: context.log,
    ...(audit === null ? {} : { audit: audit.write }),
    graphiql: settings.graphiql ? { tabs, tokens, isExact: allowedDocuments !== null } : null,
    dashboard: dashboard && dashboardWith(dashboard, tokens),
    now,
  });
  return { ...server, tokens, health: report, sourceHealth: () => sampler.health };
}

/** Opens the guest sockets, announces the service, and waits until the signal is aborted. */
async function serveOn(
  server: Started,
  { resources, settings, context }: ServeOptions & { resources: ServeResources },
): Promise<void> {
  const { source, allowedDocuments, audit, credentialStates: states } = resources;
  const { log, platform, signal } = context;
  const guests = await openGuestSockets({
    places: settings.guestSocket,
    port: settings.guestPort,
    mode: settings.guestSocketMode,
    addListener: (listener, authenticate) => server.addListener(listener, authenticate),
    platform,
    log,
  });
  const health = await openHealth(settings, { log, report: server.health });
  const watch = new CredentialWatch(credentialFiles(server, { ...resources, settings }), { states, log });
  const rotation =
    audit === null || settings.audit === null
      ? null
      : new AuditRotation(settings.audit, { size: settings.auditSize, audit, log });
  const ignoreReopen = [
    ...(audit === null ? [] : [context.onReopen(() => audit.reopen())]),
    ...(credentialPaths(settings).isAny ? [context.onReopen(() => void watch.renewAll())] : []),
  ];
  const fleet = await joinFleet(server, { resources, settings, context, health: server.sourceHealth });
  releaseYoungGeneration();
  (context.announce ?? announceOn(context))({
    url: server.url,
    tokens: server.tokens,
    source: source.description,
    documents: allowedDocuments?.length,
  });
  const ignoreHolds = loopHolds.watch((hold) => {
    // The primary is notified before readers of the log could stop this process.
    context.onHold?.(hold);
    log.warn(hold, 'an operation blocked all others');
  });
  const refused = fleet?.joined.then(() => new Promise<never>(() => undefined));
  await Promise.race([untilAborted(signal), ...(refused === undefined ? [] : [refused])]);
  ignoreHolds();
  log.info('closing');
  watch.close();
  await health?.close();
  await fleet?.close();
  rotation?.close();
  await guests.close();
  for (const ignore of ignoreReopen) ignore();
}

/**
 * Prints the address of the service and the tokens of development mode, and logs the address. On a terminal the address is
 * printed first, otherwise last, because programs wait for that line of standard output.
 */
export function announceOn({
  stderr,
  stdout,
  log,
}: Pick<ServeContext, 'stderr' | 'stdout' | 'log'>): (started: Announced) => void {
  return ({ url, tokens, ...more }) => {
    const isTerminal = stdout.isTTY === true && stderr.isTTY === true;
    const address = `hvql listening on ${url}\n`;
    if (isTerminal) stdout.write(address);
    for (const { title, token } of tokens ?? []) stderr.write(`Token of ${title}: ${token}\n`);
    if (isTerminal) stderr.write('Press Ctrl-C to stop.\n');
    else stdout.write(address);
    log.info({ url, ...more }, 'listening');
  };
}

function samplerFor(
  source: Source,
  {
    settings,
    context: { clock, log, absences, signal, isPastKept },
    onTickGiven,
  }: ServeOptions & Pick<Required<SamplerOptions>, 'onTickGiven'>,
): Sampler {
  const sampler = new Sampler({
    source,
    clock,
    timeoutMilliseconds: settings.sourceTimeout,
    shareMilliseconds: settings.snapshotMaxAge,
    holding: holdingOf(settings),
    mostPastSamples: settings.maxValues,
    defaultOver: Math.max(defaultOverMilliseconds, settings.minInterval),
    onTickGiven,
    ...(absences === undefined ? {} : { onAbsence: absences.report }),
    onError: (err) => log.error({ err }, 'a tick failed unexpectedly'),
    onHealthChange: (err) => {
      if (err === null) log.info('the source responds again');
      else log.warn({ err }, 'the source does not respond');
    },
  });
  if (settings.historyEvery !== null && isPastKept !== true)
    void sampler.recordHistory(settings.historyEvery, signal);
  // Never stopped, because a process has one sampler.
  absences?.onReport((report) => sampler.noteAbsence(report));
  return sampler;
}

/** Resolves once the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
