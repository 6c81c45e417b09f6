/** The workers of a service: begun together, replaced when they die or do nothing any more, ended together. */
import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { SubscriptionLeases } from '../../execution/live/subscription-leases.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import type { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { recordOf } from '../../source/ipc/error-record.ts';
import { closeLostConnection } from './lost-connection.ts';
import { failureError, type ToPrimary, type ToWorker, type WorkerTask } from './worker-message.ts';
import { sourceDescriptor } from './primary-connection.ts';

/** What a crew is. */
export interface WorkerPoolOptions {
  readonly count: number;
  /** What each is told beside its place. */
  readonly task: Omit<WorkerTask, 'kind' | 'slot' | 'isManifestKnown'>;
  readonly leases: SubscriptionLeases<ClusterWorker>;
  /** Of the page folder that each worker reads, where that is the source. */
  readonly manifestMemory: ManifestMemory;
  /** Takes the channel over which a worker asks the source. */
  readonly answerFor: (channel: Duplex) => void;
  readonly log: Logger;
}

/** What a worker says once it serves. */
export interface Serving {
  readonly url: string;
  readonly tokens: readonly GraphiqlToken[] | null;
}

/** A worker that takes longer is given up. */
const startLimitMilliseconds = 30_000;
/** Below the ten seconds in which a service ends; the workers' own grace time is shorter. */
const closeLimitMilliseconds = 9_500;
/** One that lived so long did not die of its start. */
const settledMilliseconds = 10_000;
/** All are asked so often whether they still do anything. */
const pingMilliseconds = 2_000;
/** So many questions that are not answered, and a worker is taken for hung: far beyond what one answer may take. */
const maxUnansweredPings = 5;
const shortestDelayMilliseconds = 100;
const longestDelayMilliseconds = 10_000;

/** One process, and how it stands. */
interface Worker {
  readonly clusterWorker: ClusterWorker;
  readonly slot: number;
  readonly startedAt: number;
  startLimit: NodeJS.Timeout | undefined;
  serving: Serving | null;
  failure: Error | null;
  /** Questions since the last answer. */
  unansweredPings: number;
}

/**
 * Workers behind one port. Node deals out connections in turn: streams and kept connections live long, and left to
 * themselves eight processes were seen to take up to nine times as many as one another. The port is open for as long as
 * one of them lives.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #restartTimers = new Map<number, NodeJS.Timeout>();
  /** How often in a row the worker at a place has died early. */
  readonly #earlyExits = new Map<number, number>();
  #port: number;
  #announced: string | null = null;
  #isClosing = false;
  #pingTimer: NodeJS.Timeout | undefined;
  #starting: { resolve: (serving: Serving) => void; reject: (error: Error) => void } | null = null;
  #onFailed: (error: Error) => void = () => undefined;
  #onEmpty: () => void = () => undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#port = options.task.port;
  }

  /** Resolves once all serve; rejects with why one of them cannot. Either way it is to be closed. */
  async start(): Promise<Serving> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] });
    const served = new Promise<Serving>((resolve, reject) => (this.#starting = { resolve, reject }));
    for (let slot = 1; slot <= this.#options.count; slot++) this.#start(slot);
    this.#pingTimer = setInterval(() => this.#pingAll(), pingMilliseconds);
    return served;
  }

  /** Rejects when no worker serves any more and none can be begun. */
  failed(): Promise<never> {
    return new Promise((_resolve, reject) => (this.#onFailed = reject));
  }

  /** Tells all that their files are to be opened anew. */
  reopen(): void {
    for (const { clusterWorker } of this.#workers.values()) send(clusterWorker, { kind: 'reopen' });
  }

  /** Ends all: each finishes what is under way, for as long as it may take. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#pingTimer);
    for (const delay of this.#restartTimers.values()) clearTimeout(delay);
    this.#restartTimers.clear();
    if (this.#workers.size === 0) return;
    const emptied = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const { clusterWorker } of this.#workers.values()) send(clusterWorker, { kind: 'close' });
    const limit = setTimeout(() => this.#killAll(), closeLimitMilliseconds);
    await emptied;
    clearTimeout(limit);
  }

  /**
   * One that hangs would leave whoever it is dealt without an answer for ever. Counted in questions of this process:
   * while it stands still itself, nobody's patience runs out.
   */
  #pingAll(): void {
    for (const worker of this.#workers.values()) {
      if (worker.serving === null) continue;
      if (worker.unansweredPings >= maxUnansweredPings) {
        const seconds = (maxUnansweredPings * pingMilliseconds) / 1_000;
        worker.failure ??= new Error(`A worker has not answered for ${seconds} s`);
        worker.clusterWorker.process.kill('SIGKILL');
      } else {
        worker.unansweredPings += 1;
        send(worker.clusterWorker, { kind: 'ping' });
      }
    }
  }

  #killAll(): void {
    for (const { clusterWorker } of this.#workers.values()) clusterWorker.process.kill('SIGKILL');
  }

  #start(slot: number): void {
    this.#restartTimers.delete(slot);
    const clusterWorker = cluster.fork();
    closeLostConnection(clusterWorker);
    const startedAt = performance.now();
    const worker: Worker = {
      clusterWorker,
      slot,
      startedAt,
      startLimit: undefined,
      serving: null,
      failure: null,
      unansweredPings: 0,
    };
    worker.startLimit = setTimeout(() => {
      worker.failure = new Error(`A worker does not serve within ${startLimitMilliseconds / 1_000} s`);
      clusterWorker.process.kill('SIGKILL');
    }, startLimitMilliseconds);
    this.#workers.set(slot, worker);
    const channel = clusterWorker.process.stdio[sourceDescriptor];
    // A pipe is both, on every system.
    if (channel) this.#options.answerFor(channel as Duplex);
    clusterWorker.on('message', (message: ToPrimary) => this.#onMessage(worker, message));
    // One that cannot be begun or told anything is about to exit.
    clusterWorker.on('error', (error) => (worker.failure ??= error));
    clusterWorker.once('exit', (code, signal) => this.#onExit(worker, { code, signal }));
  }

  #onMessage(worker: Worker, message: ToPrimary): void {
    const { clusterWorker, slot } = worker;
    const { leases, manifestMemory } = this.#options;
    switch (message.kind) {
      case 'hello':
        send(clusterWorker, {
          ...this.#options.task,
          kind: 'start',
          slot,
          port: this.#port,
          isManifestKnown: manifestMemory.isKnown,
        });
        if (this.#isClosing) send(clusterWorker, { kind: 'close' });
        break;
      case 'serving':
        this.#onReady(worker, message);
        break;
      case 'failed':
        worker.failure = failureError(message.failure);
        break;
      case 'pong':
        worker.unansweredPings = 0;
        break;
      case 'manifest':
        manifestMemory.noteFromOther();
        this.#sendToOthers(worker, message);
        break;
      case 'absent':
        this.#sendToOthers(worker, message);
        break;
      case 'acquire-lease': {
        const { number, request } = message;
        const problem = leases.acquire(clusterWorker, { number, request });
        send(clusterWorker, { kind: 'lease', number, problem: problem && recordOf(problem) });
        break;
      }
      case 'release-lease':
        leases.release(clusterWorker, message.number);
    }
  }

  #sendToOthers(worker: Worker, message: ToWorker): void {
    for (const other of this.#workers.values()) if (other !== worker) send(other.clusterWorker, message);
  }

  #onReady(worker: Worker, { url, tokens }: Serving): void {
    clearTimeout(worker.startLimit);
    this.#announced ??= url;
    if (url !== this.#announced) {
      // Begun with port 0 when the others, whose port it was to share, died.
      this.#port = portOf(this.#announced);
      worker.failure = new Error(`A worker came to ${url} in place of ${this.#announced}`);
      worker.clusterWorker.process.kill('SIGKILL');
      return;
    }
    worker.serving = { url, tokens };
    const workers = [...this.#workers.values()];
    if (workers.length < this.#options.count || workers.some(({ serving }) => serving === null)) return;
    this.#starting?.resolve(workers.find(({ slot }) => slot === 1)?.serving ?? worker.serving);
    this.#starting = null;
  }

  #onExit(worker: Worker, end: { readonly code: number | null; readonly signal: string | null }): void {
    const { clusterWorker, slot, failure, startLimit } = worker;
    const { leases, log } = this.#options;
    clearTimeout(startLimit);
    leases.releaseAll(clusterWorker);
    this.#workers.delete(slot);
    if (this.#workers.size === 0 && this.#announced !== null) this.#port = portOf(this.#announced);
    if (this.#isClosing) {
      if (this.#workers.size === 0) this.#onEmpty();
      return;
    }
    if (this.#starting !== null) {
      const { reject } = this.#starting;
      this.#starting = null;
      reject(failure ?? new Error(`A worker ended before it served: ${end.signal ?? `code ${end.code}`}`));
      return;
    }
    const isServed = [...this.#workers.values()].some(({ serving }) => serving !== null);
    if (failure !== null && !isServed && worker.serving === null) {
      this.#onFailed(failure);
      return;
    }
    const delay = this.#restartDelay(worker);
    log.warn(
      { worker: slot, pid: clusterWorker.process.pid, ...end, err: failure ?? undefined, rest: delay },
      'a worker has ended, and another one takes its place',
    );
    this.#restartTimers.set(
      slot,
      setTimeout(() => this.#start(slot), delay),
    );
  }

  /** How long to wait before the next is begun: longer each time that one dies soon. */
  #restartDelay({ slot, startedAt }: Worker): number {
    const isEarly = performance.now() - startedAt < settledMilliseconds;
    const exits = isEarly ? (this.#earlyExits.get(slot) ?? 0) + 1 : 0;
    this.#earlyExits.set(slot, exits);
    return Math.min(longestDelayMilliseconds, shortestDelayMilliseconds * 2 ** Math.max(0, exits - 1));
  }
}

function send(clusterWorker: ClusterWorker, message: ToWorker): void {
  // One that cannot be told anything is about to exit.
  if (clusterWorker.isConnected()) clusterWorker.send(message, undefined, () => undefined);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
