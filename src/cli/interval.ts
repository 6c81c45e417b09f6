/** Whether the times that a command is given make sense. */
import { UsageError } from '../errors.ts';

/** What repeats at an interval, in milliseconds. */
export interface Interval {
  readonly every: number;
  readonly for?: number | undefined;
}

/** Throws a UsageError with what is wrong with the times: nothing can be done every 0 ms. */
export function assertInterval(interval: Interval): void {
  const problems = [];
  if (!(interval.every >= 1)) problems.push(`--every needs at least 1ms, but is ${interval.every}ms.`);
  if (interval.for !== undefined && !(interval.for >= 0)) {
    problems.push(`--for needs a length of time, but is ${interval.for}ms.`);
  }
  if (problems.length > 0) throw new UsageError(problems);
}
