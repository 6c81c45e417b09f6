/** Where the audit trail is written: a file, or standard output. */
import { constants, fstatSync, openSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import { UsageError } from '../../errors.ts';
import { systemErrorReason } from '../../lib/system-error.ts';
import { lineWriter, type LineWriter } from './line-writer.ts';

/** An open audit trail. */
export interface AuditFile {
  /** Writes a line, or keeps it until it can be written. Never throws and never waits. */
  readonly write: (line: string) => void;
  /** Lines that could not be written and were lost. */
  readonly dropped: number;
  /** Opens the file of this name again, as after a rotation; if that fails, lines go to the file that is open. */
  reopen(): void;
  /** Opens the file of this name where it is not the one that is open, or is no longer there. */
  follow(): void;
  /** Writes the lines that are kept, for a limited time, and closes the file. */
  close(): Promise<void>;
}

interface OpenFile {
  readonly writer: LineWriter;
  /** Tells it from another file of the same name. */
  readonly ino: bigint;
}

const standardOutput = '-';
/** Only appended to; not waiting for the reader of a named pipe. Windows knows no O_NONBLOCK. */
const openFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** The trail says which caller read what: only its owner may read it. */
const newFileMode = 0o600;

/** Opens the trail; "-" is standard output. Throws a UsageError where it cannot be written. */
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
  /** Of files that have been rotated away. */
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
