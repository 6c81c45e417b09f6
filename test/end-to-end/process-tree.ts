/** The processes of a service, as Linux lists them. */
import { readdirSync, readFileSync } from 'node:fs';

/** The children of a process, those that have ended and were not waited for left out. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      const stat = statOf(each);
      return stat?.parent === pid && stat.state !== 'Z';
    });
}

/** Whether the process is there and has not ended. */
export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== 'Z';
}

function statOf(pid: number): { state: string; parent: number } | null {
  try {
    // The name stands in parentheses, and may have spaces (proc_pid_stat(5)).
    const [state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}
