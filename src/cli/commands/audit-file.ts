/** The output of the audit trail: a file, or standard output. */
import { constants, fstatSync, openSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { UsageError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import { lineWriter, type LineWriter } from './line-writer.ts';

/** An open audit trail. */
export interface AuditFile {
  /** Writes a line, or buffers it until it can be written. Never throws and never waits. */
  readonly write: (line: string) => void;
  /** Lines that could not be written and were lost. */
  readonly dropped: number;
  /** Reopens the file by its name, as after a rotation. If that fails, lines go to the file that is still open. */
  reopen(): void;
  /** Reopens the file by its name if that is another file than the open one, or does not exist. */
  follow(): void;
  /** Writes the buffered lines, for a limited time, and closes the file. */
  close(): Promise<void>;
}

interface OpenFile {
  readonly writer: LineWriter;
  /** The identity of the open file, to detect another file with the same name. */
  readonly ino: bigint;
}

const standardOutput = '-';
/** Append only, without waiting for the reader of a named pipe. Windows has no O_NONBLOCK. */
const openFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** The trail shows which caller read what, so only its owner may read it. */
const newFileMode = 0o600;

/** Opens the trail; "-" is standard output. Throws a UsageError if it cannot be written. */
export function openAuditFile(path: string, log: Logger): AuditFile {
  const open = (): OpenFile => {
    const descriptor = path === standardOutput ? 1 : openSync(path, openFlags, newFileMode);
    const { ino } = fstatSync(descriptor, { bigint: true });
    return { ino, writer: lineWriter(descriptor, { log, what: 'the audit trail' }) };
  };
  let current: OpenFile;
  try {
    current = open();
  } catch (thrown) {
    throw new UsageError([`--audit ${path} cannot be written: ${systemErrorReason(thrown)}.`]);
  }
  /** Lost lines of files that have been rotated. */
  let droppedEarlier = 0;
  const closing = new Set<Promise<void>>();
  const close = ({ writer }: OpenFile): void => {
    const closed = writer.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const replace = (): boolean => {
    const old = current;
    try {
      current = open();
    } catch (thrown) {
      log.error({ err: thrown }, 'the audit trail cannot be reopened');
      return false;
    }
    droppedEarlier += old.writer.dropped;
    close(old);
    return true;
  };
  return {
    get dropped() {
      return droppedEarlier + current.writer.dropped;
    },
    write: (line) => current.writer.write(line),
    reopen: () => {
      if (path !== standardOutput && replace()) log.info('the audit trail was reopened');
    },
    follow: () => {
      if (path === standardOutput) return;
      const found = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (found?.ino !== current.ino) replace();
    },
    close: async () => {
      close(current);
      await Promise.all(closing);
    },
  };
}
