/** Advice for the user about errors of the graph. */
import type { ErrorCode } from '../../errors.ts';

/** The advice for an error of the graph. */
export function adviceFor(code: string): string {
  return (advices as Readonly<Record<string, string>>)[code] ?? '';
}

const advices: Partial<Readonly<Record<ErrorCode, string>>> = {
  ACCESS_DENIED:
    'Only the root partition with ACCESS_STATS may read logical processors and the whole host; only a partition and its ' +
    'parent may read the partition. Use a token of the root ("hvql token --partition root"), or press 1 for what this token may read.',
  INVALID_PARTITION_ID:
    'It has stopped, or never existed. Press Esc to go back, or 1 for the existing partitions.',
  PAGE_UNAVAILABLE: 'Retrying at every interval. "hvql doctor" says what this machine can read.',
  OPERATION_NOT_ALLOWED:
    'The service executes only the documents of its --operations. Run hvql top on the machine with the source, without --url.',
  LIMIT_EXCEEDED: 'Show fewer columns (f), or filter (/).',
  BUDGET_EXCEEDED: 'Use a longer interval (d) or fewer columns (f).',
  HOST_UNREACHABLE: 'Retrying at every interval. Press Esc for the other hosts.',
  HOST_INCOMPATIBLE:
    'The host runs another version of hvql, which does not have these counters: choose others (f).',
};
