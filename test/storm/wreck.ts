/** Ways to break a page file, and to repair it. */
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.ts';

const pageSizeInBytes = 4_096;

/** The paths of all pages in a folder, while its writer may take some away. */
export function pagesIn(folder: string): string[] {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('stats.page') && !path.includes('.new-') && !path.includes('.gone-'))
        .map((path) => join(folder, path));
    } catch (thrown) {
      // A folder was removed between being found and being read.
      if (attempts === listAttempts || (thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    }
  }
}

const listAttempts = 20;

type Break = (path: string, random: Random) => void;

const inPlace: readonly Break[] = [
  (path, random) => truncateSync(path, random.whole(0, pageSizeInBytes - 1)),
  (path) => truncateSync(path, pageSizeInBytes + 1),
  (path) => truncateSync(path, 1_000_000_000),
  (path, random) => writeFileSync(path, random.bytes(pageSizeInBytes)),
  (path) => writeFileSync(path, Buffer.alloc(pageSizeInBytes, 0xff)),
  (path) => writeFileSync(path, Buffer.alloc(pageSizeInBytes)),
  (path) => rmSync(path),
];

const beyondRepair: readonly Break[] = [
  ...inPlace,
  (path) => {
    rmSync(path);
    mkdirSync(path);
  },
];

/** Breaks a page while a program may be writing it again, which repairs it. It may be gone already. */
export function breakInPassing(path: string, random: Random): void {
  try {
    random.one(inPlace)(path, random);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
}

/** Breaks a page that no program writes; returns what repairs it. */
export function breakPage(path: string, random: Random): () => void {
  const content = readFileSync(path);
  random.one(beyondRepair)(path, random);
  return () => {
    rmSync(path, { recursive: true, force: true });
    replace(path, content);
  };
}

/** Replaces a file atomically. */
export function replace(path: string, content: Buffer | string): void {
  writeFileSync(`${path}.storm`, content);
  renameSync(`${path}.storm`, path);
}
