/** Detects operations that block the event loop for long. */
import { hash } from 'node:crypto';

/** How the log identifies an operation. */
export interface NamedWork {
  readonly caller: { readonly partitionId: bigint | 'root' };
  readonly operationName: string | null;
  readonly operation?: { readonly query: string } | null;
}

/** A period in which the event loop was blocked; plain JSON. */
export interface LoopHold {
  readonly milliseconds: number;
  /** The caller's partition; null if no operation had begun. */
  readonly caller: string | null;
  /** The operation's name, which clients choose, or the digest of its document. */
  readonly operation: string | null;
}

const checkMilliseconds = 250;
/** Shorter periods are not logged. */
const leastMilliseconds = 1_000;
/** With less processor time, the process itself did not run. */
const leastSpentMilliseconds = 500;
const nameLimit = 100;

/** Detects a blocked event loop by a timer that fires late. Recording an operation costs one assignment. */
export class LoopHolds {
  /** The last operation that began in this turn of the event loop, and in the turn before. */
  #now: NamedWork | null = null;
  #before: NamedWork | null = null;

  /** Called when an operation, or an event, begins to run. */
  begin(work: NamedWork): void {
    this.#now = work;
  }

  /** Called at the end of a turn of the event loop: late timers run right after it, and other work has begun by then. */
  endTurn(): void {
    this.#before = this.#now;
    this.#now = null;
  }

  /** Calls back after each hold, until the returned function is called. */
  watch(onHold: (hold: LoopHold) => void): () => void {
    let checkedAt = performance.now();
    let spent = processorMilliseconds();
    const timer = setInterval(() => {
      const milliseconds = Math.round(performance.now() - checkedAt - checkMilliseconds);
      const work = this.#before ?? this.#now;
      this.#before = null;
      const spentBefore = spent;
      spent = processorMilliseconds();
      checkedAt = performance.now();
      if (milliseconds < leastMilliseconds || spent - spentBefore < leastSpentMilliseconds) return;
      onHold({ milliseconds, ...namesOf(work) });
    }, checkMilliseconds);
    timer.unref();
    return () => clearInterval(timer);
  }
}

function namesOf(work: NamedWork | null): Pick<LoopHold, 'caller' | 'operation'> {
  if (work === null) return { caller: null, operation: null };
  const { caller, operationName, operation } = work;
  const digest = operation == null ? null : `sha256:${hash('sha256', operation.query)}`;
  return { caller: `${caller.partitionId}`, operation: operationName?.slice(0, nameLimit) ?? digest };
}

function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** A process has one event loop. */
export const loopHolds = new LoopHolds();
