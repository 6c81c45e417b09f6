import { describe, expect, it } from 'vitest';
import { loadPlugins } from '../../../src/cli/commands/plugin.ts';
import { UsageError } from '../../../src/errors.ts';

describe('a plugin whose promise never settles', () => {
  it('is a usage error after a timeout, which names every such plugin', async () => {
    const modules = ['./test/fixtures/plugins/never-loaded.mjs', './test/fixtures/plugins/never-given.mjs'];
    const loading = loadPlugins(modules, 50);
    await expect(loading).rejects.toBeInstanceOf(UsageError);
    await expect(loading).rejects.toMatchObject({
      problems: modules.map(
        (name) =>
          `--plugin: ${name} cannot be used: it was not loaded within 50ms: a promise that it awaits, at its top level or in its function, has not settled.`,
      ),
    });
  });
});
