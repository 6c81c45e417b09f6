/** `--before <commit>`: the build of an earlier commit and that of the working tree under the same loads, in pairs. */
import { ratiosText, verdict, type Builds, type Ratios } from './before-table.ts';
import { compare, type ComparisonOptions, type Round, type StartFailure } from './comparison.ts';
import { medianOf } from './comparison-table.ts';
import { hvql, variants, type Variant } from './contender.ts';
import { table } from '../soak/table.ts';

/** Two builds, and the variants of the new one that are measured against one of the earlier build. */
export interface BeforeOptions extends Omit<ComparisonOptions, 'contenders'> {
  readonly rows: readonly Variant[];
  readonly builds: Builds;
  /** The least ratio, for answers per second and for answers per second on a processor. */
  readonly goalOf: (row: Variant) => number;
}

/** The tables, and what is missing in them. */
export interface BeforeResult {
  readonly text: string;
  readonly failures: readonly StartFailure[];
}

/**
 * Measures row by row. Each pair is of processes that were started for it: V8 compiles the same source better in one
 * process than in another, and pairs of the same two processes would all repeat that chance. The build that is put under
 * load first is another one in each pair.
 */
export async function compareBuilds({
  rows,
  builds,
  goalOf,
  ...options
}: BeforeOptions): Promise<BeforeResult> {
  const lines = new Map<string, (string | number)[][]>();
  const failures: StartFailure[] = [];
  for (const row of rows) {
    const earlier = variants.find(({ key }) => key === row.before);
    if (earlier === undefined) continue;
    const contenders = [
      { ...hvql(earlier, builds.before), key: 'before', name: `${row.name}, before` },
      { ...hvql(row, builds.now), key: 'now', name: `${row.name}, now` },
    ];
    const pairs = new Map<string, { before: Round[]; now: Round[] }>();
    for (let pair = 0; pair < options.rounds; pair++) {
      options.tell(`Pair ${pair + 1} of ${row.name}`);
      const ordered = pair % 2 === 0 ? contenders : contenders.toReversed();
      const comparison = await compare({ ...options, rounds: 1, contenders: ordered });
      failures.push(...comparison.failures);
      if (comparison.failures.length > 0) break;
      for (const { workload, rounds } of comparison.results) {
        const [before, now] = [rounds.get('before') ?? [], rounds.get('now') ?? []];
        if (before.length === 0 || now.length === 0) continue;
        const all = pairs.get(workload.name) ?? { before: [], now: [] };
        pairs.set(workload.name, all);
        all.before.push(...before);
        all.now.push(...now);
      }
    }
    for (const [name, rounds] of pairs)
      lines.set(name, [...(lines.get(name) ?? []), [row.name, ...cellsOf(rounds, goalOf(row))]]);
  }
  const text = options.workloads
    .filter(({ name }) => lines.has(name))
    .map(({ name, title }) => `${name}: ${title}\n${table([head, ...(lines.get(name) ?? [])])}\n`)
    .join('\n');
  return { text, failures };
}

const head =
  ',before/s,now/s,× answers,from,to,goal,before µs,now µs,× per processor time,from,to,goal'.split(',');

/** Rounds of both builds, those of the same number next to each other in time. */
export interface RoundPairs {
  readonly before: readonly Round[];
  readonly now: readonly Round[];
}

/** A row without its name. Above 1, the new build is the faster one, in both ratios. */
export function cellsOf({ before, now }: RoundPairs, goal: number): (string | number)[] {
  const of = (rounds: readonly Round[], read: (round: Round) => number | null): number[] =>
    rounds.flatMap((round) => read(round) ?? []);
  const perSecond = (round: Round): number => round.perSecond;
  const microseconds = (round: Round): number | null => round.processorMicroseconds;
  const answers = ratios(of(now, perSecond), of(before, perSecond));
  const processor = ratios(of(before, microseconds), of(now, microseconds));
  return [
    Math.round(medianOf(of(before, perSecond)) ?? NaN),
    Math.round(medianOf(of(now, perSecond)) ?? NaN),
    ...ratiosText(answers),
    verdict(answers, { atLeast: goal }),
    (medianOf(of(before, microseconds)) ?? NaN).toFixed(1),
    (medianOf(of(now, microseconds)) ?? NaN).toFixed(1),
    ...ratiosText(processor),
    verdict(processor, { atLeast: goal }),
  ];
}

/** Of numbers that belong together in pairs: how many times the second one the first one is. */
export function ratios(over: readonly number[], under: readonly number[]): Ratios {
  const all = over.map((value, n) => value / (under[n] ?? NaN));
  return { median: medianOf(all), least: Math.min(...all), most: Math.max(...all) };
}
