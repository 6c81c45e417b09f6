import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';

describe('the lock file of the clients', () => {
  it('contains only packages that support this version of Node', () => {
    // --dry-run checks the engines and installs nothing.
    const { status, stderr } = spawnSync('npm', ['ci', '--dry-run', '--engine-strict', '--offline'], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('contains no registry address', () => {
    expect(readFileSync(new URL('package-lock.json', import.meta.url), 'utf8')).not.toContain('"resolved"');
  });
});
