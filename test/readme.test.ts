import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { helpText } from '../src/cli/settings/setting-help.ts';
import { commandNames } from '../src/cli/settings/setting-table.ts';
import { findProgram } from './debian-program.ts';
import { serve, type Served } from './end-to-end/program.ts';

const run = promisify(execFile);
const readme = await readFile('README.md', 'utf8');

/** The first code block of this language whose text matches. */
function block(language: string, pattern: RegExp): string {
  const blocks = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)];
  const found = blocks.find(([, name, text]) => name === language && pattern.test(String(text)));
  if (found === undefined) throw new Error(`README.md has no such ${language} block`);
  return String(found[2]);
}

describe('README.md', () => {
  it('names files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, path]) => String(path));
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names rooms of src in the order of their imports', async () => {
    const layers = await readFile('test/layers.test.ts', 'utf8');
    const rooms = [...layers.matchAll(/^ {2}(\w+): \[/gm)].map(([, room]) => room);
    const rows = [...readme.matchAll(/^\| (\w+) +\| [A-Z]/gm)].map(([, room]) => room);
    expect(rows).toEqual(rooms);
  });
});

describe('the examples of README.md', () => {
  let served: Served;
  let folder: string;
  beforeAll(async () => {
    served = await serve();
    folder = await mkdtemp(join(tmpdir(), 'hvql-readme-'));
  });
  afterAll(async () => {
    await served.program.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const env = () => ({ PATH: process.env['PATH'], TOKEN: served.tokens[0] });
  const here = (text: string) => text.replaceAll('http://127.0.0.1:4000/graphql', served.url);

  it('run as they stand: TypeScript', async () => {
    const file = join(folder, 'client.mts');
    await writeFile(file, here(block('ts', /fetch/)));
    const { stdout, stderr } = await run(
      process.execPath,
      [join(process.cwd(), 'node_modules/tsx/dist/cli.mjs'), file],
      { env: env() },
    );
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(5);
    expect(stdout).toMatch(/^[\w-]+: \d+\.\d % of the time of \d+ processors$/m);
  });

  it.skipIf(findProgram('curl') === null)('run as they stand: curl', async () => {
    const { stdout } = await run('bash', ['-c', here(block('sh', /curl/))], { env: env() });
    expect(JSON.parse(stdout)).toMatchObject({
      data: { hypervisor: { logicalProcessors: [{ index: 0 }, { index: 1 }] } },
    });
  });

  it('use commands and flags that exist', () => {
    const commands = [...readme.matchAll(/npm (?:run (?:--silent )?hvql|start) -- ([^#`\n]+)/g)].map(
      ([, args]) => String(args),
    );
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      const [word = ''] = command.trim().split(' ');
      const flags = command.match(/--[\w-]+/g) ?? [];
      const topic = word.startsWith('--') ? 'serve' : word;
      const name = commandNames.find((each) => each === topic);
      if (topic !== 'help') expect(name, command).toBe(topic);
      const help = helpText(name ?? null);
      for (const flag of flags) expect(help).toContain(`${flag} `);
    }
  });
});
