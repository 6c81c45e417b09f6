/** The worker processes of a service: started together, replaced when they exit or hang, closed together. */
import cluster, { type Worker as ClusterWorker } from 'node:cluster';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { SubscriptionLeases } from '../../execution/live/subscription-leases.ts';
import type { HealthReport } from '../../metrics/service-health.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import type { GraphiqlToken } from '../../server/http/graphiql-page.ts';
import type { ManifestMemory } from '../../source/page-folder/manifest.ts';
import { recordOf } from '../../source/ipc/error-record.ts';
import { HealthCollection } from './health-collection.ts';
import { ConnectionRotation } from './connection-rotation.ts';
import { failureError, type ToPrimary, type ToWorker, type WorkerTask } from './worker-message.ts';
import { sourceDescriptor } from './primary-connection.ts';
import { pingMilliseconds, WorkerProbe } from './worker-probe.ts';

/** The options of the pool. */
export interface WorkerPoolOptions {
  readonly count: number;
  /** The task of each worker, without the parts that differ between workers. */
  readonly task: Omit<WorkerTask, 'kind' | 'slot' | 'isManifestKnown'>;
  readonly leases: SubscriptionLeases<ClusterWorker>;
  /** Of the page folder that each worker reads, if that is the source. */
  readonly manifestMemory: ManifestMemory;
  /** Serves the source over the channel of a worker. */
  readonly answerFor: (channel: Duplex) => void;
  /** Called with the objects that a worker has found absent. */
  readonly onAbsence: (report: AbsenceReport) => void;
  readonly log: Logger;
}

/** The report of a worker that has started to serve. */
export interface Serving {
  readonly url: string;
  readonly tokens: readonly GraphiqlToken[] | null;
}

/** A worker that takes longer to start is killed. */
const startLimitMilliseconds = 30_000;
/** Less than the ten seconds in which a service shuts down; the workers' own grace period is shorter. */
const closeLimitMilliseconds = 9_500;
/** If a worker ran for longer, its exit is not a failure to start. */
const settledMilliseconds = 10_000;
const shortestDelayMilliseconds = 100;
const longestDelayMilliseconds = 10_000;

/** One process and its state. */
interface Worker {
  readonly clusterWorker: ClusterWorker;
  readonly slot: number;
  readonly startedAt: number;
  startLimit: NodeJS.Timeout | undefined;
  serving: Serving | null;
  failure: Error | null;
  /** Whether it got another port than the announced one. */
  isMisplaced: boolean;
  readonly probe: WorkerProbe;
}

/**
 * Worker processes that share one port. Node distributes connections round robin, because streams and persistent
 * connections are long-lived, and if eight processes accept for themselves, some get nine times as many as others. The port
 * stays open as long as one of them runs.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #rotation = new ConnectionRotation();
  readonly #restartTimers = new Map<number, NodeJS.Timeout>();
  readonly #health = new HealthCollection<ClusterWorker>();
  /** How often in a row the worker of a slot has exited early. */
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

  /** Resolves when all workers serve; rejects with the error of one that cannot. The pool must be closed in either case. */
  async start(): Promise<Serving> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] });
    const served = new Promise<Serving>((resolve, reject) => (this.#starting = { resolve, reject }));
    for (let slot = 1; slot <= this.#options.count; slot++) this.#start(slot);
    this.#pingTimer = setInterval(() => this.#pingAll(), pingMilliseconds);
    return served;
  }

  /** Rejects when no worker serves any more and none can be started. */
  failed(): Promise<never> {
    return new Promise((_resolve, reject) => (this.#onFailed = reject));
  }

  /** Makes all workers reopen their files. */
  reopen(): void {
    for (const { clusterWorker } of this.#workers.values()) send(clusterWorker, { kind: 'reopen' });
  }

  /** The health metrics of all workers, added up. */
  collectHealth(): Promise<HealthReport> {
    const serving = [...this.#workers.values()].filter((worker) => worker.serving !== null);
    return this.#health.collect(
      serving.map(({ clusterWorker }) => clusterWorker),
      (clusterWorker, number) => send(clusterWorker, { kind: 'report-health', number }),
    );
  }

  /** Closes all workers: each finishes its requests within its grace period. */
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

  #pingAll(): void {
    for (const worker of this.#workers.values()) {
      if (worker.serving === null) continue;
      const problem = worker.probe.countPing();
      send(worker.clusterWorker, { kind: 'ping' });
      if (problem !== null) {
        worker.failure ??= problem;
        worker.clusterWorker.process.kill('SIGKILL');
      }
    }
  }

  #killAll(): void {
    for (const { clusterWorker } of this.#workers.values()) clusterWorker.process.kill('SIGKILL');
  }

  #start(slot: number): void {
    this.#restartTimers.delete(slot);
    const clusterWorker = cluster.fork();
    this.#rotation.add(clusterWorker);
    const startedAt = performance.now();
    const worker: Worker = {
      clusterWorker,
      slot,
      startedAt,
      startLimit: undefined,
      serving: null,
      failure: null,
      isMisplaced: false,
      probe: new WorkerProbe({ clusterWorker, slot, rotation: this.#rotation, log: this.#options.log }),
    };
    worker.startLimit = setTimeout(() => {
      worker.failure = new Error(`A worker did not start within ${startLimitMilliseconds / 1_000} s`);
      clusterWorker.process.kill('SIGKILL');
    }, startLimitMilliseconds);
    this.#workers.set(slot, worker);
    const channel = clusterWorker.process.stdio[sourceDescriptor];
    // A pipe is a duplex stream on every system.
    if (channel) this.#options.answerFor(channel as Duplex);
    clusterWorker.on('message', (message: ToPrimary) => this.#onMessage(worker, message));
    // If a worker cannot be started or sent a message, it is about to exit.
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
        worker.probe.noteAnswer();
        break;
      case 'held':
        worker.probe.noteHold(message.hold);
        break;
      case 'manifest':
        manifestMemory.noteFromOther();
        this.#sendToOthers(worker, message);
        break;
      case 'absent':
        this.#options.onAbsence(message.report);
        this.#sendToOthers(worker, message);
        break;
      case 'values':
        this.#sendToOthers(worker, message);
        break;
      case 'acquire-lease': {
        const { number, request } = message;
        const problem = leases.acquire(clusterWorker, { number, request });
        send(clusterWorker, { kind: 'lease', number, problem: problem && recordOf(problem) });
        break;
      }
      case 'health-report':
        this.#health.note(clusterWorker, message);
        break;
      case 'collect-health': {
        const { number } = message;
        void this.collectHealth().then((report) => send(clusterWorker, { kind: 'health', number, report }));
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
      // It was started with port 0, and the workers whose port it should share exited before it listened.
      this.#port = portOf(this.#announced);
      worker.isMisplaced = true;
      worker.failure = new Error(`A worker listens on ${url} instead of ${this.#announced}`);
      worker.clusterWorker.process.kill('SIGKILL');
      return;
    }
    worker.serving = { url, tokens };
    this.#rotation.resume(worker.clusterWorker);
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
    this.#health.forget(clusterWorker);
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
    // A worker on another port is able to serve: its replacement gets the announced port.
    if (failure !== null && !isServed && worker.serving === null && !worker.isMisplaced) {
      this.#onFailed(failure);
      return;
    }
    const delay = this.#restartDelay(worker);
    log.warn(
      {
        worker: slot,
        pid: clusterWorker.process.pid,
        ...end,
        err: failure ?? undefined,
        lastHold: worker.probe.lastHold ?? undefined,
        rest: delay,
      },
      'a worker has ended, and another one takes its place',
    );
    this.#restartTimers.set(
      slot,
      setTimeout(() => this.#start(slot), delay),
    );
  }

  /** The delay before the next start, which grows each time a worker exits early. */
  #restartDelay({ slot, startedAt }: Worker): number {
    const isEarly = performance.now() - startedAt < settledMilliseconds;
    const exits = isEarly ? (this.#earlyExits.get(slot) ?? 0) + 1 : 0;
    this.#earlyExits.set(slot, exits);
    return Math.min(longestDelayMilliseconds, shortestDelayMilliseconds * 2 ** Math.max(0, exits - 1));
  }
}

function send(clusterWorker: ClusterWorker, message: ToWorker): void {
  // A worker that cannot be sent a message is about to exit.
  if (clusterWorker.isConnected()) clusterWorker.send(message, undefined, () => undefined);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
