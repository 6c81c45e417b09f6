import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { printErrors, printSettings } from './printed.ts';

const start = '<!-- prettier-ignore-start -->\n';
const end = '\n\n<!-- prettier-ignore-end -->';

describe('the generated part', () => {
  it.each([
    ['docs/settings.md', printSettings],
    ['docs/errors.md', printErrors],
  ])('of %s is up to date; UPDATE_SCHEMA=1 generates it again', (document, print) => {
    const text = readFileSync(document, 'utf8');
    const [before = '', rest = ''] = text.split(start);
    const [printed, after = ''] = rest.split(end);
    if (process.env['UPDATE_SCHEMA'] === '1') {
      writeFileSync(document, `${before}${start}\n${print()}${end}${after}`);
    } else expect(printed?.trim()).toBe(print());
  });
});
