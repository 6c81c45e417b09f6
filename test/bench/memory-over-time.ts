/** The memory of the service after minutes of load, with queries and streams. */
import { processFigures } from '../soak/process-figures.ts';
import { forkStreams, order } from '../soak/stream-client.ts';
import { table } from '../soak/table.ts';
import { onGround, tokenOnGround } from './comparison.ts';
import { contenderNamed } from './contender.ts';
import type { LoadGenerator } from './load.ts';
import { selectionsOf } from './streams.ts';
import { bodyOf, workloadNamed } from './workload.ts';

/** The times of measurements, in minutes from the start. */
export interface MemoryOptions {
  readonly minutes: readonly number[];
  readonly generator: LoadGenerator;
  readonly tell: (what: string) => void;
}

const streams = 500;
const loadSeconds = 15;

/** Loads the service for this time, and returns the table. */
export async function memoryOverTime({ minutes, generator, tell }: MemoryOptions): Promise<string> {
  const workload = workloadNamed('M');
  const rows: (string | number)[][] = [];
  const child = forkStreams();
  try {
    await onGround(
      { size: workload.host, contenders: [contenderNamed('hvql files')] },
      async ([opponent]) => {
        if (opponent === undefined) return;
        const { url, pid } = opponent.server;
        const token = await tokenOnGround();
        const megabytes = (): number => Math.round(processFigures(pid).residentKilobytes / 1_024);
        rows.push(['at the start', megabytes()]);
        await order(child, {
          kind: 'open',
          transport: 'WebSocket',
          streams,
          port: Number(new URL(url).port),
          token,
          queries: selectionsOf(20),
        });
        const began = performance.now();
        for (const minute of minutes) {
          while (performance.now() - began < minute * 60_000) {
            await generator.run({
              url,
              token,
              body: bodyOf(workload),
              connections: 32,
              seconds: loadSeconds,
            });
          }
          rows.push([`after ${minute} min`, megabytes()]);
          tell(rows.at(-1)?.join('  ') ?? '');
        }
      },
    );
  } finally {
    child.kill('SIGKILL');
  }
  const title = `Memory under M without a pause, beside ${streams} streams`;
  return `${title}\n${table([['', 'resident, MB'], ...rows])}\n`;
}
