/** Before the tests: compiles what changed, for the tests that run the program. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from './bundle.ts';

export default async function buildOnce(): Promise<void> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../build.js', import.meta.url))], {
    stdio: 'inherit',
  });
  // For test/built-program.ts.
  process.env['TESTED_PROGRAM'] = await bundleProgram();
}
