/** How many files a process may have open, and how many of them connections may use. */
import { readFileSync } from 'node:fs';

/** The most files that the source of the Linux driver keeps open, and some more. */
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
 * The number of connections that leaves enough files for the source, the log and refused connections, so that a reading
 * never fails with EMFILE.
 */
export function connectionsWithin(openFiles: number, source: string): number {
  const reserved = source.startsWith('mshv') ? reservedForDriver : reservedForOthers;
  return openFiles - Math.min(reserved, Math.ceil(openFiles / 2));
}
