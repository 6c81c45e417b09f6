/** A thread that takes part in reading large batches, so that two processors read and the service waits half as long. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { CellReading } from '../../snapshot/cell-reading.ts';
import { unlessAborted } from '../../lib/abort.ts';
import { readWithoutWaiting } from '../page-folder/file-system.ts';
import type { ReadingResult, ReadingTask } from './reading-thread.ts';
import type { StatsLayout } from './stats-layout.ts';
import { valueSizeInBytes } from './values-in-text.ts';

/** The built script of the thread, the same from src and dist: threads of Node 20 cannot run TypeScript. */
const builtThread = new URL('../../../dist/source/mshv/reading-thread.js', import.meta.url);
/** How many files a thread takes at a time: about 100 µs of work. */
const filesPerStep = 8;
/** The thread ends after this long without a large batch. */
const idleMilliseconds = 30_000;

/** A file, and the kind of object that its text describes. */
export interface StatsFile {
  readonly path: string;
  readonly object: StatisticsObject;
}

/** A batch of files that both threads read. */
export interface SharedReading {
  /** The next files for the calling thread, from `from` up to, but not including, `to`; null if no file is left. */
  take(): { readonly from: number; readonly to: number } | null;
  /**
   * What the thread has read, by index of file, once all files are taken. A file that it took but could not read, or
   * whose layout is another, is missing. Rejects with the signal's reason when that is aborted.
   */
  readings(signal: AbortSignal): Promise<ReadonlyMap<number, CellReading>>;
}

/** All are optional. */
export interface SecondReaderOptions {
  readonly idleMilliseconds?: number;
  /** The script of the thread. */
  readonly script?: URL;
  /** The number of processors; with only one, no thread is started. */
  readonly processors?: number;
  /** Whether files stay open between readings. */
  readonly areKept?: boolean;
}

/** Starts a thread for the first large batch, and ends it after a while without one. */
export class SecondReader {
  readonly #idleMilliseconds: number;
  readonly #script: URL;
  readonly #areKept: boolean;
  #worker: Worker | undefined;
  /** Whether the thread can take a batch now: not before it runs, and not while it reads. */
  #isReady = false;
  /** Whether the thread ended by itself. It is then never started again. */
  #isBroken: boolean;
  /** The buffer for values, which is transferred to the thread and back. */
  #values = new Uint8Array(0);
  #onResult: (result: ReadingResult | null) => void = () => undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: SecondReaderOptions = {}) {
    this.#idleMilliseconds = options.idleMilliseconds ?? idleMilliseconds;
    this.#script = options.script ?? builtThread;
    this.#areKept = options.areKept ?? false;
    this.#isBroken = (options.processors ?? availableParallelism()) < 2;
  }

  /** The state of the thread. */
  get state(): 'none' | 'busy' | 'ready' {
    if (this.#worker === undefined) return 'none';
    return this.#isReady ? 'ready' : 'busy';
  }

  /**
   * Shares a batch of files with the thread, which reads those with known layouts. Returns null if the thread cannot
   * take a batch now; the caller then reads all files.
   */
  begin(
    files: readonly StatsFile[],
    layouts: ReadonlyMap<StatisticsObject, StatsLayout>,
  ): SharedReading | null {
    const worker = this.#running();
    if (worker === undefined || !this.#isReady) return null;
    this.#isReady = false;
    const next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const kinds = [...layouts.keys()];
    const layoutOfKind = [...layouts.values()];
    const kindOf = Uint8Array.from(files, ({ object }) => kinds.indexOf(object));
    const task: ReadingTask = {
      paths: files.map(({ path }) => path).join('\0'),
      kinds: kindOf,
      layouts: layoutOfKind.map(({ heads, headEnds }) => ({ heads, headEnds })),
      flags: readWithoutWaiting,
      areKept: this.#areKept,
      next,
      step: filesPerStep,
      values: this.#values,
    };
    // Results are copied without waiting in between, so the buffer is free before the next batch.
    const readings = new Promise<ReadonlyMap<number, CellReading>>((resolve) => {
      this.#onResult = (result) => {
        resolve(result === null ? new Map() : readingsOf(result, (n) => layoutOfKind[kindOf[n] ?? 0]));
      };
    });
    worker.postMessage(task, [this.#values.buffer]);
    return {
      take() {
        const from = Atomics.add(next, 0, filesPerStep);
        return from < files.length ? { from, to: Math.min(from + filesPerStep, files.length) } : null;
      },
      readings: (signal) => unlessAborted(readings, signal),
    };
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#isBroken = true;
    this.#forget();
    await worker?.terminate();
  }

  #running(): Worker | undefined {
    if (this.#isBroken) return undefined;
    this.#idle?.refresh();
    this.#worker ??= this.#start();
    return this.#worker;
  }

  #start(): Worker {
    const worker = new Worker(this.#script, {
      // It needs little memory, and neither the environment nor the flags of the service.
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
      env: {},
      execArgv: [],
    });
    // It does not keep the process alive.
    worker.unref();
    const ended = (): void => {
      if (this.#worker !== worker) return;
      this.#isBroken = true;
      this.#forget();
    };
    worker.once('online', () => (this.#isReady = this.#worker === worker));
    worker.on('message', (result: ReadingResult) => {
      if (this.#worker !== worker) return;
      this.#onResult(result);
      this.#values = result.values;
      this.#isReady = true;
    });
    worker.once('error', ended);
    worker.once('exit', ended);
    this.#idle = setTimeout(() => void this.#rest(worker), this.#idleMilliseconds).unref();
    return worker;
  }

  /** Ends the thread until it is needed again. */
  async #rest(worker: Worker): Promise<void> {
    this.#forget();
    await worker.terminate();
  }

  #forget(): void {
    this.#worker = undefined;
    this.#isReady = false;
    this.#values = new Uint8Array(0);
    this.#onResult(null);
  }
}

/** Copies readings to bytes of their own. */
function readingsOf(
  { found, values }: ReadingResult,
  layoutOf: (n: number) => StatsLayout | undefined,
): ReadonlyMap<number, CellReading> {
  const readings = new Map<number, CellReading>();
  for (let place = 0; place < found.length; place += 2) {
    const [n = 0, at = 0] = [found[place], found[place + 1]];
    const layout = layoutOf(n);
    if (layout === undefined) continue;
    const copy = values.slice(at, at + layout.headEnds.length * valueSizeInBytes);
    readings.set(n, new CellReading(layout, new DataView(copy.buffer)));
  }
  return readings;
}
