/** The connection of a worker to the primary. */
import { Socket } from 'node:net';
import type { LeaseRequest, AcquireLease } from '../../execution/live/subscription-leases.ts';
import type { HvqlError } from '../../errors.ts';
import type { ValueReport } from '../../limits/value-budget.ts';
import type { HealthReport } from '../../metrics/service-health.ts';
import type { AbsenceReport } from '../../sampling/guard/absences.ts';
import { hvqlErrorOf } from '../../source/ipc/error-record.ts';
import type { ToPrimary, ToWorker, WorkerTask } from './worker-message.ts';

/** The file descriptor of the channel to the source in each worker. */
export const sourceDescriptor = 4;
/** The time limit for the primary's reply. */
const answerLimitMilliseconds = 5_000;

/** The services that a worker gets from the primary. */
export interface PrimaryConnection {
  readonly task: WorkerTask;
  /** The channel over which the source is read. */
  readonly sourceChannel: Socket;
  readonly acquireLease: AcquireLease;
  send(message: ToPrimary): void;
  /** Calls back with objects that another worker has found absent; returns a function that stops this. */
  onAbsence(note: (report: AbsenceReport) => void): () => void;
  /** Calls back with the usage of callers' budgets in another worker. */
  onValues(note: (report: ValueReport) => void): void;
  /** Calls back when another worker has seen a manifest in the page folder. */
  onManifest(note: () => void): void;
  /** Calls back when files must be reopened; returns a function that stops this. */
  onReopen(reopen: () => void): () => void;
  /** The health metrics of all workers, added up. */
  collectHealth(): Promise<HealthReport>;
  /** Calls back for the health metrics of this worker. */
  onHealthRequest(report: () => Promise<HealthReport>): void;
  /** Calls back when the worker must close. */
  onClose(close: () => void): void;
}

/** Connects to the primary and waits for its task. Rejects if the primary does not reply in time. */
export async function connectToPrimary(): Promise<PrimaryConnection> {
  const waiting = new Map<number, (problem: HvqlError | null) => void>();
  const reopening = new Set<() => void>();
  const noting = new Set<(report: AbsenceReport) => void>();
  const valueNoting = new Set<(report: ValueReport) => void>();
  const manifestNoting = new Set<() => void>();
  const closing = new Set<() => void>();
  const collecting = new Map<number, (report: HealthReport) => void>();
  let reportHealth: () => Promise<HealthReport> = () => Promise.resolve([]);
  let isToClose = false;
  let last = 0;
  let start: (task: WorkerTask) => void;
  const started = new Promise<WorkerTask>((resolve) => (start = resolve));
  const send = (message: ToPrimary): void => {
    // Without the primary, this process is about to exit.
    if (process.connected) process.send?.(message, undefined, {}, () => undefined);
  };
  process.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'start':
        start(message);
        break;
      case 'lease':
        waiting.get(message.number)?.(message.problem && hvqlErrorOf(message.problem));
        break;
      case 'ping':
        send({ kind: 'pong' });
        break;
      case 'absent':
        for (const note of noting) note(message.report);
        break;
      case 'values':
        for (const note of valueNoting) note(message.report);
        break;
      case 'manifest':
        for (const note of manifestNoting) note();
        break;
      case 'reopen':
        for (const reopen of reopening) reopen();
        break;
      case 'report-health': {
        const { number } = message;
        void reportHealth().then((report) => send({ kind: 'health-report', number, report }));
        break;
      }
      case 'health':
        collecting.get(message.number)?.(message.report);
        break;
      case 'close':
        isToClose = true;
        for (const close of closing) close();
    }
  });
  send({ kind: 'hello' });
  const task = await within(started, 'with a task');
  const acquire = async (number: number, request: LeaseRequest): Promise<HvqlError | null> => {
    const answer = new Promise<HvqlError | null>((resolve) => waiting.set(number, resolve));
    send({ kind: 'acquire-lease', number, request });
    try {
      return await within(answer, 'about the lease of a stream');
    } catch (error) {
      // The primary may have granted the lease, or may grant it later.
      send({ kind: 'release-lease', number });
      throw error;
    } finally {
      waiting.delete(number);
    }
  };
  return {
    task,
    sourceChannel: new Socket({ fd: sourceDescriptor, readable: true, writable: true }),
    acquireLease: async (request) => {
      const number = (last += 1);
      const problem = await acquire(number, request);
      return problem ?? { release: () => send({ kind: 'release-lease', number }) };
    },
    send,
    collectHealth: async () => {
      const number = (last += 1);
      const answer = new Promise<HealthReport>((resolve) => collecting.set(number, resolve));
      send({ kind: 'collect-health', number });
      try {
        return await within(answer, 'with the health of the workers');
      } finally {
        collecting.delete(number);
      }
    },
    onHealthRequest: (report) => (reportHealth = report),
    onAbsence: (note) => {
      noting.add(note);
      return () => noting.delete(note);
    },
    onValues: (note) => void valueNoting.add(note),
    onManifest: (note) => void manifestNoting.add(note),
    onReopen: (reopen) => {
      reopening.add(reopen);
      return () => reopening.delete(reopen);
    },
    onClose: (close) => {
      closing.add(close);
      if (isToClose) close();
    },
  };
}

async function within<Answer>(answer: Promise<Answer>, what: string): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const seconds = answerLimitMilliseconds / 1_000;
    const late = (): void => reject(new Error(`The primary did not reply ${what} within ${seconds} s`));
    timer = setTimeout(late, answerLimitMilliseconds);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}
