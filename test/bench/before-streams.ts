/** Streams of an earlier build compared with those of the working tree, in pairs. */
import { table } from '../soak/table.ts';
import { ratios } from './before.ts';
import { ratiosText, verdict, type Builds } from './before-table.ts';
import { medianOf } from './comparison-table.ts';
import { runStreams, type StreamsFigures } from './streams.ts';

/** How many streams, and how often. */
export interface BeforeStreamsOptions {
  readonly builds: Builds;
  readonly streams: readonly number[];
  readonly selections: readonly number[];
  readonly pairs: number;
  readonly seconds: number;
  /** The most that processor time and memory may be, as a ratio. */
  readonly goal: number;
  readonly tell: (what: string) => void;
}

/** A server of its own for each run; which build is first changes with each pair. */
export async function compareStreams(options: BeforeStreamsOptions): Promise<string> {
  const { streams, selections } = options;
  const rows: (string | number)[][] = [];
  for (const count of streams)
    for (const transport of ['SSE', 'WebSocket'] as const)
      for (const different of selections) {
        const pairs = await runPairs(options, { transport, streams: count, selections: different });
        rows.push(...rowsOf([count, transport, different], pairs, options.goal));
      }
  return table([head, ...rows]);
}

const head = 'streams,over,selections,,before,now,× before,from,to,goal'.split(',');
type Kind = Pick<Parameters<typeof runStreams>[0], 'transport' | 'streams' | 'selections'>;

interface FiguresPairs {
  readonly before: readonly StreamsFigures[];
  readonly now: readonly StreamsFigures[];
}

async function runPairs(
  { builds, pairs, seconds, tell }: BeforeStreamsOptions,
  kind: Kind,
): Promise<FiguresPairs> {
  const found: { before: StreamsFigures[]; now: StreamsFigures[] } = { before: [], now: [] };
  for (let pair = 0; pair < pairs; pair++) {
    for (const which of pair % 2 === 0 ? (['before', 'now'] as const) : (['now', 'before'] as const)) {
      const figures = await runStreams({ ...kind, seconds, subject: builds[which] });
      found[which].push(figures);
      tell(
        `${kind.streams} over ${kind.transport}, pair ${pair + 1}, ${which}: ${figures.processorPercent.toFixed(1)} %`,
      );
    }
  }
  return found;
}

/**
 * Processor time and the memory of the process are held to the goal, missed events to those of before. The lag and the
 * growth of the memory are shown only: a build that takes less memory before its streams are opened grows by more.
 */
export function rowsOf(
  kind: readonly (string | number)[],
  pairs: FiguresPairs,
  goal: number,
): (string | number)[][] {
  const row = (name: string, read: (figures: StreamsFigures) => number, isHeld: boolean) => {
    const [before, now] = [pairs.before.map(read), pairs.now.map(read)];
    const found = ratios(now, before);
    const medians = [before, now].map((values) => (medianOf(values) ?? NaN).toFixed(1));
    return [...kind, name, ...medians, ...ratiosText(found), isHeld ? verdict(found, { atMost: goal }) : ''];
  };
  const lost = (all: readonly StreamsFigures[]): number =>
    all.reduce((sum, { missed, errors }) => sum + missed + errors, 0);
  const [before, now] = [lost(pairs.before), lost(pairs.now)];
  const lostVerdict = now <= before ? 'reached' : 'missed';
  return [
    row('processor %', ({ processorPercent }) => processorPercent, true),
    row('MB in all', ({ megabytes }) => megabytes, true),
    row('KB a stream', ({ kilobytesEach }) => kilobytesEach, false),
    row('lag p99 ms', ({ lags }) => lags[2] ?? NaN, false),
    [...kind, 'missed, errors', `${before}`, `${now}`, '', '', '', `≤ before: ${lostVerdict}`],
  ];
}
