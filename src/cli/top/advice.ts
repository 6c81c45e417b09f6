/** What a person can do about the errors of the graph. */
import type { ErrorCode } from '../../errors.ts';

/** What to do about an error of the graph. */
export function adviceFor(code: string): string {
  return (advices as Readonly<Record<string, string>>)[code] ?? '';
}

const advices: Partial<Readonly<Record<ErrorCode, string>>> = {
  ACCESS_DENIED:
    'Logical processors and the whole host are for the root partition with ACCESS_STATS; a partition is for itself and ' +
    'its parent. Use a token of the root ("hvql token --partition root"), or press 1 for what this token may read.',
  INVALID_PARTITION_ID:
    'It has ended, or never was. Press Esc to go back, or 1 for the partitions that there are.',
  PAGE_UNAVAILABLE: 'It is tried again at every interval. "hvql doctor" says what this machine can read.',
  OPERATION_NOT_ALLOWED:
    'The service answers only the documents of its --operations. Run hvql top where the source is, without --url.',
  LIMIT_EXCEEDED: 'Show fewer columns (f), or filter (/).',
  BUDGET_EXCEEDED: 'Use a longer interval (d) or fewer columns (f).',
  HOST_UNREACHABLE: 'It is tried again at every interval. Press Esc for the other hosts.',
  HOST_INCOMPATIBLE:
    'The host runs another version of hvql, which does not have these counters: choose others (f).',
};
