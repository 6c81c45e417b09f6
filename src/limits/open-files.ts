/** How many files a process may have open, connections included, and how many of them are not for connections. */
import { readFileSync } from 'node:fs';

/** What the Linux driver's source keeps open at most, and some others. */
const reservedForDriver = 4_608;
const reservedForOthers = 256;

/** The limit of this process (getrlimit(2), RLIMIT_NOFILE); Infinity without one, and on systems without /proc. */
export function openFileLimit(): number {
  try {
    const text = readFileSync('/proc/self/limits', 'latin1');
    const [, soft = ''] = /^Max open files +(\d+)/m.exec(text) ?? [];
    return soft === '' ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}

/**
 * How many connections leave enough files for the source, the log and the connections that are refused: reading never
 * fails with EMFILE, however many clients come.
 */
export function connectionsWithin(openFiles: number, source: string): number {
  const reserved = source.startsWith('mshv') ? reservedForDriver : reservedForOthers;
  return openFiles - Math.min(reserved, Math.ceil(openFiles / 2));
}
