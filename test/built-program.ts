/** What the tests start when they start the program. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program as it is installed, each module in a file of its own. */
export const unbundledProgram = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** The program in the bundle that test/build-once.ts makes for the suite, which starts in half the time. */
export const builtProgram = process.env['TESTED_PROGRAM'] ?? unbundledProgram;

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  scripts: { start: string };
};
/** Node's flags, as `npm start` has them. */
export const nodeFlags: readonly string[] = scripts.start.match(/--\S+/g) ?? [];
