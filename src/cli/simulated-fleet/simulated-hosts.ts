/** Hosts with simulated sources in this process. Each is a separate service, started like `hvql serve --nats`. */
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { CommandContext } from '../command-context.ts';
import { serve } from '../commands/serve.ts';
import { parseCommand } from '../settings/settings.ts';

/** The number of hosts that start concurrently: more would only wait for the same processor. */
const startedTogether = 20;

/** Which hosts to start. */
export interface SimulatedHostsOptions {
  readonly names: readonly string[];
  /** Address of NATS. */
  readonly nats: string;
  /** File with the keys of the gateways. */
  readonly gatewayKeys: string;
  readonly context: CommandContext & { readonly log: Logger };
}

/** Hosts that have joined their fleet. */
export interface SimulatedHosts {
  /** Rejects with the reason of the first host that stops unexpectedly. */
  readonly ended: Promise<never>;
  close(): Promise<void>;
}

/** Names for hosts, padded so that they sort by number: "host-01". */
export function simulatedHostNames(count: number): readonly string[] {
  const { length } = String(count);
  return Array.from({ length: count }, (_, n) => `host-${String(n + 1).padStart(length, '0')}`);
}

/** Starts the hosts, and waits until they have joined. Rejects with the reason of the first that cannot, and stops the others. */
export async function startSimulatedHosts(options: SimulatedHostsOptions): Promise<SimulatedHosts> {
  const { names, context } = options;
  const end = new AbortController();
  // Each host adds a listener to it.
  setMaxListeners(0, end.signal);
  const running: Promise<number>[] = [];
  let fail: (reason: unknown) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => (fail = reject));
  ended.catch(() => undefined);
  const close = async (): Promise<void> => {
    end.abort();
    await Promise.allSettled(running);
  };
  const start = (number: number, hostName: string): Promise<void> =>
    new Promise((joined) => {
      const command = parseCommand(argumentsOf(number, { ...options, hostName }), {});
      if (command.name !== 'serve') throw new TypeError('serve is needed');
      const service = {
        ...context,
        platform: process.platform,
        signal: end.signal,
        announce: () => joined(),
      };
      const run = serve(command.settings, service);
      running.push(run);
      run.then(() => joined(), fail);
    });
  let next = 0;
  const startNext = async (): Promise<void> => {
    for (let n = next++; n < names.length && !context.signal.aborted; n = next++)
      await Promise.race([start(n, names[n] ?? ''), ended]);
  };
  try {
    await Promise.all(Array.from({ length: startedTogether }, startNext));
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { ended, close };
}

function argumentsOf(
  number: number,
  { nats, gatewayKeys, hostName }: SimulatedHostsOptions & { readonly hostName: string },
): readonly string[] {
  const source = `simulator?seed=${number + 1}&lps=4&partitions=4&vps=4`;
  const fleet = ['--nats', nats, '--host-name', hostName, '--gateway-keys', gatewayKeys];
  return ['serve', '--source', source, '--port', '0', '--graphiql', 'off', '--metrics', 'off', ...fleet];
}
