/** What commands load. It decides how long they take to start, and does not depend on how busy the machine is. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtProgram, unbundledProgram } from '../built-program.ts';
import { fixture, scratchFolder } from '../source/scratch.ts';

const dist = dirname(dirname(unbundledProgram));
const env = { HVQL_JWT_SECRET: 'x'.repeat(32) };

/** The files that a program has loaded, which Node names where coverage is written. */
function filesIn(folder: string): string[] {
  const coverage = readdirSync(folder).map(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as { result: readonly { url: string }[] },
  );
  const urls = coverage.flatMap(({ result }) => result.map(({ url }) => url));
  return [...new Set(urls)].filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
}

function filesOf(program: string, args: readonly string[]): string[] {
  const folder = scratchFolder();
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
    env: { ...env, NODE_V8_COVERAGE: folder },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return filesIn(folder);
}

/** The files of a service from its start until it listens. */
async function filesOfService(program: string, args: readonly string[]): Promise<string[]> {
  const folder = scratchFolder();
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...args], {
    env: { NODE_V8_COVERAGE: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.once('data', () => child.kill('SIGTERM'));
  await once(child, 'close');
  return filesIn(folder);
}

const packagesOf = (files: readonly string[]): string[] =>
  [...new Set(files.map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'hvql'))].sort();
/** The folders of src whose modules are among the files. */
const foldersOf = (files: readonly string[]): string[] =>
  [
    ...new Set(files.filter((file) => file.startsWith(dist)).map((file) => dirname(file.slice(dist.length)))),
  ].sort();
const kilobytesOf = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + statSync(file).size, 0) / 1_000;

const settings = ['content-type', 'hvql', 'lru-cache', 'negotiator'];

describe('the modules that a command loads', () => {
  it.each([
    { command: 'version', args: [], packages: settings, kilobytes: 160 },
    { command: 'help', args: [], packages: settings, kilobytes: 160 },
    { command: 'help', args: ['serve'], packages: settings, kilobytes: 160 },
    { command: 'token', args: ['--partition', '1'], packages: [...settings, 'jose'], kilobytes: 300 },
    {
      command: 'inspect',
      args: [`${fixture('small-host')}/lp/0/stats.page`],
      packages: settings,
      kilobytes: 250,
    },
  ])('are the expected ones for hvql $command', ({ command, args, packages, kilobytes }) => {
    const words = [command, ...args];
    const files = filesOf(unbundledProgram, words);
    expect(packagesOf(files)).toEqual([...packages].sort());
    expect(
      foldersOf(files).filter((folder) =>
        /execution|graph\/type|yoga|writer|fleet\/host|cli\/top/.test(folder),
      ),
    ).toEqual([]);
    // Of the bundle, which has files that several commands share.
    const bundled = filesOf(builtProgram, words);
    expect(packagesOf(bundled)).toEqual(['hvql']);
    expect(kilobytesOf(bundled)).toBeLessThan(kilobytes);
  });

  it('are those of the source and the settings for hvql serve', async () => {
    const files = await filesOfService(unbundledProgram, ['--source', 'simulator']);
    const sources = files.map((file) => /source\/[\w-]+\/([\w-]+)\.js$/.exec(file)?.[1]);
    expect(sources).toContain('simulator');
    for (const name of ['page-folder', 'capture', 'mshv', 'windows']) expect(sources).not.toContain(name);
    expect(foldersOf(files).filter((folder) => /fleet\/|simulated-fleet/.test(folder))).toEqual([]);
    const packages = packagesOf(files);
    expect(packages).toContain('graphql-yoga');
    for (const name of ['@graphql-yoga/render-graphiql', '@nats-io/transport-node', 'tar-stream'])
      expect(packages).not.toContain(name);
  });

  it('are few files for hvql serve', async () => {
    const files = await filesOfService(builtProgram, ['--source', 'simulator']);
    expect(packagesOf(files)).toEqual(['hvql']);
    expect(files.length).toBeLessThan(100);
  });
});
