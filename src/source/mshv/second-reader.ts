/** A thread that takes its part of long readings, so that two processors read, and the service waits half as long. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { orAborted } from '../aborted.ts';
import { readWithoutWaiting } from '../page-folder/file-system.ts';
import type { ReadingResult, ReadingTask } from './reading-thread.js';

/** A whole host is read in steps of this many files by either thread: some 100 µs. */
const filesPerStep = 8;
const firstSizeInBytes = 2 * 1024 * 1024;
/** So long after the last reading the thread ends: nobody watches the host as a whole. */
const idleMilliseconds = 30_000;

/** A batch of files that two threads read. */
export interface SharedReading {
  /** The next ones that the asker is to read: from this one, up to the other. null where nothing is left to take. */
  take(): { readonly from: number; readonly to: number } | null;
  /**
   * The texts that the thread has read, by the index of their paths, once all are taken; what was taken and is not
   * among them could not be read there. Good until the end. Rejects with the signal's reason once it is aborted.
   */
  texts(signal: AbortSignal): Promise<ReadonlyMap<number, Uint8Array>>;
  /** The bytes of the texts may be written to again. */
  end(): void;
}

/** What may be other than usual. */
export interface SecondReaderOptions {
  readonly idleMilliseconds?: number;
  /** What the thread runs. */
  readonly script?: URL;
  /** How many this machine has; with one alone there is no thread. */
  readonly processors?: number;
}

/** Begins a thread when there is something for it, and ends it when there was nothing for a while. */
export class SecondReader {
  readonly #idleMilliseconds: number;
  readonly #script: URL;
  #worker: Worker | undefined;
  /** Whether the thread can take something now: not before it runs, nor while it reads or is read from. */
  #isReady = false;
  /** Whether it ended by itself. It is not begun a second time. */
  #isBroken: boolean;
  #bytes = new Uint8Array(0);
  #onResult: (result: ReadingResult | null) => void = () => undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: SecondReaderOptions = {}) {
    this.#idleMilliseconds = options.idleMilliseconds ?? idleMilliseconds;
    this.#script = options.script ?? new URL('reading-thread.js', import.meta.url);
    this.#isBroken = (options.processors ?? availableParallelism()) < 2;
  }

  /** What the thread does. */
  get state(): 'none' | 'busy' | 'ready' {
    if (this.#worker === undefined) return 'none';
    return this.#isReady ? 'ready' : 'busy';
  }

  /** Shares these files with the thread, and must be told the end; null where it cannot take any now, and the asker is to read all of them. */
  begin(paths: readonly string[]): SharedReading | null {
    const worker = this.#running();
    if (worker === undefined || !this.#isReady) return null;
    this.#isReady = false;
    const next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    if (this.#bytes.byteLength === 0) this.#bytes = new Uint8Array(firstSizeInBytes);
    const task: ReadingTask = {
      paths: paths.join('\0'),
      flags: readWithoutWaiting,
      next,
      step: filesPerStep,
      bytes: this.#bytes,
    };
    const result = new Promise<ReadingResult | null>((resolve) => (this.#onResult = resolve));
    worker.postMessage(task, [this.#bytes.buffer]);
    const release = (): void => {
      if (this.#worker === worker) this.#isReady = true;
    };
    return {
      take() {
        const from = Atomics.add(next, 0, filesPerStep);
        return from < paths.length ? { from, to: Math.min(from + filesPerStep, paths.length) } : null;
      },
      texts: async (signal) => textsOf(await orAborted(result, signal)),
      end: () => void result.then(release),
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
      // It needs next to nothing of its own, and nothing of what the service was told.
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
      env: {},
      execArgv: [],
    });
    // It keeps no process alive that has nothing else to do.
    worker.unref();
    const ended = (): void => {
      if (this.#worker !== worker) return;
      this.#isBroken = true;
      this.#forget();
    };
    worker.once('online', () => (this.#isReady = this.#worker === worker));
    worker.on('message', (result: ReadingResult) => {
      this.#bytes = result.bytes;
      this.#onResult(result);
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
    this.#bytes = new Uint8Array(0);
    this.#onResult(null);
  }
}

function textsOf(result: ReadingResult | null): ReadonlyMap<number, Uint8Array> {
  const texts = new Map<number, Uint8Array>();
  if (result === null) return texts;
  const { texts: places, bytes } = result;
  for (let n = 0; n < places.length; n += 3) {
    texts.set(places[n] ?? 0, bytes.subarray(places[n + 1], places[n + 2]));
  }
  return texts;
}
