/** `hvql serve --nats`: joins a fleet once the service listens. */
import type { FleetHost } from '../../fleet/host/fleet-host.ts';
import type { SourceHealth } from '../../sampling/sampler.ts';
import type { RunningServer } from '../../server/server.ts';
import { packageVersion } from '../package.ts';
import type { ServeOptions, ServeResources } from './serve-resources.ts';

/** How long startup waits for NATS. The service can serve its other clients without it. */
const joinMilliseconds = 3_000;

/**
 * Joins the fleet of the settings; returns null if there is no such setting or another process of the service joins.
 * Rejects with a UsageError if another host with the same name is alive. If NATS is unavailable, the host joins later.
 */
export async function joinFleet(
  server: RunningServer,
  {
    resources,
    settings,
    context,
    health,
  }: ServeOptions & { readonly resources: ServeResources; readonly health: () => SourceHealth },
): Promise<FleetHost | null> {
  const { delegated, revocations, now } = resources;
  const { log, joinsFleet = true } = context;
  if (settings.fleet === null || delegated === null || !joinsFleet) return null;
  const { nats, hostName, gatewayKeys } = settings.fleet;
  if (gatewayKeys === null) {
    log.warn(
      { nats: nats.url },
      'development mode: without --gateway-keys, every gateway on this machine may send requests as any partition',
    );
  }
  // Loaded on demand, because a service outside a fleet does not need the NATS client.
  const { openFleetHost } = await import('../../fleet/host/fleet-host.ts');
  const version = packageVersion();
  const { verify } = delegated;
  const fleet = openFleetHost({
    nats,
    hostName,
    server: server.context,
    verify,
    revocations,
    version,
    health,
    log,
    now,
  });
  const isJoined = await withinStart(fleet.joined);
  if (!isJoined)
    log.warn({ nats: nats.url }, 'NATS does not respond yet: the host will join the fleet when it does');
  return fleet;
}

async function withinStart(joined: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), joinMilliseconds);
  });
  try {
    return await Promise.race([joined.then(() => true), limit]);
  } finally {
    clearTimeout(timer);
  }
}
