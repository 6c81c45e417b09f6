/** What the tests start when they start the program. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program module by module, as with plugins. */
export const unbundledProgram = fileURLToPath(new URL('../dist/cli/hvql.js', import.meta.url));

/** The program as it is installed. */
export const builtProgram = fileURLToPath(new URL('../dist/bundle/hvql.mjs', import.meta.url));

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  scripts: { start: string };
};
/** Node's flags, as `npm start` has them. */
export const nodeFlags: readonly string[] = scripts.start.match(/--\S+/g) ?? [];
