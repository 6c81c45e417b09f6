/** Folders that tests write to; they are removed after the test. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** An empty folder for the test that is running. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Path of a file or folder of test/fixtures. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** A copy of a folder of test/fixtures that the test may change. */
export function copyOfFixture(name: string): string {
  const folder = scratchFolder();
  for (const [place, bytes] of filesBelow(fixture(name))) putFile(folder, { place, content: bytes });
  return folder;
}

/** Every file below a folder, by its place in it, in the order of the alphabet. */
export function filesBelow(folder: string): Map<string, Buffer> {
  const places = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  return new Map(places.map((place) => [place, readFileSync(join(folder, place))]));
}

/** Writes a file, with the folders it needs. */
export function putFile(folder: string, file: { place: string; content: Uint8Array | string }): void {
  mkdirSync(dirname(join(folder, file.place)), { recursive: true });
  writeFileSync(join(folder, file.place), file.content);
}
