/** The log of a service, on standard error: other programs read standard output. */
import { pino, type Logger } from 'pino';
import { printable } from './format.ts';

/** A record of pino, which may have more fields. */
interface LogRecord {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly err?: { readonly message: string; readonly stack: string };
}

/** Writes one JSON line per record, or plain text on a terminal. */
export function openLog(level: string): Logger {
  const file = pino.destination({ dest: 2, sync: true });
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    process.stderr.isTTY ? { write: (line: string) => file.write(`${plainText(line)}\n`) } : file,
  );
}

/** A record as plain text: the time of day, the level, the message, and other fields as name=value. */
function plainText(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as LogRecord;
  const label = pino.levels.labels[level] ?? '';
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const text = [new Date(time).toLocaleTimeString('en-GB'), label, msg, ...fields].join(' ');
  if (err === undefined) return printable(text);
  // An error is a bug: print its stack trace.
  const problem = /^(?:error|fatal)$/.test(label) ? err.stack : err.message;
  return `${text}: ${problem}`.split('\n').map(printable).join('\n');
}
