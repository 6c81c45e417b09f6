/** `hvql gateway`: serves the graph of a fleet. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { openGateway } from '../../fleet/gateway/gateway.ts';
import { createFleetSchema } from '../../fleet/gateway/fleet-schema.ts';
import { developmentIdentity, openIdentity } from '../../server/auth/identity.ts';
import { readTls } from '../../server/http/tls.ts';
import { startServer } from '../../server/server.ts';
import type { CommandContext } from '../command-context.ts';
import { exampleOperations, packageVersion } from '../package.ts';
import type { GatewaySettings } from '../settings/settings.ts';
import { openAuditFile } from './audit-file.ts';
import { dashboardWith, openDashboard } from './dashboard-files.ts';
import { openAll, type Announced } from './serve-resources.ts';
import { announceOn, untilAborted } from './serve.ts';
import { gatewayLimitsOf, maxNameLength } from './service-limit.ts';

/** A token of development mode. */
export interface DevelopmentToken {
  readonly title: string;
  readonly partitionId: bigint | 'root';
  readonly hosts: readonly string[];
}

/** What `gateway` needs beside its settings. */
export interface GatewayContext extends CommandContext {
  readonly log: Logger;
  /** Called once it listens; prints the address by default. */
  readonly announce?: (started: Announced) => void;
  /** Tokens of development mode, beside that of the root of all hosts. @default none */
  readonly moreTokens?: readonly DevelopmentToken[];
}

/** Serves until the signal is aborted. Rejects with a UsageError if it cannot start. */
export async function serveGateway(settings: GatewaySettings, context: GatewayContext): Promise<number> {
  const { log, clock, signal } = context;
  const now = (): number => clock.now().wallMilliseconds;
  const version = packageVersion();
  if (settings.gatewayKey === null)
    log.warn(
      'development mode: without --gateway-key, hosts on this machine take unsigned tokens of this gateway',
    );
  const [identity, tls, audit, gateway, tabs, dashboard] = await openAll(
    identityOf(settings, { ...context, now }),
    settings.tls === null ? Promise.resolve(null) : readTls(settings.tls),
    settings.audit === null
      ? Promise.resolve(null)
      : Promise.resolve(settings.audit).then((path) => openAuditFile(path, log)),
    openGateway({
      nats: settings.nats,
      hosts: settings.hosts,
      gatewayKey: settings.gatewayKey,
      hostDeadlineMilliseconds: settings.hostDeadline,
      maxFleetBytes: settings.maxFleetBytes,
      limits: gatewayLimitsOf(settings),
      version,
      log,
      now,
    }),
    exampleOperations('schema/fleet-operations/'),
    settings.dashboard ? openDashboard('fleet') : Promise.resolve(null),
  );
  try {
    const { maxTokens, maxDepth, maxAliases, maxDirectives, allowedHosts, allowedOrigins } = settings;
    const server = await startServer({
      host: settings.host,
      port: settings.port,
      schema: createFleetSchema(),
      limits: { maxTokens, maxDepth, maxAliases, maxNameLength, maxDirectives },
      introspection: 'on',
      identity: identity.identity,
      tls,
      contextOf: gateway.contextOf,
      subscribe: gateway.subscribe,
      closeStreams: gateway.closeStreams,
      ready: gateway.ready,
      log,
      ...(audit === null ? {} : { audit: audit.write }),
      graphiql: settings.graphiql ? { tabs, tokens: identity.tokens, isExact: false } : null,
      dashboard: dashboard && dashboardWith(dashboard, identity.tokens),
      allowedHosts: allowedHosts ?? [],
      allowedOrigins: allowedOrigins ?? [],
      now,
    });
    const ignoreReopen = context.onReopen(() => audit?.reopen());
    (context.announce ?? announceOn(context))({
      url: server.url,
      tokens: identity.tokens,
      source: settings.nats.url,
      documents: undefined,
    });
    await untilAborted(signal);
    log.info('closing');
    ignoreReopen();
    await server.close();
  } finally {
    await gateway.close();
    await audit?.close();
  }
  return 0;
}

/** The identity of the settings, or that of development mode with its token. */
async function identityOf(
  { identity, host, tls }: GatewaySettings,
  { log, now, moreTokens = [] }: GatewayContext & { readonly now: () => number },
) {
  const ofFleet = { log, now, requiresHost: true, grantsHosts: true, hostName: () => '*' };
  if (identity !== null) return { identity: await openIdentity(identity, ofFleet), tokens: null };
  if (tls?.clientCa != null) return { identity: null, tokens: null };
  const development = await developmentIdentity({ ...ofFleet, host, secret: randomBytes(32) });
  const title = 'the root partition of every host';
  const tokens = [{ title, token: await development.sign('root') }];
  for (const { title: other, partitionId, hosts } of moreTokens)
    tokens.push({ title: other, token: await development.sign(partitionId, hosts) });
  return { identity: development, tokens };
}
