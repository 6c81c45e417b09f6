/** What the dashboard shows after totals have decreased. */
import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCounters } from '../../src/page/encode.ts';
import { findProgram } from '../debian-program.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { addressOf, expectAccessible, soon } from './dashboard-page.ts';
import { serve, type Served } from './program.ts';

const executablePath = findProgram('chromium');

describe.skipIf(executablePath === null)('the dashboard after totals have decreased', () => {
  let folder: string;
  let served: Served;
  let browser: TestBrowser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-reset-'));
    await cp('test/fixtures/small-host', folder, { recursive: true });
    await writeProcessors(2_000_000n);
    served = await serve(['--source', `pages:${folder}`]);
    browser = await startBrowser(executablePath ?? '', { reducedMotion: 'reduce' });
  });
  afterAll(async () => {
    await browser.close();
    await served.program.stop();
    await rm(folder, { recursive: true });
  });

  /** All counters of the virtual processor 1 of partition 5, as a writer of such a folder replaces its page. */
  async function writeProcessors(value: bigint): Promise<void> {
    const page = join(folder, 'partition/5/vp/1/stats.page');
    await writeFile(
      `${page}.new`,
      encodeCounters('VIRTUAL_PROCESSOR', () => value),
    );
    await rename(`${page}.new`, page);
  }

  /** Waits for two snapshots, so that the next has a rate. */
  async function waitForRates(page: Page): Promise<void> {
    const moment = page.locator('.moment time');
    for (const _ of [0, 1]) {
      const before = await moment.textContent(soon);
      await expect.poll(() => moment.textContent(), soon).not.toBe(before);
    }
  }

  /** Collects what a place of the page says from now on: the next event may say something else. */
  const record = (page: Page, place: string): Promise<unknown> =>
    page.evaluate(`(() => {
      globalThis.said = [];
      const note = () => said.push(document.querySelector(${JSON.stringify(place)})?.textContent ?? '');
      new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
    })()`);
  const said = (page: Page): Promise<string> => page.evaluate(`said.join('\\n')`);

  it('marks the time in charts, in their tables and for keyboard users', async () => {
    await writeProcessors(2_000_000n);
    const page = await browser.open(addressOf(served, '#/partition/5?draw=VIRTUAL_PROCESSOR.hypercalls'));
    await page.locator('.drawn canvas').waitFor(soon);
    await waitForRates(page);
    await record(page, 'section[aria-labelledby="operations"]');
    await writeProcessors(1_000_000n);

    // The colour of a reset is no other's: neither of the scale nor of a line.
    const marked = (canvas: string): Promise<number> =>
      page.evaluate(`(() => {
        const element = document.querySelector(${JSON.stringify(canvas)});
        const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
        let count = 0;
        for (let n = 0; n < data.length; n += 4)
          if (data[n] === 0xcc && data[n + 1] === 0x78 && data[n + 2] === 0xb4 && data[n + 3] === 255) count += 1;
        return count;
      })()`);
    await expect.poll(() => marked('.heat-map canvas'), soon).toBeGreaterThan(0);
    await expect.poll(() => marked('.drawn canvas'), soon).toBeGreaterThan(10);
    expect(await said(page)).toContain('The totals were reset in this interval.');

    await page.getByText('Numbers of this chart').first().click();
    const row = page.getByRole('row', { name: /^Virtual processor 1/ });
    await expect.poll(() => row.locator('td').last().textContent(), soon).toBe('1');
    const other = page.getByRole('row', { name: /^Virtual processor 0/ });
    expect(await other.locator('td').last().textContent()).toBe('0');
    await expectAccessible(page);
    // With reduced motion there is no animation.
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);

    // The heat map: row 1, from the newest column to older ones. The lines: from the newest reading.
    for (const [chart, output, keys] of [
      [/^Share of time that virtual/, 'figure:has(.heat-map) > output', ['ArrowDown']],
      [/^Hypercalls/, '.drawn output', ['End']],
    ] as const) {
      await page.getByRole('img', { name: chart }).focus();
      for (const key of keys) await page.keyboard.press(key);
      await expect
        .poll(async () => {
          const text = await page.locator(output).textContent();
          // On a fast machine it is in the newest column still.
          if (text?.endsWith(' · reset') !== true) await page.keyboard.press('ArrowLeft');
          return text;
        }, soon)
        .toMatch(/ · reset$/);
    }
    expect(browser.complaints).toEqual([]);
    await page.close();
  });

  it('marks the row of the partition', async () => {
    await writeProcessors(2_000_000n);
    const page = await browser.open(addressOf(served));
    await page.locator('.partitions tbody tr').first().waitFor(soon);
    await waitForRates(page);
    await record(page, '.partitions tbody');
    await writeProcessors(1_000_000n);
    await expect.poll(() => said(page), soon).toMatch(/vm-1 5\d+ reset/);
    expect(await said(page)).not.toMatch(/vm-2 9\d+ reset/);
    await page.close();
  });
});
