/** Rules of a document, each with the test that checks it. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** A rule in short words of our own, and its test. */
export type Rule = readonly [rule: string, test: () => Promise<void> | void];

/** A rule that another test file checks: passes while that file has a test with this title. */
export function testedIn(file: string, title: string): () => void {
  return () => {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
    expect(text.includes(`'${title}'`), `${file} has no test '${title}' any more`).toBe(true);
  };
}
