/** The program as a shell runs it: its output, and how it ends. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { copyOfFixture, fixture, scratchFolder } from '../source/scratch.ts';

const main = fileURLToPath(new URL('../../dist/bundle/hvql.mjs', import.meta.url));
const secret = '0123456789abcdef0123456789abcdef';

/** Runs a script of bash in which `hvql` is the program. */
function run(script: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['--norc', '-c', `hvql() { "$NODE" "$MAIN" "$@"; }\n${script}`],
    {
      env: { PATH: process.env['PATH'], NODE: process.execPath, MAIN: main, ...env },
      // Without a socket there, or bash takes us for rshd and reads ~/.bashrc.
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  return { status, stdout, stderr };
}

describe('standard output without a reader', () => {
  it.each([
    ['token', 'hvql token --partition 1'],
    ['inspect', `hvql inspect '${fixture('small-host')}/lp/0/stats.page'`],
    ['help', 'hvql help serve'],
    ['simulate', 'hvql simulate --out "$OUT" --every 10ms'],
  ])('ends hvql %s without a message', (_what, command) => {
    const env = { HVQL_JWT_SECRET: secret, OUT: `${scratchFolder()}/pages` };
    // The reader is gone long before the program has started.
    const script = `${command} | true; echo "\${PIPESTATUS[0]}"`;
    expect(run(script, env)).toEqual({ status: 0, stdout: '0\n', stderr: '' });
  });

  it('does not change the exit code of a usage error, even if standard error has no reader either', () => {
    expect(run('hvql sevre 2>&1 | true; echo "${PIPESTATUS[0]}"')).toEqual({
      status: 0,
      stdout: '2\n',
      stderr: '',
    });
  });

  it('is reported in one sentence if it cannot be written', () => {
    expect(run('hvql help > /dev/full')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'hvql: standard output cannot be written: no space left on device (ENOSPC).\n',
    });
  });
});

describe('a full file system', () => {
  it.each(['capture', 'capture.tar'])(
    'ends a recording to %s with one sentence, and leaves no files',
    (name) => {
      const folder = scratchFolder();
      const out = `${folder}/${name}`;
      // Blocks of 1024 bytes: less than a page, or a few of the tar's.
      const limit = name === 'capture' ? 2 : 64;
      const script = `ulimit -f ${limit}; hvql record --for 2s --every 50ms --out '${out}'`;
      expect(run(script)).toEqual({
        status: 2,
        stdout: '',
        stderr: `hvql: ${out} cannot be written: file too large (EFBIG).\n`,
      });
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});

describe('a message about an invalid file', () => {
  it('has its control characters escaped for the terminal', () => {
    const folder = copyOfFixture('three-frames');
    const frames = [{ name: '\u001b[2J', at: '2026-11-20T10:00:00.000Z', monotonic: '0' }];
    const manifest = { format: 'hvql-pages', version: 1, partitions: [], frames };
    writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifest));
    expect(run(`hvql record --source capture:${folder} --out ${folder}/x.tar`)).toEqual({
      status: 2,
      stdout: '',
      stderr: `hvql: ${folder}/frames/\\u{1b}[2J is not there, but the manifest lists it.\n`,
    });
  });
});

describe('an unexpected error', () => {
  it('is printed with its stack, and the exit code is 1', () => {
    // Node cannot tell the current folder of a process whose folder is gone.
    const folder = scratchFolder();
    const { status, stderr } = run(`mkdir ${folder}/gone; cd ${folder}/gone; rmdir ../gone; hvql inspect x`);
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^hvql: unexpected error: /)]);
  });
});
