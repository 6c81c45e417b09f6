/** Determines what an unresponsive process is doing, from the operating system. */
import { readFileSync } from 'node:fs';

/**
 * busy: it runs or waits for a processor. stopped: by a signal or a debugger. waiting: for something other than a
 * processor. unknown: the system has no /proc.
 */
export type Activity = 'busy' | 'stopped' | 'waiting' | 'unknown';

/** Linux reports processor time in hundredths of a second (proc_pid_stat(5)). */
const millisecondsPerTick = 10;
/** With more processor time between two calls, the process was busy. */
const busyMilliseconds = 200;

/** Watches one process. */
export class ProcessActivity {
  readonly #pid: number | undefined;
  #processorMilliseconds = 0;

  constructor(pid: number | undefined) {
    this.#pid = pid;
  }

  /** What it is doing, by its state and by the processor time since the last call. */
  observe(): Activity {
    const stat = this.#readStat();
    if (stat === null) return 'unknown';
    const { state, processorMilliseconds } = stat;
    const spent = processorMilliseconds - this.#processorMilliseconds;
    this.#processorMilliseconds = processorMilliseconds;
    if (state === 'T' || state === 't') return 'stopped';
    return state === 'R' || spent >= busyMilliseconds ? 'busy' : 'waiting';
  }

  #readStat(): { readonly state: string; readonly processorMilliseconds: number } | null {
    try {
      // The name of the program is in parentheses and may contain spaces and parentheses.
      const fields = readFileSync(`/proc/${this.#pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      const [state = '', , , , , , , , , , , user, system] = fields;
      return { state, processorMilliseconds: (Number(user) + Number(system)) * millisecondsPerTick };
    } catch {
      return null;
    }
  }
}
