/** Time on processors to the microsecond, where /proc/<pid>/stat only has hundredths of a second. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that all threads of a process have run; threads that have ended do not count. */
export function processorMilliseconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // Time on a processor, time waiting for one, turns (Linux, Documentation/scheduler/sched-stats.rst).
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1e6;
}
