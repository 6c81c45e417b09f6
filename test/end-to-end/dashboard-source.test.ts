import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { RecordedHost } from '../source/windows/recorded-host.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { addressOf, paintedPixels, soon } from './dashboard-page.ts';
import { serve } from './program.ts';

const executablePath = findProgram('chromium');
/** Where SCREENSHOTS is set, the pictures of README and docs are written again. */
const isWritten = process.env['SCREENSHOTS'] !== undefined;

describe.skipIf(executablePath === null)('the dashboard', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser(executablePath ?? '', { viewport: { width: 1_280, height: 800 } });
  });
  afterAll(() => browser.close());

  it.each([
    ['a page folder', () => 'pages:test/fixtures/small-host', 3],
    ['a capture', () => 'capture:test/fixtures/three-frames', null],
    ['the Linux driver', () => 'mshv:test/fixtures/mshv', null],
    ['Windows', () => `windows?powershell=${new RecordedHost('2019').executable}`, null],
  ])('shows the partitions and processors of %s', async (_, source, partitions) => {
    const served = await serve(['--source', source()]);
    const page = await browser.open(addressOf(served));
    const rows = page.locator('.partitions tbody tr');
    await rows.first().waitFor(soon);
    if (partitions !== null) expect(await rows.count()).toBe(partitions);
    const processors = page.locator('.links a');
    await processors.first().waitFor(soon);
    await rows.first().getByRole('link').click();
    await page.getByRole('img', { name: /^Share of time that virtual/ }).waitFor(soon);
    expect(browser.complaints).toEqual([]);
    await page.close();
    await served.program.stop();
  });

  it('matches the screenshots of README and docs', async () => {
    const served = await serve(['--source', 'simulator?seed=1', '--history-every', '1s']);
    const page = await browser.open(addressOf(served));
    for (const [name, place, ready] of [
      ['overview', '', '.partitions tbody tr'],
      ['partition', '#/partition/13?draw=VIRTUAL_PROCESSOR.hypercalls', '.drawn canvas'],
    ] as const) {
      await page.goto(addressOf(served, place));
      await page.locator(ready).first().waitFor(soon);
      await expect.poll(() => paintedPixels(page), soon).toBeGreaterThan(isWritten ? 200 : 8);
      const picture = await page.screenshot();
      const file = `docs/dashboard-${name}.png`;
      if (isWritten) await writeFile(file, picture);
      // PNG begins so; the numbers in it are others each time.
      expect(picture.subarray(1, 4).toString()).toBe('PNG');
      expect((await readFile(file)).subarray(1, 4).toString()).toBe('PNG');
    }
    await page.close();
    await served.program.stop();
  });
});
