/** docs/architecture.md names modules that exist, and those that a POST passes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unbundledProgram } from '../built-program.ts';
import { post, serve } from '../end-to-end/program.ts';
import { scratchFolder } from '../source/scratch.ts';

const text = readFileSync('docs/architecture.md', 'utf8');
const [, request = ''] = /^## One request$([^]*?)^## /m.exec(text) ?? [];
const [, diagram = ''] = /^```text\n([^]*?)^```$/m.exec(request) ?? [];
/** The paths in the first column of the table. */
const modules = [...request.matchAll(/^\| `([\w/-]+\.ts)`/gm)].map(([, path = '']) => path);

/** The functions of each script of dist that have run in a service, by the script's path in dist. */
async function functionsRun(use: (served: Awaited<ReturnType<typeof serve>>) => Promise<void>) {
  const folder = scratchFolder();
  const served = await serve(
    ['--source', 'simulator?seed=1'],
    { NODE_V8_COVERAGE: folder },
    [],
    unbundledProgram,
  );
  await use(served);
  expect(await served.program.stop()).toBe(0);
  const run = new Map<string, Set<string>>();
  for (const file of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Coverage;
    for (const { url, functions } of result) {
      const names = functions
        .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
        .map(({ functionName }) => functionName);
      run.set(url.split('/dist/')[1] ?? url, new Set(names));
    }
  }
  return run;
}

/** What Node writes to the folder of NODE_V8_COVERAGE. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

describe('docs/architecture.md', () => {
  it('lists the folders of src in the order of their imports', () => {
    const tested = readFileSync('test/layers.test.ts', 'utf8');
    const layers = /^const layers:[^]*?^};/m.exec(tested)?.[0] ?? '';
    const folders = [...layers.matchAll(/^ {2}(\w+): \S/gm)].map(([, folder]) => folder);
    const rows = [...text.matchAll(/^\| (\w+) +\| [A-Z]/gm)].map(([, folder]) => folder);
    expect(rows).toEqual(folders);
  });

  it('traces a POST through at most fifteen existing modules', () => {
    expect(modules.length).toBeGreaterThan(10);
    expect(modules.length).toBeLessThanOrEqual(15);
    expect(modules.filter((path) => !existsSync(join('src', path)))).toEqual([]);
  });

  it('shows exactly these modules in its diagram', () => {
    const drawn = new Set([...diagram.matchAll(/[\w-]+\.ts/g)].map(([name]) => name));
    expect([...drawn].sort()).toEqual(modules.map((path) => basename(path)).sort());
  });

  it(
    'lists modules that take part in answering a POST, not only in starting the service',
    { timeout: 120_000 },
    async () => {
      const idle = await functionsRun(async () => {});
      const asked = await functionsRun(async ({ url, tokens }) => {
        const query = '{ hypervisor { logicalProcessors { counters { totalRunTime } } } }';
        expect(await post(url, { token: tokens[0], query })).not.toHaveProperty('errors');
      });
      const unused = modules.filter((path) => {
        const script = path.replace(/ts$/, 'js');
        const before = idle.get(script) ?? new Set();
        return [...(asked.get(script) ?? [])].every((name) => before.has(name));
      });
      // It lists the plugins, which Yoga calls.
      expect(unused).toEqual(['server/yoga.ts']);
    },
  );
});
