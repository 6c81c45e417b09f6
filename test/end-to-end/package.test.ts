import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

interface Packed {
  filename: string;
  files: { path: string }[];
}

/** What npm says of the package; older versions give a list, newer ones an object by name. */
function parsePack(stdout: string): Packed {
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  if (packed === undefined) throw new Error(stdout);
  return packed;
}

describe('the package that npm pack makes', () => {
  let folder: string;
  let user: string;
  let packed: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-package-'));
    // Packed in a copy, since packing builds, and other tests run what is built here.
    const copy = join(folder, 'copy');
    for (const path of [
      'src',
      'schema',
      'packaging',
      'package.json',
      'package-lock.json',
      '.npmrc',
      'tsconfig.json',
      'tsconfig.build.json',
      'README.md',
      'LICENSE',
    ]) {
      await cp(path, join(copy, path), { recursive: true });
    }
    await symlink(resolve('node_modules'), join(copy, 'node_modules'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: copy });
    const { filename, files } = parsePack(stdout);
    packed = files.map(({ path }) => path);
    user = join(folder, 'user');
    await mkdir(user);
    await writeFile(join(user, 'package.json'), '{ "name": "user", "private": true }');
    // Some packages that Yoga draws in ask for a newer Node than they need; users get a warning, and they run.
    const install = ['install', '--engine-strict=false', '--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', [...install, join(folder, filename)], { cwd: user });
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('holds the program, the schema and the examples, and no sources or tests', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        'dist/cli/main.js',
        'dist/source/mshv/reading-thread.js',
        'dist/source/windows/look.ps1',
        'packaging/hvql.service',
        'schema/schema.graphql',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(packed.filter((path) => /^(src|test|\.ci|node_modules)\//.test(path))).toEqual([]);
  });

  it('runs by npx', async () => {
    const { stdout } = await run('npx', ['--no-install', 'hvql', 'version'], { cwd: user });
    expect(stdout).toBe('0.1.0\n');
  });

  it('brings along what serving needs, and serves', async () => {
    // npx starts the program through a shell: all of them are ended together.
    const child = spawn('npx', ['--no-install', 'hvql', 'serve', '--port', '0'], {
      cwd: user,
      detached: true,
    });
    try {
      let stdout = '';
      for await (const text of child.stdout) {
        stdout += String(text);
        if (stdout.includes('\n')) break;
      }
      const url = /^hvql listening on (\S+)\n/.exec(stdout)?.[1];
      const page = await fetch(String(url), { headers: { accept: 'text/html' } });
      const html = await page.text();
      expect(html).toContain('query Busiest');
      const script = /src="([^"]+)"/.exec(html)?.[1];
      expect((await fetch(new URL(String(script), url))).status).toBe(200);
    } finally {
      process.kill(-Number(child.pid), 'SIGKILL');
    }
  });
});
