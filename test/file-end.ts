/** What ends with the tests of a file, also where several files run in one process and share their modules. */
import { afterAll } from 'vitest';

const endings = new Set<() => void>();

/** Has something done at the end of each file; for modules, which a process evaluates once for all of its files. */
export function atFileEnd(end: () => void): void {
  endings.add(end);
}

/** Called once for each file, by test/setup.ts. */
export function endWithFile(): void {
  afterAll(() => endings.forEach((end) => end()));
}
