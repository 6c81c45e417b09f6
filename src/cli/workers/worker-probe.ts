/** Detects workers that do not respond. */
import type { Worker as ClusterWorker } from 'node:cluster';
import type { Logger } from 'pino';
import type { LoopHold } from '../../sampling/schedule/loop-holds.ts';
import type { ConnectionRotation } from './connection-rotation.ts';
import { ProcessActivity, type Activity } from './process-activity.ts';

/** Time between two pings. */
export const pingMilliseconds = 2_000;
/** With more unanswered pings, a worker is considered hung: a response takes far less time. */
const maxUnansweredPings = 5;
/** A busy worker, or one that waits for a processor on a loaded machine, may reply late. */
const maxUnansweredPingsWhileBusy = 15;

/** The options of a probe. */
export interface WorkerProbeOptions {
  readonly clusterWorker: ClusterWorker;
  readonly slot: number;
  readonly rotation: ConnectionRotation;
  readonly log: Logger;
}

/**
 * Pings one worker. From the first unanswered ping on, new connections go to other workers, because a hung worker would
 * never respond. Pings are counted instead of time, so that no worker is considered hung while the primary itself is
 * stalled.
 */
export class WorkerProbe {
  readonly #options: WorkerProbeOptions;
  readonly #activity: ProcessActivity;
  /** The number of pings since the last reply. */
  #unanswered = 0;
  /** Its activity when it last failed to reply; null while it replies. */
  #state: Activity | null = null;
  #lastHold: (LoopHold & { readonly at: string }) | null = null;

  constructor(options: WorkerProbeOptions) {
    this.#options = options;
    this.#activity = new ProcessActivity(options.clusterWorker.process.pid);
  }

  /** The last time that an operation blocked its event loop, and when that was reported. */
  get lastHold(): (LoopHold & { readonly at: string }) | null {
    return this.#lastHold;
  }

  noteHold(hold: LoopHold): void {
    this.#lastHold = { ...hold, at: new Date().toISOString() };
  }

  /** Counts a ping before it is sent. Returns the reason if the worker must be killed, otherwise null. */
  countPing(): Error | null {
    const problem = this.#unanswered === 0 ? null : this.#onSilence();
    this.#unanswered += 1;
    return problem;
  }

  /** Called when the worker has replied to a ping. */
  noteAnswer(): void {
    const { clusterWorker, slot, rotation, log } = this.#options;
    this.#unanswered = 0;
    if (this.#state === null) return;
    this.#state = null;
    rotation.resume(clusterWorker);
    log.info({ worker: slot }, 'the worker responds again');
  }

  #onSilence(): Error | null {
    const { clusterWorker, slot, rotation, log } = this.#options;
    const state = this.#activity.observe();
    if (state !== this.#state) {
      this.#state = state;
      rotation.pause(clusterWorker);
      const facts = {
        worker: slot,
        pid: clusterWorker.process.pid,
        state,
        lastHold: this.#lastHold ?? undefined,
      };
      log.warn(facts, 'a worker does not respond, and new connections go to others');
    }
    const most = state === 'busy' ? maxUnansweredPingsWhileBusy : maxUnansweredPings;
    if (this.#unanswered < most) return null;
    const seconds = (this.#unanswered * pingMilliseconds) / 1_000;
    return new Error(`A worker has not responded for ${seconds} s; it is ${state}`);
  }
}
