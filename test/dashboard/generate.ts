/** Writes src/dashboard/generated. Not a test, since the dashboard, which tests build first, may not build without it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFolder, makeGenerated } from './generated.ts';

mkdirSync(generatedFolder, { recursive: true });
for (const [name, text] of Object.entries(await makeGenerated()))
  writeFileSync(join(generatedFolder, name), text);
