/** The open file limit of this process. */
import { readFileSync } from 'node:fs';

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
