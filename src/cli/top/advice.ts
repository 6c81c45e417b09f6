/** Advice for the user about errors of the graph. */
import type { ErrorCode } from '../../errors.ts';

/** The advice for an error of the graph on the screen. */
export function adviceFor(code: string): string {
  return adviceIn(advices, code);
}

/** The advice in printed output, where no keys can be pressed. */
export function printedAdviceFor(code: string): string {
  return adviceIn(printedAdvices, code);
}

type Advices = Partial<Readonly<Record<ErrorCode, string>>>;

function adviceIn(list: Advices, code: string): string {
  return (list as Readonly<Record<string, string>>)[code] ?? '';
}

const whoMayRead =
  'Only the root partition with ACCESS_STATS may read logical processors and the whole host; only a partition and its ' +
  'parent may read the partition. Use a token of the root ("hvql token --partition root"), or';

const advices: Advices = {
  ACCESS_DENIED: `${whoMayRead} press 1 for what this token may read.`,
  INVALID_PARTITION_ID:
    'It has stopped, or never existed. Press Esc to go back, or 1 for the existing partitions.',
  PAGE_UNAVAILABLE: 'Retrying at every interval. "hvql doctor" says what this machine can read.',
  OPERATION_NOT_ALLOWED:
    'The service executes only the documents of its --operations. Run hvql top on the machine with the source, without --url.',
  LIMIT_EXCEEDED: 'Show fewer columns (f), or filter (/).',
  BUDGET_EXCEEDED: 'Use a longer interval (d) or fewer columns (f).',
  NOT_FOUND: 'Press Esc for the other hosts.',
  HOST_UNREACHABLE: 'Retrying at every interval. Press Esc for the other hosts.',
  HOST_INCOMPATIBLE:
    'The host runs another version of hvql, which does not have these counters: choose others (f).',
};

const printedAdvices: Advices = {
  ...advices,
  ACCESS_DENIED: `${whoMayRead} --view partitions for what this token may read.`,
  INVALID_PARTITION_ID: 'It has stopped, or never existed. --view partitions shows the existing partitions.',
  PAGE_UNAVAILABLE: '"hvql doctor" says what this machine can read.',
  LIMIT_EXCEEDED: 'Show fewer columns (--columns), or filter (--filter).',
  BUDGET_EXCEEDED: 'Use a longer interval (--every) or fewer columns (--columns).',
  NOT_FOUND: '--view hosts shows the other hosts.',
  HOST_UNREACHABLE: '--view hosts shows the other hosts.',
  HOST_INCOMPATIBLE:
    'The host runs another version of hvql, which does not have these counters: choose others (--columns).',
};
