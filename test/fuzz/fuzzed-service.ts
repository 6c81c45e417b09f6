/** The whole service over a random host on a real socket, and what must never happen, for any request. */
import { createSchema } from '../../src/graph/schema.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import { testLimits, testHost } from '../ask.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { startGraphService } from '../server/graph-service.ts';
import type { TestService } from '../server/test-service.ts';
import { RandomHost } from './random-host.ts';

export const schema = createSchema();

/** A service that must not crash. */
export interface FuzzedService extends TestService {
  readonly host: RandomHost;
  /** The log lines at level warn and above, and uncaught errors. */
  readonly complaints: () => string[];
  /** Streams that are open. */
  readonly streams: () => number;
}

/** Starts it. Waits for second readings take no time. */
export async function startFuzzedService(
  options: Partial<ServerOptions> = {},
  host = hostWithEverything(),
): Promise<FuzzedService> {
  const uncaught: string[] = [];
  const note = (thrown: unknown): void => void uncaught.push(String(thrown));
  process.on('uncaughtExceptionMonitor', note).on('unhandledRejection', note);
  const sampler = new Sampler({
    source: host,
    clock: systemClock,
    timeoutMilliseconds: 5_000,
    wait: host.wait,
    onError: note,
  });
  const facts = {
    version: '1.2.3',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const world = { sampler, service: facts };
  const service = await startGraphService(() => world, { graceMilliseconds: 3_000, ...options });
  return {
    ...service,
    host,
    streams: () => service.live.size,
    complaints: () => [
      ...service.lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 40),
      ...uncaught,
    ],
    close: async () => {
      await service.close();
      process.off('uncaughtExceptionMonitor', note).off('unhandledRejection', note);
    },
  };
}

/** A host with some of all kinds, and some of it broken. */
function hostWithEverything(): RandomHost {
  for (let n = 0; ; n += 1) {
    const host = new RandomHost(11, n);
    const isFine =
      host.fails === 'nothing' && host.logicalProcessors.length > 1 && host.partitions.length > 3;
    const isPartlyBroken = host.names().some((name) => host.pageAt(name, 0).is !== 'fine');
    if (isFine && isPartlyBroken && host.partitions[0]?.id === 1n) return host;
  }
}
