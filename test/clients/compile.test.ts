import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

describe('the tests of the clients', () => {
  // A second compiler run: the main one knows nothing of the clients, which need not be installed.
  it('compile against the types that the clients ship', { timeout: 300_000 }, () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    const { status, stdout } = spawnSync(
      process.execPath,
      [`${folder}node_modules/typescript/bin/tsc`, '--noEmit', '-p', folder],
      { encoding: 'utf8' },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
