/**
 * `processor --before <commit>`: processor time of an earlier build beside that of the working tree's, for machines that do
 * other work. Both servers run at once and are asked in turn, a few dozen milliseconds each, so that what slows the
 * machine down slows both.
 */
import { ratiosText, verdict, type Builds } from './before-table.ts';
import { ratios } from './before.ts';
import { medianOf } from './comparison-table.ts';
import { askOnce, openGround, tokenOnGround } from './comparison.ts';
import { hvql, variants, type Variant } from './contender.ts';
import { openFixedLoad, type FixedLoad } from './fixed-load.ts';
import { processorMilliseconds } from './processor-time.ts';
import { canPin, pin, processors } from './processors.ts';
import { table } from '../soak/table.ts';
import { bodyOf, type Workload } from './workload.ts';

/** What is measured, and how often. */
export interface BeforeProcessorOptions {
  readonly builds: Builds;
  readonly rows: readonly Variant[];
  readonly workloads: readonly Workload[];
  /** Pairs of servers, each freshly started: V8 compiles the same source better in one process than in another. */
  readonly pairs: number;
  /** Turns of each server of a pair. */
  readonly turns: number;
  /** Each pair is warmed at least this long. Work that is done once a second is compiled after some ten times. */
  readonly warmingMilliseconds: number;
  readonly goalOf: (row: Variant) => number;
  readonly tell: (what: string) => void;
}

/** One turn has as many requests as take about this long. */
const turnMilliseconds = 50;
const mostRequests = 2_000;

/** The table: microseconds of the server's threads for each answer, and the ratio of each pair of servers. */
export async function compareProcessorTime(options: BeforeProcessorOptions): Promise<string> {
  if (canPin()) pin(process.pid, processors.client);
  const lines: (string | number)[][] = [];
  for (const workload of options.workloads)
    for (const row of options.rows) {
      const earlier = variants.find(({ key }) => key === row.before);
      if (earlier === undefined || (workload.isNewText && !row.isAskedCold)) continue;
      const spent: Record<'before' | 'now', number[]> = { before: [], now: [] };
      for (let pair = 0; pair < options.pairs; pair++) {
        const [before, now] = await measurePair({ workload, earlier, row }, options);
        spent.before.push(before);
        spent.now.push(now);
        options.tell(
          `${workload.name}, ${row.name}, pair ${pair + 1}: ${before.toFixed(1)} µs before, ${now.toFixed(1)} µs now, × ${(before / now).toFixed(3)}`,
        );
      }
      const found = ratios(spent.before, spent.now);
      const medians = [spent.before, spent.now].map((values) => (medianOf(values) ?? NaN).toFixed(1));
      lines.push([
        workload.name,
        row.name,
        ...medians,
        ...ratiosText(found),
        verdict(found, { atLeast: options.goalOf(row) }),
      ]);
    }
  return `Turns of each server: ${options.turns}.\n${table([head, ...lines])}\n`;
}

const head = ',,before µs,now µs,before / now,from,to,goal'.split(',');

interface Asked {
  readonly pid: number;
  readonly load: FixedLoad;
  /** Microseconds for each answer, one number for each turn. */
  readonly spent: number[];
}

/** Microseconds for each answer: the median turn of each server. */
async function measurePair(
  { workload, earlier, row }: { workload: Workload; earlier: Variant; row: Variant },
  { builds, turns, warmingMilliseconds }: BeforeProcessorOptions,
): Promise<readonly [number, number]> {
  const contenders = [hvql(earlier, builds.before), hvql(row, builds.now)];
  const ground = await openGround({ size: workload.host, contenders });
  const asked: Asked[] = [];
  try {
    const token = await tokenOnGround();
    for (const { server } of ground.opponents) {
      if (canPin()) pin(server.pid, processors.server);
      await askOnce(server, workload.query);
      const { connections } = workload;
      const load = await openFixedLoad({ url: server.url, body: bodyOf(workload), token, connections });
      asked.push({ pid: server.pid, load, spent: [] });
    }
    // In turn, as they are measured: the compiler's threads share the processor with both.
    const start = performance.now();
    for (let n = 0; n < 10 || performance.now() - start < warmingMilliseconds; n++)
      for (const { load } of asked) await load.run(Math.ceil(workload.warmingAnswers / 10));
    const requests = Math.min(mostRequests, await requestsOfTurn(asked));
    for (let turn = 0; turn < turns; turn++)
      for (const one of turn % 2 === 0 ? asked : asked.toReversed()) await takeTurn(one, requests);
    const [before = NaN, now = NaN] = asked.map(({ spent }) => medianOf(spent) ?? NaN);
    return [before, now];
  } finally {
    asked.forEach(({ load }) => load.close());
    await ground.close();
  }
}

async function takeTurn({ pid, load, spent }: Asked, requests: number): Promise<void> {
  const start = processorMilliseconds(pid);
  await load.run(requests);
  spent.push((1_000 * (processorMilliseconds(pid) - start)) / requests);
}

async function requestsOfTurn([first]: readonly Asked[]): Promise<number> {
  if (first === undefined) throw new TypeError('there are no servers');
  const probe = { ...first, spent: [] as number[] };
  await takeTurn(probe, 20);
  await takeTurn(probe, 20);
  return Math.ceil((turnMilliseconds * 1_000) / (probe.spent[1] ?? NaN));
}
