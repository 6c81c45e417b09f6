/** One run for concurrent calls that need the same thing. */
import DataLoader from 'dataloader';
import { SharedAbort, unlessAborted } from './abort.ts';

/** The options of a single flight. */
export interface SingleFlightOptions<Argument, Result> {
  /** Joins the arguments of one or more calls. */
  readonly combine: (all: readonly Argument[]) => Argument;
  /** Runs for all joined calls. The signal is aborted once the signals of all of them are. */
  readonly run: (argument: Argument, signal: AbortSignal) => Promise<Result>;
  /** When collected calls are run; by default after the promise jobs that are queued now. */
  readonly schedule?: (start: () => void) => void;
}

interface JoinedCall<Argument> {
  readonly argument: Argument;
  readonly signal: AbortSignal;
}

interface Flight<Argument, Result> {
  readonly argument: Argument;
  readonly result: Promise<Result>;
  readonly abort: SharedAbort;
}

/**
 * DataLoader collects the calls; it has no cache here and no way to cancel, so the signals are handled on top of it. A
 * caller that leaves is rejected with its signal's reason, while the run continues for the others.
 */
export class SingleFlight<Argument, Result> {
  readonly #options: SingleFlightOptions<Argument, Result>;
  readonly #loader: DataLoader<JoinedCall<Argument>, Result>;
  /** The newest unfinished run. */
  #current: Flight<Argument, Result> | null = null;

  constructor(options: SingleFlightOptions<Argument, Result>) {
    this.#options = options;
    const { schedule } = options;
    this.#loader = new DataLoader<JoinedCall<Argument>, Result>((calls) => this.#start(calls), {
      cache: false,
      ...(schedule === undefined ? {} : { batchScheduleFn: schedule }),
    });
  }

  /** The result of a run that begins after this call and that other calls may share. */
  load(argument: Argument, signal: AbortSignal): Promise<Result> {
    return unlessAborted(this.#loader.load({ argument, signal }), signal);
  }

  /** The result of the current run, if its argument matches and a caller still waits for it; otherwise null. */
  join(signal: AbortSignal, fits: (argument: Argument) => boolean): Promise<Result> | null {
    const flight = this.#current;
    if (flight === null || flight.abort.signal.aborted || !fits(flight.argument)) return null;
    flight.abort.add(signal);
    return unlessAborted(flight.result, signal);
  }

  /** Prevents later calls from joining the current run. */
  forget(): void {
    this.#current = null;
  }

  async #start(calls: readonly JoinedCall<Argument>[]): Promise<Result[]> {
    const waiting = calls.filter(({ signal }) => !signal.aborted);
    // All callers have been rejected already.
    if (waiting.length === 0) throw new Error('No caller waits any more');
    const abort = new SharedAbort();
    for (const { signal } of waiting) abort.add(signal);
    const argument = this.#options.combine(waiting.map((call) => call.argument));
    const flight = { argument, abort, result: this.#options.run(argument, abort.signal) };
    this.#current = flight;
    try {
      const result = await flight.result;
      return calls.map(() => result);
    } finally {
      abort.close();
      if (this.#current === flight) this.#current = null;
    }
  }
}
