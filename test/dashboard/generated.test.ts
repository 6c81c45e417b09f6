import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeGenerated } from './generated.ts';

const folder = 'src/dashboard/generated';

describe('the documents of the dashboard', () => {
  it('are generated from the schemas, the catalogue and what the pages ask for', async () => {
    const files = await makeGenerated();
    if (process.env['UPDATE_SCHEMA'] !== undefined) {
      mkdirSync(folder, { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    }
    const written = Object.keys(files).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
    expect(Object.fromEntries(written)).toEqual(files);
  });
});
