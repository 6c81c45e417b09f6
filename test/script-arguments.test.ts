import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

function run(script: string, args: readonly string[]) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', path, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const scripts = [
  ['bench', 'bench/bench.ts'],
  ['soak', 'soak/soak.ts'],
  ['storm', 'storm/storm.ts'],
  ['judge', 'writer/judge.ts'],
] as const;

describe.each(scripts)('npm run %s', (name, script) => {
  it('prints its usage for --help', { timeout: 60_000 }, () => {
    expect(run(script, ['--help'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`^Usage: npm run ${name} `)),
      stderr: '',
    });
  });

  it('names an unknown flag, without a stack trace', { timeout: 60_000 }, () => {
    const { status, stderr } = run(script, ['--nope']);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^Unknown option '--nope'.*\n\nUsage: npm run ${name} `));
    expect(stderr).not.toContain('    at ');
  });
});

it('names a benchmark that does not exist', { timeout: 60_000 }, () => {
  const { status, stderr } = run('bench/bench.ts', ['nope']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^There is no benchmark "nope"\.\n\nUsage: npm run bench /);
});
