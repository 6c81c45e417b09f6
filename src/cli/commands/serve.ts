/** `hvql serve`: opens the source, starts the service, and ends both when it is told to. */
import type { Logger } from 'pino';
import { executeOperation, operationContext, type ServiceContext } from '../../execution/execute.ts';
import { LiveOperations } from '../../execution/live/live-operations.ts';
import type { AcquireLease } from '../../execution/live/subscription-leases.ts';
import { createSchema } from '../../graph/schema.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import { Sampler } from '../../sampling/sampler.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import { checkGuestSockets, openGuestSockets } from '../../server/guest-socket/guest-sockets.ts';
import { openIdentity } from '../../server/auth/identity.ts';
import { startServer, type RunningServer } from '../../server/server.ts';
import { readTls } from '../../server/http/tls.ts';
import type { ManifestMemory } from '../../source/page-folder/manifest-memory.ts';
import type { Source } from '../../source/source.ts';
import { openSource } from '../../source/sources.ts';
import { openAuditFile } from './audit-file.ts';
import type { CommandContext } from '../command-context.ts';
import { development } from './development-token.ts';
import { openOperations } from './operation-list.ts';
import { exampleOperations, packageVersion } from '../package.ts';
import { loadPlugins } from './plugin.ts';
import { tlsRenewer } from './renew-tls.ts';
import { limitsOf, maxWaitMilliseconds } from './service-limit.ts';
import type { ServeSettings } from '../settings/settings.ts';
import { openAll } from './open-all.ts';

/** What growth is taken over where a question does not say. */
const defaultOverMilliseconds = 1_000;
/** /ready asks the source anew where its last answer is older. */
const readyAgeMilliseconds = 5_000;

/** What `serve` is given of the world around it. */
export interface ServeContext extends CommandContext {
  readonly log: Logger;
  /** As `process.platform` has it. */
  readonly platform: string;
  /** Opens what `--source` names; given where that is none of the kinds that the program knows. */
  readonly openSource?: typeof openSource;
  /** What development tokens are signed with; given where other processes are to take them too. */
  readonly developmentSecret?: Uint8Array;
  /** Given where the streams of other processes count with the service's own. */
  readonly acquireLease?: AcquireLease;
  /** Given where other processes of the service read the same source: what one sees to be absent is so for all. */
  readonly absences?: {
    readonly report: (report: AbsenceReport) => void;
    /** Calls back with what another process has seen; gives a function that ends it. */
    readonly onReport: (note: (report: AbsenceReport) => void) => () => void;
  };
  /** Given where other processes of the service read the same page folder. */
  readonly manifestMemory?: ManifestMemory;
  /** Told where the service is once it listens; prints it where nothing else is given. */
  readonly announce?: (started: Announced) => void;
}

/** What is said of a service that listens. */
export interface Announced {
  readonly url: string;
  readonly tokens: readonly GraphiqlToken[] | null;
  readonly source: string;
  /** How many documents there are where no others are answered. */
  readonly documents: number | undefined;
  readonly workers?: number;
}

/** Serves until the signal is aborted; then finishes what is under way. Rejects with a UsageError where it cannot start. */
export async function serve(settings: ServeSettings, world: ServeContext): Promise<number> {
  const resources = await openResources(settings, world);
  try {
    const server = await start(resources, { settings, world });
    try {
      await serveOn(server, { resources, settings, world });
    } finally {
      await server.close();
    }
  } finally {
    await resources.source.close();
    await resources.audit?.close();
  }
  return 0;
}

type ServeResources = Awaited<ReturnType<typeof openResources>>;
interface ServeOptions {
  readonly settings: ServeSettings;
  readonly world: ServeContext;
}

/** All that may be wrong with what the settings name is found here, and told at once. */
export async function openResources(settings: ServeSettings, world: ServeContext) {
  const { clock, log, platform, manifestMemory } = world;
  const now = (): number => clock.now().wallMilliseconds;
  const [source, identity, allowedDocuments, tls, audit, plugins] = await openAll(
    (world.openSource ?? openSource)(settings.source, {
      clock,
      names: settings.names,
      log,
      platform,
      manifestMemory,
    }),
    whereSet(settings.identity, (identitySettings) => openIdentity(identitySettings, { log, now })),
    whereSet(settings.operations, openOperations),
    whereSet(settings.tls, readTls),
    whereSet(settings.audit, (path) => openAuditFile(path, log)),
    loadPlugins(settings.plugin),
    checkGuestSockets(settings.guestSocket, platform),
  );
  return { source, identity, allowedDocuments, tls, audit, plugins, now };
}

/** null where there is no such setting. */
async function whereSet<Value, Resource>(
  setting: Value | null,
  open: (value: Value) => Resource | Promise<Resource>,
): Promise<Resource | null> {
  return setting === null ? null : open(setting);
}

/** A server that listens, and the tokens that go with it in development mode. */
type Started = RunningServer & { readonly tokens: readonly GraphiqlToken[] | null };

async function start(resources: ServeResources, { settings, world }: ServeOptions): Promise<Started> {
  const { source, allowedDocuments, tls, audit, plugins, now } = resources;
  const sampler = samplerFor(source, { settings, world });
  const tabs =
    allowedDocuments?.map(({ file, keys, operations: [first], text }) => ({
      name: keys === undefined ? file : (first?.name ?? file),
      query: text,
    })) ?? (await exampleOperations());
  const { identity, tokens } =
    resources.identity === null && tls?.clients == null
      ? await development(settings.host, { ...world, sampler, tabs })
      : { identity: resources.identity, tokens: null };
  const limits = limitsOf(settings);
  const { introspection } = settings;
  const service = { version: packageVersion(), limits, introspection, health: () => sampler.health };
  const operations: ServiceContext = { sampler, service, writesBytes: settings.compiled };
  const { acquireLease } = world;
  const live = new LiveOperations({ ...operations, ...(acquireLease === undefined ? {} : { acquireLease }) });
  const server = await startServer({
    host: settings.host,
    port: settings.port,
    schema: createSchema(),
    limits,
    introspection,
    identity,
    allowedDocuments,
    tls,
    contextOf: (asker) => operationContext(operations, asker),
    execute: executeOperation,
    subscribe: live.subscribe,
    closeStreams: () => live.close(),
    hotPath: settings.hotPath,
    plugins,
    allowedHosts: settings.allowedHosts ?? [],
    allowedOrigins: settings.allowedOrigins ?? [],
    ready: (signal) => sampler.checkReady({ signal, maximumAgeMilliseconds: readyAgeMilliseconds }),
    log: world.log,
    ...(audit === null ? {} : { audit: audit.write }),
    graphiql: settings.graphiql ? { tabs, tokens, isExact: allowedDocuments !== null } : null,
    now,
  });
  return { ...server, tokens };
}

/** Opens the doors of guests, says where the service is, and stays until it is to end. */
async function serveOn(
  server: Started,
  { resources, settings, world }: ServeOptions & { resources: ServeResources },
): Promise<void> {
  const { source, allowedDocuments, audit } = resources;
  const { log, platform, signal } = world;
  const guests = await openGuestSockets({
    places: settings.guestSocket,
    port: settings.guestPort,
    mode: settings.guestSocketMode,
    addListener: (listener, authenticate) => server.addListener(listener, authenticate),
    platform,
    log,
  });
  const renewTls = settings.tls === null ? null : tlsRenewer(server, { settings: settings.tls, log });
  const ignoreReopen = [
    ...(audit === null ? [] : [world.onReopen(() => audit.reopen())]),
    ...(renewTls === null ? [] : [world.onReopen(() => void renewTls())]),
  ];
  (world.announce ?? announceOn(world))({
    url: server.url,
    tokens: server.tokens,
    source: source.description,
    documents: allowedDocuments?.length,
  });
  await untilAborted(signal);
  log.info('closing');
  await guests.close();
  for (const ignore of ignoreReopen) ignore();
}

/**
 * Prints where a service is, and the tokens of development mode: on a terminal the address first, elsewhere last, since
 * programs wait for that line of standard output. Then the log has it as well.
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

function samplerFor(source: Source, { settings, world: { clock, log, absences } }: ServeOptions): Sampler {
  const sampler = new Sampler({
    source,
    clock,
    timeoutMilliseconds: settings.sourceTimeout,
    shareMilliseconds: settings.snapshotMaxAge,
    holding: { maximumAgeMilliseconds: 2 * maxWaitMilliseconds, maximumBytes: settings.historyBytes },
    defaultOver: Math.max(defaultOverMilliseconds, settings.minInterval),
    ...(absences === undefined ? {} : { onAbsence: absences.report }),
    onError: (err) => log.error({ err }, 'a tick failed unexpectedly'),
    onHealthChange: (err) => {
      if (err === null) log.info('the source answers again');
      else log.warn({ err }, 'the source does not answer');
    },
  });
  // For as long as the process lives: a worker serves with one sampler.
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
