/** Samples of a Windows host, one at a time: callers that arrive during one share the next. */
import { HvqlError, messageOf } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
import type { SourceLog } from '../source.ts';
import { unlessAborted } from '../../lib/abort.ts';
import { PowerShell } from './powershell.ts';
import { Restart } from './restart.ts';
import { parseSample, type Sample } from './sample.ts';
import { joinWanted, type Wanted } from './wanted-class.ts';

/** The dependencies of the queue. */
export interface SampleQueueOptions {
  readonly executable: string;
  readonly script: string;
  /** The clock of the pauses between two starts. */
  readonly clock: Clock;
  readonly log: SourceLog | undefined;
  /** How long PowerShell stays after the last sample. */
  readonly idleMilliseconds: number;
  /** How long one sample may take, the start of PowerShell included. */
  readonly limitMilliseconds: number;
}

/** A sample that has not started. */
interface NextSample {
  wanted: Wanted;
  /** How many callers wait for it. */
  waiting: number;
  readonly sample: Promise<Sample>;
  readonly settle: (outcome: Promise<Sample>) => void;
}

/**
 * Requests samples from PowerShell, which is started for the first one and ended some time after the last one. A sample
 * is completed even if its callers have gone: then a PowerShell that takes long to start is warm for the next ones.
 */
export class SampleQueue {
  readonly #options: SampleQueueOptions;
  readonly #restart: Restart;
  #powershell: PowerShell | null = null;
  #next: NextSample | null = null;
  #isReading = false;
  #isClosed = false;
  #number = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: SampleQueueOptions) {
    this.#options = options;
    this.#restart = new Restart(options.clock);
  }

  /**
   * A sample of these classes that is started after the call. Rejects with PAGE_UNAVAILABLE if PowerShell fails, and
   * with the signal's reason once it is aborted.
   */
  async read(wanted: Wanted, signal: AbortSignal): Promise<Sample> {
    signal.throwIfAborted();
    if (this.#isClosed) throw closed();
    const next = (this.#next ??= createNext());
    next.wanted = joinWanted(next.wanted, wanted);
    next.waiting += 1;
    // Calls in the same turn share it.
    queueMicrotask(() => void this.#readAll());
    try {
      return await unlessAborted(next.sample, signal);
    } finally {
      next.waiting -= 1;
    }
  }

  /** Stops PowerShell and all pending samples; may be called more than once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#next?.settle(Promise.reject(closed()));
    this.#next = null;
    await this.#stop();
  }

  async #readAll(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    clearTimeout(this.#idleTimer);
    while (this.#next !== null) {
      const { wanted, waiting, settle } = this.#next;
      this.#next = null;
      if (waiting === 0) continue;
      const sample = this.#read(wanted);
      settle(sample);
      await sample.catch(() => {});
    }
    this.#isReading = false;
    if (this.#isClosed) return;
    this.#idleTimer = setTimeout(() => void this.#stop(), this.#options.idleMilliseconds).unref();
  }

  async #read(wanted: Wanted): Promise<Sample> {
    const powershell = this.#running();
    const id = (this.#number += 1);
    try {
      const request = JSON.stringify({ id, classes: Object.fromEntries(wanted) });
      const line = await powershell.request(request, { milliseconds: this.#options.limitMilliseconds });
      const sample = parse(line, { powershell, id, wanted });
      // A process that writes more after its response has failed.
      if (powershell.isRunning) this.#restart.noteSuccess();
      return sample;
    } catch (thrown) {
      if (thrown instanceof HvqlError && !this.#isClosed) this.#restart.noteFailure(thrown);
      throw thrown;
    }
  }

  /** A PowerShell that takes requests. Throws PAGE_UNAVAILABLE while it may not be started again. */
  #running(): PowerShell {
    if (this.#isClosed) throw closed();
    if (this.#powershell?.isRunning === true) return this.#powershell;
    const refusal = this.#restart.refusal();
    if (refusal !== null) throw refusal;
    const { executable, script, log } = this.#options;
    return (this.#powershell = new PowerShell({
      executable,
      script,
      log,
      onIdleEnd: (why) => {
        log?.warn({ err: why }, 'PowerShell has failed without being asked anything');
        this.#restart.noteFailure(why);
      },
    }));
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const powershell = this.#powershell;
    this.#powershell = null;
    await powershell?.stop();
  }
}

/** Parses the response. After an invalid one the process is killed: its further output cannot be trusted. */
function parse(
  line: string,
  {
    powershell,
    ...request
  }: { readonly powershell: PowerShell; readonly id: number; readonly wanted: Wanted },
): Sample {
  try {
    return parseSample(line, request);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw powershell.fail(
      'responded with a line that is not a sample',
      `${messageOf(thrown)}: ${line.slice(0, 100)}`,
    );
  }
}

function createNext(): NextSample {
  let settle: NextSample['settle'] = () => {};
  const sample = new Promise<Sample>((resolve) => (settle = resolve));
  // Handled, in case no caller is left.
  sample.catch(() => {});
  return { wanted: new Map(), waiting: 0, sample, settle: (outcome) => settle(outcome) };
}

function closed(): HvqlError {
  return new HvqlError('PAGE_UNAVAILABLE', 'The source has been closed.');
}
