/** Before the tests: builds what changed, for the tests that run the program. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export default function buildOnce(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../build.js', import.meta.url))], {
    stdio: 'inherit',
  });
}
