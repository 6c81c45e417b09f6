import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importsIn } from './imports.ts';

const belowExecution = ['limits', 'catalogue', 'snapshot', 'access', 'sampling', 'graph', 'writer'];
const belowFleet = [...belowExecution, 'revocation', 'execution', 'metrics'];

/** The folders of src in topological order, and what each may import beside itself, errors.ts, lib and packages. */
const layers: Record<string, readonly string[]> = {
  'errors.ts': [],
  lib: [],
  catalogue: [],
  snapshot: ['catalogue'],
  page: ['catalogue', 'snapshot'],
  limits: [],
  source: ['catalogue', 'snapshot', 'page'],
  access: ['catalogue', 'snapshot'],
  revocation: [],
  sampling: ['catalogue', 'snapshot', 'access', 'source/source.ts'],
  graph: ['catalogue', 'snapshot', 'access', 'sampling'],
  writer: ['catalogue', 'snapshot', 'access', 'sampling', 'graph'],
  execution: belowExecution,
  metrics: [...belowExecution, 'execution'],
  server: belowFleet,
  fleet: [...belowFleet, 'server'],
  dashboard: [],
  cli: [...belowFleet, 'server', 'fleet', 'page', 'source'],
};

/** Sub-folders, and what each may import of the other sub-folders of its layer; files beside them are free. */
const within: Record<string, readonly string[]> = {
  'source/capture': ['mshv', 'page-folder'],
  'source/ipc': [],
  'source/mshv': ['page-folder'],
  'source/page-folder': [],
  'source/simulator': [],
  'source/windows': [],
  'sampling/change': [],
  'sampling/guard': ['read'],
  'sampling/read': ['change', 'guard'],
  'sampling/schedule': ['change', 'read'],
  'graph/argument': [],
  'graph/type': ['argument'],
  'dashboard/chart': ['reading'],
  'dashboard/connection': [],
  'dashboard/generated': ['connection'],
  'dashboard/page': ['chart', 'connection', 'generated', 'part', 'reading'],
  'dashboard/part': ['chart', 'connection', 'generated', 'reading'],
  'dashboard/reading': [],
  'execution/live': [],
  'execution/query': [],
  'server/auth': ['http'],
  'server/guest-socket': ['auth', 'http'],
  'server/hot-path': ['http', 'plugins'],
  'server/http': ['auth', 'hot-path', 'sse'],
  'server/plugins': ['http'],
  'server/sse': ['http'],
  'server/websocket': ['auth', 'http', 'sse'],
  'fleet/gateway': ['gateway/live', 'gateway/type'],
  'fleet/gateway/live': ['gateway'],
  'fleet/gateway/type': ['gateway'],
  'fleet/host': [],
  'cli/commands': ['commands/doctor', 'settings'],
  'cli/commands/doctor': [],
  'cli/settings': [],
  'cli/simulated-fleet': ['commands', 'settings'],
  'cli/top': ['commands', 'settings', 'top/link', 'top/screen', 'top/view'],
  'cli/top/link': ['commands', 'settings', 'top'],
  'cli/top/screen': ['settings', 'top', 'top/link', 'top/view'],
  'cli/top/view': ['settings', 'top'],
  'cli/workers': ['commands', 'settings'],
};

/** More files in one folder are hard to survey. */
const mostFiles = 22;

const src = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.[jt]sx?$/.test(file),
);

/** What a file of src imports from src, as paths below it, and the packages it imports. */
function importsOf(file: string): string[] {
  const names = importsIn(join(src, file)).map(({ name }) => name);
  return names.map((name) => (name.startsWith('.') ? relative(src, join(src, dirname(file), name)) : name));
}

/** Groups of files of which each imports every other, directly or through others. Types count as well. */
function cycles(): string[][] {
  const imports = new Map(
    files.map((file) => [file, importsOf(file).filter((name) => files.includes(name))]),
  );
  const reached = new Map(files.map((file) => [file, reachedFrom(file, imports)]));
  const cyclic = files.filter((file) => reached.get(file)?.has(file));
  const groups = cyclic.map((file) => cyclic.filter((other) => isMutual(file, other)).sort());
  return groups.filter(([first], index) => first === cyclic[index]).sort();

  function isMutual(one: string, other: string): boolean {
    return (reached.get(one)?.has(other) && reached.get(other)?.has(one)) === true;
  }
}

/** All files that a file imports, directly or through others. */
function reachedFrom(file: string, imports: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set(imports.get(file));
  for (const name of reached) for (const next of imports.get(name) ?? []) reached.add(next);
  return reached;
}

describe('src', () => {
  it('has exactly the folders of the table', () => {
    expect(readdirSync(src).sort()).toEqual(Object.keys(layers).sort());
  });

  it('has no folder with too many files', () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > mostFiles)).toEqual([]);
  });

  it('imports only upward in the table', () => {
    const wrong = files.flatMap((file) => {
      const layer = String(file.split('/')[0]);
      const allowed = [layer, 'errors.ts', 'lib', ...(layers[layer] ?? [])];
      return importsOf(file)
        .filter((name) => files.includes(name))
        .filter((name) => !allowed.some((each) => name === each || name.startsWith(`${each}/`)))
        .map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('imports between sub-folders of a layer only as their table allows, and has only the sub-folders of the table', () => {
    const wrong = files.flatMap((file) => {
      const folder = dirname(file);
      const [layer = ''] = file.split('/');
      if (folder === layer || folder === '.') return [];
      const allowed = within[folder];
      if (allowed === undefined) return [`${folder} is not in the table`];
      return importsOf(file)
        .filter((name) => files.includes(name) && name.startsWith(`${layer}/`))
        .filter(
          (name) => ![layer, folder, ...allowed.map((each) => `${layer}/${each}`)].includes(dirname(name)),
        )
        .map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('has no import cycles, including type imports', () => {
    expect(cycles()).toEqual([]);
  });

  it('writes each import as a literal path, so that none escapes the check', () => {
    const unknown = files.flatMap((file) =>
      importsOf(file)
        // A name that begins with @ is a file of a package.
        .filter((name) => /^[^:@]+\.[jt]s$/.test(name) && !files.includes(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('uses GraphQL only from graph on, HTTP only in server, and the process only in cli', () => {
    const uses = (pattern: RegExp) =>
      files.filter((file) => importsOf(file).some((name) => pattern.test(name)));
    const layersOf = (paths: string[]) =>
      [...new Set(paths.map((file) => String(file.split('/')[0])))].sort();
    const usingGraphql = uses(/^(graphql|@pothos)/);
    // Clients of the graph, like any other.
    const isClient = (file: string): boolean => /^(cli\/top|dashboard)\//.test(file);
    expect(layersOf(usingGraphql.filter((file) => !isClient(file)))).toEqual([
      'execution',
      'fleet',
      'graph',
      'server',
      'writer',
    ]);
    expect(layersOf(uses(/^(node:https?|graphql-yoga)$/))).toEqual(['server']);
    const environment = files.filter((file) =>
      /process\.(env|argv|exit|std)/.test(readFileSync(join(src, file), 'utf8')),
    );
    expect(layersOf(environment)).toEqual(['cli']);
  });

  it('creates granted names in access only', () => {
    const granting = files.filter((file) => /as Granted/.test(readFileSync(join(src, file), 'utf8')));
    expect(granting).toEqual(['access/access.ts']);
  });

  it('creates allowed operations in server/allowlist.ts only', () => {
    const allowing = files.filter((file) =>
      /as AllowedOperation/.test(readFileSync(join(src, file), 'utf8')),
    );
    expect(allowing).toEqual(['server/allowlist.ts']);
  });

  it('has a reason in docs/decisions.md for every file of server', () => {
    const decisions = readFileSync(join(src, '../docs/decisions.md'), 'utf8');
    const rows = [...decisions.matchAll(/^\| `([\w/-]+\.ts)` +\| \S/gm)].map(([, file]) => `server/${file}`);
    expect(rows.sort()).toEqual(files.filter((file) => file.startsWith('server/')).sort());
  });
});
