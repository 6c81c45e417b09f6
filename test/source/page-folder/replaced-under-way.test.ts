import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { countersInPages } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { hypervisorName } from '../../../src/snapshot/object-name.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { scratchFolder } from '../scratch.ts';

const writer = fileURLToPath(new URL('./replacing-writer.ts', import.meta.url));

describe('a page that another process keeps replacing', () => {
  it('is never read partially, and never missing', async () => {
    const folder = scratchFolder();
    const child = spawn(process.execPath, ['--import', 'tsx', writer, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill());
    await once(child.stdout, 'data');

    const source = openPageFolder(folder, { clock: systemClock });
    const seen = new Set<bigint | undefined>();
    // As many reads as are needed to coincide with a write a thousand times.
    while (seen.size < 1000) {
      const { outcomes } = await source.read([hypervisorName], new AbortController().signal);
      const [page] = outcomes;
      if (page === undefined || page instanceof HvqlError) throw page ?? new Error('no outcome');
      const values = new Set(countersInPages('HYPERVISOR', 2013).map((counter) => page.value(counter)));
      expect(values.size).toBe(1);
      for (const value of values) seen.add(value);
    }
  });
});
