/** The workers of a service: begun together, replaced when they die or do nothing any more, ended together. */
import cluster, { type Worker } from 'node:cluster';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { SubscriptionLeases } from '../execution/live/subscription-leases.ts';
import type { GraphiqlToken } from '../server/http/graphiql-page.ts';
import type { ManifestMemory } from '../source/page-folder/manifest-memory.ts';
import { recordOf } from '../source/ipc/error-record.ts';
import { closeLostConnection } from './lost-connection.ts';
import { failureError } from './worker-failure.ts';
import { sourceDescriptor } from './worker-link.ts';
import type { ToPrimary, ToWorker, WorkerTask } from './worker-message.ts';

/** What a crew is. */
export interface CrewOptions {
  readonly count: number;
  /** What each is told beside its place. */
  readonly task: Omit<WorkerTask, 'kind' | 'place' | 'isManifestKnown'>;
  readonly leases: SubscriptionLeases<Worker>;
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
const askMilliseconds = 2_000;
/** So many questions that are not answered, and a worker is taken for hung: far beyond what one answer may take. */
const mostUnanswered = 5;
const shortestRestMilliseconds = 100;
const longestRestMilliseconds = 10_000;

/** One process, and how it stands. */
interface Member {
  readonly worker: Worker;
  readonly place: number;
  readonly begunAt: number;
  startLimit: NodeJS.Timeout | undefined;
  serving: Serving | null;
  failure: Error | null;
  /** Questions since the last answer. */
  unanswered: number;
}

/**
 * Workers behind one port. Node deals out connections in turn: streams and kept connections live long, and left to
 * themselves eight processes were seen to take up to nine times as many as one another. The port is open for as long as
 * one of them lives.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #members = new Map<number, Member>();
  readonly #rests = new Map<number, NodeJS.Timeout>();
  /** How often in a row the worker at a place has died early. */
  readonly #earlyDeaths = new Map<number, number>();
  #port: number;
  #announced: string | null = null;
  #isClosing = false;
  #asking: NodeJS.Timeout | undefined;
  #begin: { resolve: (serving: Serving) => void; reject: (error: Error) => void } | null = null;
  #onFailed: (error: Error) => void = () => undefined;
  #onEmpty: () => void = () => undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#port = options.task.port;
  }

  /** Resolves once all serve; rejects with why one of them cannot. Either way it is to be closed. */
  async begin(): Promise<Serving> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] });
    const served = new Promise<Serving>((resolve, reject) => (this.#begin = { resolve, reject }));
    for (let place = 1; place <= this.#options.count; place++) this.#start(place);
    this.#asking = setInterval(() => this.#askAll(), askMilliseconds);
    return served;
  }

  /** Rejects when no worker serves any more and none can be begun. */
  failed(): Promise<never> {
    return new Promise((_resolve, reject) => (this.#onFailed = reject));
  }

  /** Tells all that their files are to be opened anew. */
  reopen(): void {
    for (const { worker } of this.#members.values()) tell(worker, { kind: 'reopen' });
  }

  /** Ends all: each finishes what is under way, for as long as it may take. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#asking);
    for (const rest of this.#rests.values()) clearTimeout(rest);
    this.#rests.clear();
    if (this.#members.size === 0) return;
    const emptied = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const { worker } of this.#members.values()) tell(worker, { kind: 'close' });
    const limit = setTimeout(() => this.#killAll(), closeLimitMilliseconds);
    await emptied;
    clearTimeout(limit);
  }

  /**
   * One that hangs would leave whoever it is dealt without an answer for ever. Counted in questions of this process:
   * while it stands still itself, nobody's patience runs out.
   */
  #askAll(): void {
    for (const member of this.#members.values()) {
      if (member.serving === null) continue;
      if (member.unanswered >= mostUnanswered) {
        const seconds = (mostUnanswered * askMilliseconds) / 1_000;
        member.failure ??= new Error(`A worker has not answered for ${seconds} s`);
        member.worker.process.kill('SIGKILL');
      } else {
        member.unanswered += 1;
        tell(member.worker, { kind: 'ask' });
      }
    }
  }

  #killAll(): void {
    for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL');
  }

  #start(place: number): void {
    this.#rests.delete(place);
    const worker = cluster.fork();
    closeLostConnection(worker);
    const begunAt = performance.now();
    const member: Member = {
      worker,
      place,
      begunAt,
      startLimit: undefined,
      serving: null,
      failure: null,
      unanswered: 0,
    };
    member.startLimit = setTimeout(() => {
      member.failure = new Error(`A worker does not serve within ${startLimitMilliseconds / 1_000} s`);
      worker.process.kill('SIGKILL');
    }, startLimitMilliseconds);
    this.#members.set(place, member);
    const channel = worker.process.stdio[sourceDescriptor];
    // A pipe is both, on every system.
    if (channel) this.#options.answerFor(channel as Duplex);
    worker.on('message', (message: ToPrimary) => this.#hear(member, message));
    // One that cannot be begun or told anything is about to exit.
    worker.on('error', (error) => (member.failure ??= error));
    worker.once('exit', (code, signal) => this.#bury(member, { code, signal }));
  }

  #hear(member: Member, message: ToPrimary): void {
    const { worker, place } = member;
    const { leases, manifestMemory } = this.#options;
    switch (message.kind) {
      case 'hello':
        tell(worker, {
          ...this.#options.task,
          kind: 'begin',
          place,
          port: this.#port,
          isManifestKnown: manifestMemory.isKnown,
        });
        if (this.#isClosing) tell(worker, { kind: 'close' });
        break;
      case 'serving':
        this.#welcome(member, message);
        break;
      case 'failed':
        member.failure = failureError(message.failure);
        break;
      case 'alive':
        member.unanswered = 0;
        break;
      case 'manifest':
        manifestMemory.noteFromOther();
        this.#tellOthers(member, message);
        break;
      case 'absent':
        this.#tellOthers(member, message);
        break;
      case 'take': {
        const { number, request } = message;
        const problem = leases.acquire(worker, { number, request });
        tell(worker, { kind: 'place', number, problem: problem && recordOf(problem) });
        break;
      }
      case 'release':
        leases.release(worker, message.number);
    }
  }

  #tellOthers(member: Member, message: ToWorker): void {
    for (const other of this.#members.values()) if (other !== member) tell(other.worker, message);
  }

  #welcome(member: Member, { url, tokens }: Serving): void {
    clearTimeout(member.startLimit);
    this.#announced ??= url;
    if (url !== this.#announced) {
      // Begun with port 0 when the others, whose port it was to share, died.
      this.#port = portOf(this.#announced);
      member.failure = new Error(`A worker came to ${url} in place of ${this.#announced}`);
      member.worker.process.kill('SIGKILL');
      return;
    }
    member.serving = { url, tokens };
    const members = [...this.#members.values()];
    if (members.length < this.#options.count || members.some(({ serving }) => serving === null)) return;
    this.#begin?.resolve(members.find(({ place }) => place === 1)?.serving ?? member.serving);
    this.#begin = null;
  }

  #bury(member: Member, end: { readonly code: number | null; readonly signal: string | null }): void {
    const { worker, place, failure, startLimit } = member;
    const { leases, log } = this.#options;
    clearTimeout(startLimit);
    leases.releaseAll(worker);
    this.#members.delete(place);
    if (this.#members.size === 0 && this.#announced !== null) this.#port = portOf(this.#announced);
    if (this.#isClosing) {
      if (this.#members.size === 0) this.#onEmpty();
      return;
    }
    if (this.#begin !== null) {
      const { reject } = this.#begin;
      this.#begin = null;
      reject(failure ?? new Error(`A worker ended before it served: ${end.signal ?? `code ${end.code}`}`));
      return;
    }
    const isServed = [...this.#members.values()].some(({ serving }) => serving !== null);
    if (failure !== null && !isServed && member.serving === null) {
      this.#onFailed(failure);
      return;
    }
    const rest = this.#restAfter(member);
    log.warn({ worker: place, pid: worker.process.pid, ...end, err: failure ?? undefined, rest }, died);
    this.#rests.set(
      place,
      setTimeout(() => this.#start(place), rest),
    );
  }

  /** How long to wait before the next is begun: longer each time that one dies soon. */
  #restAfter({ place, begunAt }: Member): number {
    const isEarly = performance.now() - begunAt < settledMilliseconds;
    const deaths = isEarly ? (this.#earlyDeaths.get(place) ?? 0) + 1 : 0;
    this.#earlyDeaths.set(place, deaths);
    return Math.min(longestRestMilliseconds, shortestRestMilliseconds * 2 ** Math.max(0, deaths - 1));
  }
}

const died = 'a worker has ended, and another one takes its place';

function tell(worker: Worker, message: ToWorker): void {
  // One that cannot be told anything is about to exit.
  if (worker.isConnected()) worker.send(message, undefined, () => undefined);
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
