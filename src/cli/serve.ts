/** `hvql serve`: opens the source, starts the service, and ends both when it is told to. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { executeOperation, operationContext, type OperationWorld } from '../execution/execute.ts';
import { LiveOperations } from '../execution/live-operations.ts';
import type { Limits } from '../graph/context.ts';
import { createSchema } from '../graph/schema.ts';
import { Sampler } from '../sampling/sampler.ts';
import { developmentIdentity } from '../server/development.ts';
import type { GraphiqlToken } from '../server/graphiql-page.ts';
import { checkGuestSockets, openGuestSockets } from '../server/guest-sockets.ts';
import { openIdentity, type Identity } from '../server/identity.ts';
import { bodyLimitInBytes } from '../server/operation-request.ts';
import { startServer } from '../server/server.ts';
import { operationLimit } from '../server/websocket-operations.ts';
import { readTls } from '../server/tls.ts';
import type { Clock } from '../snapshot/moment.ts';
import type { Topology } from '../snapshot/topology.ts';
import type { Source } from '../source/source.ts';
import { openSource } from '../source/sources.ts';
import type { CommandWorld } from './command-world.ts';
import { exampleOperations, packageVersion } from './package.ts';
import { openOperationFolder } from './operation-folder.ts';
import { printable } from './printable.ts';
import { tlsRenewer } from './renew-tls.ts';
import type { ServeSettings } from './settings.ts';
import { together } from './together.ts';

/** Between two events. */
const maxIntervalMilliseconds = 3_600_000;
/** Growth over more than this is a matter for subscriptions, not for a question that waits. */
const maxWaitMilliseconds = 60_000;
/** As the Relay connections of the schema say. */
const maxPageSize = 100;
/** What growth is taken over where a question does not say. */
const defaultOverMilliseconds = 1_000;
/** /ready asks the source anew where its last answer is older. */
const readyAgeMilliseconds = 5_000;

/** The example operation that shows what a guest sees of itself. */
const guestExample = /^query OwnPartition\b/m;

/** What `serve` is given of the world around it. */
export interface ServeWorld extends CommandWorld {
  readonly log: Logger;
  /** As `process.platform` has it. */
  readonly platform: string;
}

/** Serves until the signal is aborted; then finishes what is under way. Rejects with a UsageError where it cannot start. */
export async function serve(settings: ServeSettings, world: ServeWorld): Promise<number> {
  const { clock, log, signal, platform } = world;
  const now = (): number => clock.now().wallMilliseconds;
  const [source, givenIdentity, allowedDocuments, tls] = await together(
    openSource(settings.source, { clock }),
    settings.identity === null ? Promise.resolve(null) : openIdentity(settings.identity, { log, now }),
    settings.operations === null ? Promise.resolve(null) : openOperationFolder(settings.operations),
    settings.tls === null ? Promise.resolve(null) : readTls(settings.tls),
    checkGuestSockets(settings.guestSocket, platform),
  );
  try {
    const sampler = samplerFor(source, { settings, clock, log });
    const tabs =
      allowedDocuments?.map(({ file, text }) => ({ name: file, query: text })) ?? (await exampleOperations());
    const { identity, tokens } =
      givenIdentity === null && tls?.clients == null
        ? await development(settings.host, { ...world, sampler, tabs })
        : { identity: givenIdentity, tokens: null };
    const limits = limitsOf(settings);
    const { introspection } = settings;
    const service = { version: packageVersion(), limits, introspection, health: () => sampler.health };
    const operations: OperationWorld = { sampler, service };
    const live = new LiveOperations({ ...operations, now });
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
      allowedHosts: settings.allowedHosts ?? [],
      allowedOrigins: settings.allowedOrigins ?? [],
      ready: (readySignal) =>
        sampler.checkReady({ signal: readySignal, maximumAgeMilliseconds: readyAgeMilliseconds }),
      log,
      graphiql: settings.graphiql ? { tabs, tokens, isExact: allowedDocuments !== null } : null,
      now,
    });
    try {
      const guests = await openGuestSockets({
        places: settings.guestSocket,
        port: settings.guestPort,
        mode: settings.guestSocketMode,
        openSideDoor: (door, identify) => server.openSideDoor(door, identify),
        platform,
        log,
      });
      if (allowedDocuments !== null)
        log.info({ documents: allowedDocuments.length }, 'only these are answered');
      if (settings.tls !== null) {
        const renew = tlsRenewer(server, { settings: settings.tls, log });
        world.hangUps?.addEventListener('hangup', () => void renew(), { signal });
      }
      log.info({ source: source.description, url: server.url }, 'listening');
      for (const { title, token } of tokens ?? []) world.stderr.write(`Token of ${title}: ${token}\n`);
      world.stdout.write(`hvql listening on ${server.url}\n`);
      await aborted(signal);
      log.info('closing');
      await guests.close();
    } finally {
      await server.close();
    }
  } finally {
    await source.close();
  }
  return 0;
}

function samplerFor(
  source: Source,
  { settings, clock, log }: { settings: ServeSettings; clock: Clock; log: Logger },
): Sampler {
  return new Sampler({
    source,
    clock,
    timeoutMilliseconds: settings.sourceTimeout,
    defaultOver: Math.max(defaultOverMilliseconds, settings.minInterval),
    onError: (err) => log.error({ err }, 'a tick failed unexpectedly'),
    onTurn: (err) => {
      if (err === null) log.info('the source answers again');
      else log.warn({ err }, 'the source does not answer');
    },
  });
}

function limitsOf(settings: ServeSettings): Limits {
  const { minInterval, maxTime, maxTokens, maxDepth, maxAliases, maxDirectives, maxListItems } = settings;
  const { maxValues, maxPages, maxStreams, maxStreamsPerCaller, maxStreamValues } = settings;
  return {
    maxTokens,
    maxDepth,
    maxAliases,
    maxDirectives,
    maxBodyBytes: bodyLimitInBytes,
    maxOperationsPerConnection: operationLimit,
    maxListItems,
    maxValues,
    maxPages,
    maxTimeMilliseconds: maxTime,
    minIntervalMilliseconds: minInterval,
    maxIntervalMilliseconds,
    maxWaitMilliseconds,
    maxPageSize,
    maxStreams,
    maxStreamsPerCaller,
    maxStreamValues,
  };
}

/** The identity of development mode, and its tokens for the page of GraphiQL. */
async function development(
  host: string,
  world: CommandWorld & { log: Logger; sampler: Sampler; tabs: readonly { query: string }[] },
): Promise<{ identity: Identity; tokens: readonly GraphiqlToken[] }> {
  const { log, clock, sampler, signal, tabs } = world;
  const now = (): number => clock.now().wallMilliseconds;
  const identity = await developmentIdentity({ host, log, now, randomBytes });
  const topology = await sampler.topology(signal);
  const tokens = developmentPartitions(topology).map(async ({ title, id }) => ({
    title,
    token: await identity.sign(id),
    query: tabs.find(({ query }) => guestExample.test(query))?.query,
  }));
  return { identity, tokens: await Promise.all(tokens) };
}

/** The root, and the first of its guests, if there is one. */
function developmentPartitions({ partitions }: Topology): { title: string; id: bigint }[] {
  const root = partitions.find(({ parent }) => parent === null);
  const guest = partitions.find(({ parent }) => parent !== null && parent === root?.id);
  return [root, guest].flatMap((partition, n) => {
    if (partition === undefined) return [];
    const { id, name } = partition;
    const who = n === 0 ? 'the root partition' : `a guest, partition ${id}`;
    // A name may be anything, and this goes to the terminal and into a comment of an operation.
    return [{ id, title: name === null || n === 0 ? who : `${who} (${printable(name)})` }];
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
