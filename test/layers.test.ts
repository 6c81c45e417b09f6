import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importsIn } from './imports.ts';

/** The rooms of src in topological order, and what each may import beside itself, errors.ts, lib and packages. */
const rooms: Record<string, readonly string[]> = {
  'errors.ts': [],
  lib: [],
  catalogue: [],
  snapshot: ['catalogue'],
  page: ['catalogue', 'snapshot'],
  source: ['catalogue', 'snapshot', 'page'],
  access: ['catalogue', 'snapshot'],
  sampling: ['catalogue', 'snapshot', 'access', 'source/source.ts'],
  graph: ['catalogue', 'snapshot', 'access', 'sampling'],
  writer: ['catalogue', 'snapshot', 'access', 'sampling', 'graph'],
  execution: ['catalogue', 'snapshot', 'access', 'sampling', 'graph', 'writer'],
  server: ['catalogue', 'snapshot', 'access', 'sampling', 'graph', 'writer', 'execution'],
  cli: [
    'catalogue',
    'snapshot',
    'page',
    'source',
    'access',
    'sampling',
    'graph',
    'writer',
    'execution',
    'server',
  ],
};

const src = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]s$/.test(file));

/** What a file of src imports from src, as paths below it, and the packages it imports. */
function importsOf(file: string): string[] {
  const names = importsIn(join(src, file)).map(({ name }) => name);
  return names.map((name) => (name.startsWith('.') ? relative(src, join(src, dirname(file), name)) : name));
}

describe('src', () => {
  it('has the rooms that the table names and no others', () => {
    expect(readdirSync(src).sort()).toEqual(Object.keys(rooms).sort());
  });

  it('imports only upward in the table', () => {
    const wrong = files.flatMap((file) => {
      const room = String(file.split('/')[0]);
      const allowed = [room, 'errors.ts', 'lib', ...(rooms[room] ?? [])];
      return importsOf(file)
        .filter((name) => files.includes(name))
        .filter((name) => !allowed.some((each) => name === each || name.startsWith(`${each}/`)))
        .map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('names each file that it imports as it is written, so that none escapes the check', () => {
    const unknown = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => /^[^:]+\.[jt]s$/.test(name) && !files.includes(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('knows GraphQL from graph on, HTTP in server only, and the process in cli only', () => {
    const uses = (pattern: RegExp) =>
      files.filter((file) => importsOf(file).some((name) => pattern.test(name)));
    const roomsOf = (paths: string[]) => [...new Set(paths.map((file) => String(file.split('/')[0])))].sort();
    expect(roomsOf(uses(/^(graphql|@pothos)/))).toEqual(['execution', 'graph', 'server', 'writer']);
    expect(roomsOf(uses(/^(node:https?|graphql-yoga)$/))).toEqual(['server']);
    const environment = files.filter((file) =>
      /process\.(env|argv|exit|std)/.test(readFileSync(join(src, file), 'utf8')),
    );
    expect(roomsOf(environment)).toEqual(['cli']);
  });

  it('grants objects in access only', () => {
    const granting = files.filter((file) => /as Granted/.test(readFileSync(join(src, file), 'utf8')));
    expect(granting).toEqual(['access/access.ts']);
  });

  it('allows operations in server/allowlist.ts only', () => {
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
