/** The table of the ratios of two builds, and whether they reach their goals. */
import { isSameFile, type Build } from './build.ts';

/** The text above the tables of two builds. */
export function beforeText({ builds, rounds }: { builds: Builds; rounds: number }): string {
  const source = 'test/bench/memory-source.ts';
  return [
    `Before: ${builds.before.title}. Now: ${builds.now.title}.`,
    `Medians of ${rounds} pairs. Both builds are started for each pair and put under load one after the other; the order`,
    'alternates. Ratios are those of each pair: median, least and most. Processor time is that of all threads',
    'of the server, for each answer; its ratio says more than that of the answers on a machine with other work.',
    'Above 1, the new build is faster; for streams, it takes more.',
    ...(isSameFile(source, [builds.before, builds.now])
      ? []
      : [`The pages in memory are not read in the same way: ${source} differs between both.`]),
    '',
  ].join('\n');
}

/** The builds that are compared. */
export interface Builds {
  readonly before: Build;
  readonly now: Build;
}

/** Ratios of pairs. */
export interface Ratios {
  readonly median: number | null;
  readonly least: number;
  readonly most: number;
}

/** A bound of a median. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** Median, minimum, maximum. */
export function ratiosText({ median, least, most }: Ratios): string[] {
  return [median ?? NaN, least, most].map((ratio) => ratio.toFixed(3));
}

/** "≥ 0.97: reached"; a median that is not known is missed. */
export function verdict({ median }: Ratios, goal: Goal): string {
  const isAtLeast = 'atLeast' in goal;
  const bound = isAtLeast ? goal.atLeast : goal.atMost;
  const isReached = median !== null && (isAtLeast ? median >= bound : median <= bound);
  return `${isAtLeast ? '≥' : '≤'} ${bound}: ${isReached ? 'reached' : 'missed'}`;
}

/**
 * Reads `--goal`: a number for every row, or "hvql=0.95,streams=1.1" for those that are named. Throws where a name
 * is not in `names`, or a number cannot be read.
 */
export function parseGoals(
  text: string | undefined,
  names: readonly string[],
): (name: string) => number | undefined {
  const goals = new Map<string, number>();
  let everywhere: number | undefined;
  for (const part of text?.split(',') ?? []) {
    const [, name, digits] = /^(?:(.+)=)?([\d.]+)$/.exec(part) ?? [];
    const goal = Number(digits);
    if (!(goal > 0)) throw new Error(`--goal: "${part}" is not a number, or a name, = and a number.`);
    if (name === undefined) everywhere = goal;
    else if (names.includes(name)) goals.set(name, goal);
    else throw new Error(`--goal: there is no "${name}"; there are ${names.join(', ')}.`);
  }
  return (name) => goals.get(name) ?? everywhere;
}
