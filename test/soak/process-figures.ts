/** The resources that a process uses, as Linux reports them. */
import { readFileSync } from 'node:fs';

/** Time on processors and memory of a process. */
export interface ProcessFigures {
  readonly processorSeconds: number;
  readonly residentKilobytes: number;
}

/** USER_HZ, which is 100 on all that Node runs on (proc_pid_stat(5)). */
const ticksPerSecond = 100;

/** Reads the figures of a running process. */
export function processFigures(pid: number): ProcessFigures {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program is in parentheses and may contain any characters.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    processorSeconds: ticks / ticksPerSecond,
    residentKilobytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]),
  };
}
