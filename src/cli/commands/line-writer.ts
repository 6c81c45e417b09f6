/** Writes lines to an open file synchronously. Lines that cannot be written are buffered for a while. */
import { setTimeout as wait } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import { systemErrorCode } from '../../lib/system-error.ts';

/** Writes lines to one open file. */
export interface LineWriter {
  /** Lines that could not be written and were lost. */
  readonly dropped: number;
  /** Writes a line, or buffers it. Never throws, never waits. */
  write(line: string): void;
  /** Writes the buffered lines, for a limited time, and closes the file. */
  close(): Promise<void>;
}

/** The size of the buffer while nothing can be written. Lines beyond that are lost, and their number is logged. */
const keptLimitInBytes = 1_048_576;
const retryMilliseconds = 100;
/** The time limit for closing. */
const closeMilliseconds = 1_000;

/**
 * A writer for a descriptor, which should be non-blocking. Logs when writing starts to fail and when it works again; `what`
 * is the subject of both messages.
 */
export function lineWriter(
  descriptor: number,
  { log, what }: { readonly log: Logger; readonly what: string },
): LineWriter {
  const stream = pino.destination({
    dest: descriptor,
    // A written line survives the end of the process, and is in the file before the response is sent.
    sync: true,
    maxLength: keptLimitInBytes,
    // It would block the process until the reader of a full pipe reads.
    retryEAGAIN: () => false,
  });
  let failure: unknown = null;
  let hasFailed = false;
  let isReported = false;
  let lost = 0;
  let dropped = 0;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  // Pino's own listener makes the writer drop everything permanently after an error of a pipe without a reader.
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

  /** Writes this after the buffered lines; returns whether the buffer is empty. */
  const attempt = (text: string): boolean => {
    hasFailed = false;
    stream.write(text);
    return !hasFailed;
  };
  const report = (): void => {
    // A full pipe is not logged before lines are lost.
    if (isReported || (systemErrorCode(failure) === 'EAGAIN' && lost === 0)) return;
    isReported = true;
    log.error({ err: failure }, `${what} cannot be written`);
  };
  const write = (text: string): void => {
    if (attempt(text)) {
      if (isReported) log.warn({ lost }, `${what} can be written again`);
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
      // The data is flushed to the disk first, which may take some time.
      stream.destroy();
      await Promise.race([closed, wait(closeMilliseconds, undefined, { ref: false })]);
    },
  };
}
