/** Whether a worker answers, and what it does where it does not. */
import type { Worker as ClusterWorker } from 'node:cluster';
import type { Logger } from 'pino';
import type { LoopHold } from '../../sampling/schedule/loop-holds.ts';
import type { ConnectionRotation } from './connection-rotation.ts';
import { ProcessActivity, type Activity } from './process-activity.ts';

/** Time between two pings. */
export const pingMilliseconds = 2_000;
/** A worker that leaves more pings unanswered hangs: one response takes far less. */
const maxUnansweredPings = 5;
/** One that works, or waits for a processor on a machine under load, may answer late. */
const maxUnansweredPingsWhileBusy = 15;

/** What the probe of a worker needs. */
export interface WorkerProbeOptions {
  readonly clusterWorker: ClusterWorker;
  readonly slot: number;
  readonly rotation: ConnectionRotation;
  readonly log: Logger;
}

/**
 * Pings one worker. From the first unanswered ping on, new connections go to others: those of a worker that hangs would
 * never be answered. Pings are counted, not time: while the primary itself is stalled, no worker is taken to hang.
 */
export class WorkerProbe {
  readonly #options: WorkerProbeOptions;
  readonly #activity: ProcessActivity;
  /** Pings since the last answer. */
  #unanswered = 0;
  /** What it was doing when it last did not answer; null while it answers. */
  #state: Activity | null = null;
  #lastHold: (LoopHold & { readonly at: string }) | null = null;

  constructor(options: WorkerProbeOptions) {
    this.#options = options;
    this.#activity = new ProcessActivity(options.clusterWorker.process.pid);
  }

  /** The last time that an operation kept its event loop, and when it was reported. */
  get lastHold(): (LoopHold & { readonly at: string }) | null {
    return this.#lastHold;
  }

  noteHold(hold: LoopHold): void {
    this.#lastHold = { ...hold, at: new Date().toISOString() };
  }

  /** Counts a ping that is about to be sent. Returns why the worker is to be killed; null while it is not. */
  countPing(): Error | null {
    const problem = this.#unanswered === 0 ? null : this.#onSilence();
    this.#unanswered += 1;
    return problem;
  }

  /** The worker has answered a ping. */
  noteAnswer(): void {
    const { clusterWorker, slot, rotation, log } = this.#options;
    this.#unanswered = 0;
    if (this.#state === null) return;
    this.#state = null;
    rotation.resume(clusterWorker);
    log.info({ worker: slot }, 'the worker answers again');
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
      log.warn(facts, 'a worker does not answer, and new connections go to others');
    }
    const most = state === 'busy' ? maxUnansweredPingsWhileBusy : maxUnansweredPings;
    if (this.#unanswered < most) return null;
    const seconds = (this.#unanswered * pingMilliseconds) / 1_000;
    return new Error(`A worker has not answered for ${seconds} s; it is ${state}`);
  }
}
