/** The table of a comparison. */
import { table } from '../soak/table.ts';
import type { Round, StartFailure, WorkloadResult } from './comparison.ts';
import type { Contender } from './contender.ts';
import type { WorkloadName } from './workload.ts';

/** A goal: a ratio to the responses per second of another server. */
export interface Goal {
  readonly against: 'A' | 'B' | 'B files' | 'C' | 'D';
  readonly ratio: number;
}

/** Ratios within one run, each by the workload. */
export const goals: Record<
  NonNullable<Contender['heldTo']>,
  Partial<Record<WorkloadName, readonly Goal[]>>
> = {
  'computed each time': {
    S: [goal('B', 1.3), goal('D', 1.8)],
    M: [goal('B', 2.2), goal('D', 3)],
    L: [goal('B', 4.7), goal('D', 8)],
    'S cold': [goal('C', 1.5)],
    'M cold': [goal('C', 1.5)],
    'W cold': [goal('C', 1.5)],
  },
  'shared snapshot': { S: [goal('A', 0.8)], M: [goal('A', 0.8)], L: [goal('A', 0.9)] },
  'page files': {
    S: [goal('B files', 1.3)],
    M: [goal('B files', 1.3)],
    L: [goal('B files', 1.5)],
  },
};

const rivals = ['A', 'B', 'C', 'D'] as const;

/** A table for each workload. */
export function comparisonText(results: readonly WorkloadResult[], contenders: readonly Contender[]): string {
  return results.map((result) => workloadText(result, contenders)).join('\n\n');
}

/** A line for each contender that the tables lack; nothing where none is missing. */
export function failuresText(failures: readonly StartFailure[]): string {
  return failures
    .map(({ contender, reason }) => `NOT MEASURED: ${contender.name} could not be started: ${reason}\n`)
    .join('');
}

function workloadText(result: WorkloadResult, contenders: readonly Contender[]): string {
  const { workload, answerInBytes, rounds } = result;
  const perSecond = (key: string): number | null =>
    medianOf((rounds.get(key) ?? []).map((round) => round.perSecond));
  const measured = contenders.filter(({ key }) => rounds.has(key));
  const rows = measured.map((contender) => {
    const own = perSecond(contender.key);
    const all = rounds.get(contender.key) ?? [];
    const rates = all.map((round) => round.perSecond);
    const ratios = rivals.map((key) => ratioText(own, perSecond(key)));
    return [
      contender.name,
      ...[own ?? NaN, Math.min(...rates), Math.max(...rates)].map((rate) => Math.round(rate)),
      ...ratios,
      processorText(all),
      goalText(contender, result),
    ];
  });
  const title = `${workload.name}: ${workload.title} (${answerInBytes.toLocaleString('en')} bytes, ${workload.connections} connections)`;
  const head = [
    '',
    'answers/s',
    'from',
    'to',
    ...rivals.map((key) => `× ${key}`),
    'processor µs',
    'to reach',
  ];
  return `${title}\n${table([head, ...rows])}`;
}

function goalText({ key, heldTo }: Contender, { workload, rounds }: WorkloadResult): string {
  if (heldTo === null) return '';
  const [own, ownTime] = medians(rounds.get(key) ?? []);
  return (goals[heldTo][workload.name] ?? [])
    .map(({ against, ratio }) => {
      const [other, otherTime] = medians(rounds.get(against) ?? []);
      const name = against === 'B files' ? 'B, reading files' : against;
      if (own === null || other === null) return `${ratio} × ${name}: not measured`;
      const byTime = ratioText(otherTime, ownTime);
      const result = own >= ratio * other ? 'reached' : 'not reached';
      return `${ratio} × ${name}: ${result} (${ratioText(own, other)}; by processor time ${byTime})`;
    })
    .join(', ');
}

/** Of answers per second, and of the time on a processor for each answer. */
function medians(rounds: readonly Round[]): [number | null, number | null] {
  return [medianOf(rounds.map(({ perSecond }) => perSecond)), processorMicroseconds(rounds)];
}

/** The middle number; the mean of the two middle numbers of an even count; null for an empty list. */
export function medianOf(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** The median time on a processor for each answer. */
export function processorMicroseconds(rounds: readonly Round[]): number | null {
  return medianOf(rounds.flatMap((round) => round.processorMicroseconds ?? []));
}

function processorText(rounds: readonly Round[]): string {
  return processorMicroseconds(rounds)?.toFixed(1) ?? '';
}

function ratioText(own: number | null, other: number | null): string {
  return own === null || other === null ? '' : (own / other).toFixed(2);
}

function goal(against: Goal['against'], ratio: number): Goal {
  return { against, ratio };
}
