/** `hvql fleet`: a demonstration fleet on this machine: nats-server, simulated hosts and a gateway. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { CommandContext } from '../command-context.ts';
import { serveGateway } from '../commands/gateway.ts';
import { announceOn } from '../commands/serve.ts';
import type { Announced } from '../commands/serve-resources.ts';
import { parseCommand, type GatewaySettings, type SimulatedFleetSettings } from '../settings/settings.ts';
import { writeGatewayKeys } from './gateway-keys.ts';
import { startLocalNats, type LocalNats } from './nats-server.ts';
import { simulatedHostNames, startSimulatedHosts, type SimulatedHosts } from './simulated-hosts.ts';

/** The first guest of each simulated host. */
const firstGuest = 2n;

type FleetContext = CommandContext & { readonly log: Logger };

/**
 * Runs until the signal is aborted, and leaves nothing behind. Rejects with a UsageError if a part cannot start, and with
 * the reason if nats-server or a host exits unexpectedly.
 */
export async function runFleet(settings: SimulatedFleetSettings, context: FleetContext): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-fleet-'));
  let nats: LocalNats | null = null;
  try {
    if (settings.nats === null) nats = await startLocalNats(folder, context);
    const url = nats?.url ?? settings.nats;
    // The signal was aborted before nats-server had started.
    if (url === null || url === '') return 0;
    return await runOn(url, { settings, context, folder, natsEnded: nats?.ended ?? never });
  } finally {
    await nats?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const never = new Promise<never>(() => undefined);

async function runOn(
  nats: string,
  {
    settings,
    context,
    folder,
    natsEnded,
  }: {
    readonly settings: SimulatedFleetSettings;
    readonly context: FleetContext;
    readonly folder: string;
    readonly natsEnded: Promise<never>;
  },
): Promise<number> {
  const names = simulatedHostNames(settings.hosts);
  const { privateKey, publicKeys } = writeGatewayKeys(folder);
  const list = join(folder, 'hosts.json');
  writeFileSync(list, JSON.stringify({ hosts: names }));
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  let note: (started: Announced) => void = () => undefined;
  const listening = new Promise<Announced>((resolve) => (note = resolve));
  // The gateway listens before the hosts join, so it knows each of them at once.
  const gateway = serveGateway(gatewaySettings(settings, { nats, list, privateKey }), {
    ...context,
    signal,
    announce: (started) => note(started),
    moreTokens: [
      { title: `the root partition of ${names[0]} alone`, partitionId: 'root', hosts: [names[0] ?? ''] },
      { title: `partition ${firstGuest} of ${names[0]}`, partitionId: firstGuest, hosts: [names[0] ?? ''] },
    ],
  });
  let hosts: SimulatedHosts | null = null;
  try {
    const started = await Promise.race([listening, gateway]);
    if (typeof started === 'number') return started;
    const starting = startSimulatedHosts({
      names,
      nats,
      gatewayKeys: publicKeys,
      context: { ...context, signal },
    });
    hosts = await Promise.race([starting, natsEnded]);
    if (!context.signal.aborted) announceOn(context)(started);
    return await Promise.race([gateway, hosts.ended, natsEnded]);
  } finally {
    end.abort();
    await Promise.allSettled([gateway]);
    await hosts?.close();
  }
}

/** The settings of the gateway: the given ones, and the defaults of `hvql gateway`. */
function gatewaySettings(
  { host, port, identity, logLevel }: SimulatedFleetSettings,
  { nats, list, privateKey }: { readonly nats: string; readonly list: string; readonly privateKey: string },
): GatewaySettings {
  const args = ['gateway', '--nats', nats, '--hosts', list, '--gateway-key', privateKey];
  const command = parseCommand(args, {});
  if (command.name !== 'gateway') throw new TypeError('gateway is needed');
  return { ...command.settings, host, port, identity, logLevel };
}
