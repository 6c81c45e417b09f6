/** Writes lines to an open file, each before the next thing happens; what cannot be written is kept for a while. */
import { setTimeout as wait } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import { systemErrorCode } from '../../lib/system-error.ts';

/** Takes lines for one open file. */
export interface LineWriter {
  /** Lines that could not be written and were lost. */
  readonly dropped: number;
  /** Writes a line, or keeps it. Never throws, never waits. */
  write(line: string): void;
  /** Writes what is kept, for no longer than a moment, and closes the file. */
  close(): Promise<void>;
}

/** What is kept while nothing can be written. Lines beyond that are lost, and the log says how many. */
const keptLimitInBytes = 1_048_576;
const retryMilliseconds = 100;
/** How long the end may take. */
const closeMilliseconds = 1_000;

/**
 * A writer for a descriptor, which is best one that does not block. The log has a line when it cannot be written any
 * more, and one when it can be again; `what` is the subject of both.
 */
export function lineWriter(
  descriptor: number,
  { log, what }: { readonly log: Logger; readonly what: string },
): LineWriter {
  const stream = pino.destination({
    dest: descriptor,
    // A line that was written is safe from the end of the process, and stands there before the answer leaves.
    sync: true,
    maxLength: keptLimitInBytes,
    // It would wait for the reader of a full pipe, and everything with it.
    retryEAGAIN: () => false,
  });
  let failure: unknown = null;
  let hasFailed = false;
  let isReported = false;
  let lost = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  // Pino's own listener makes the writer drop everything, for good, once it has met a pipe without a reader.
  stream.removeAllListeners('error');
  stream.on('error', (error: unknown) => {
    failure = error;
    hasFailed = true;
  });
  stream.on('drop', () => {
    lost += 1;
    dropped += 1;
    hasFailed = true;
  });

  /** Writes this after what is kept; says whether nothing is kept any more. */
  const attempt = (text: string): boolean => {
    hasFailed = false;
    stream.write(text);
    return !hasFailed;
  };
  const report = (): void => {
    // A pipe that is full is nothing to speak of before something is lost.
    if (isReported || (systemErrorCode(failure) === 'EAGAIN' && lost === 0)) return;
    isReported = true;
    log.error({ err: failure }, `${what} cannot be written`);
  };
  const write = (text: string): void => {
    if (attempt(text)) {
      if (isReported) log.warn({ lost }, `${what} is written again`);
      isReported = false;
      lost = 0;
    } else {
      report();
      retry ??= setTimeout(() => {
        retry = undefined;
        write('');
      }, retryMilliseconds).unref();
    }
  };
  return {
    get dropped() {
      return dropped;
    },
    write: (line) => {
      if (!isClosed) write(line);
    },
    close: async () => {
      isClosed = true;
      clearTimeout(retry);
      const closed = new Promise<void>((resolve) => stream.once('close', resolve));
      let isAllWritten = attempt('');
      for (let left = closeMilliseconds; !isAllWritten && left > 0; left -= retryMilliseconds) {
        await wait(retryMilliseconds);
        isAllWritten = attempt('');
      }
      if (!isAllWritten) log.error({ err: failure, lost }, `the end of ${what} could not be written`);
      // What is written goes to the disk first, which may take its time.
      stream.destroy();
      await Promise.race([closed, wait(closeMilliseconds, undefined, { ref: false })]);
    },
  };
}
