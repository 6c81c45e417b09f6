import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

describe('the tests of the clients', () => {
  // `npm run lint` leaves them out: the clients, whose types they need, are not installed everywhere.
  it('compile with the types that the clients ship, and pass the linter', () => {
    const project = fileURLToPath(new URL('../..', import.meta.url));
    const { status, stdout } = spawnSync(`${project}node_modules/.bin/oxlint`, ['--quiet', 'test/clients'], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(stdout).toContain('and 0 errors');
    expect(status, stdout).toBe(0);
  });
});
