import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFolder, makeGenerated } from './generated.ts';

describe('the documents of the dashboard', () => {
  it('are what "npm run generate" generates from the schemas, the catalogue and the operations', async () => {
    const files = await makeGenerated();
    const written = Object.keys(files).map((name) => [
      name,
      readFileSync(join(generatedFolder, name), 'utf8'),
    ]);
    expect(Object.fromEntries(written)).toEqual(files);
  });
});
