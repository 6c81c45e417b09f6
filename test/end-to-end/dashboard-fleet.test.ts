import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { addressOf, expectAccessible, paintedPixels, soon } from './dashboard-page.ts';
import { Program } from './program.ts';

const executablePath = findProgram('chromium');
const canRun = executablePath !== null && findProgram('nats-server') !== null;

describe.skipIf(!canRun)('the dashboard of a gateway with 20 hosts', () => {
  let program: Program;
  let url: string;
  let browser: TestBrowser;
  let page: Page;
  beforeAll(async () => {
    program = new Program(['fleet', '--hosts', '20', '--port', '0']);
    const [, address] = await program.prints(/^hvql listening on (https?:\S+)\n/m);
    url = String(address);
    browser = await startBrowser(executablePath ?? '');
    page = await browser.open(addressOf({ url }));
  });
  afterAll(async () => {
    await browser.close();
    await program.stop();
  });

  it('lists the hosts with their status, and the ten busiest partitions and processors of all hosts', async () => {
    await expect.poll(() => page.locator('.hosts tbody tr').count(), soon).toBe(20);
    await expect
      .poll(() => page.locator('.hosts tbody tr').first().textContent(), soon)
      .toMatch(/^host-01answering\d+ \d+\.\d %/);
    for (const name of ['Busiest partitions', 'Busiest virtual processors'])
      await expect
        .poll(() => page.getByRole('region', { name, exact: true }).locator('tbody tr').count(), soon)
        .toBe(10);
    await expectAccessible(page);
  });

  it('lets the gateway filter the hosts', async () => {
    await page.getByRole('searchbox').fill('host-1');
    await expect.poll(() => page.locator('.hosts tbody tr').count(), soon).toBe(10);
  });

  it('opens a host, its partitions and their counters through the gateway', async () => {
    await page.getByRole('link', { name: 'host-12', exact: true }).first().click();
    await page.locator('.partitions tbody tr').first().waitFor(soon);
    expect(await page.locator('h1').textContent()).toBe('host-12');
    await expect.poll(() => paintedPixels(page), soon).toBeGreaterThan(4);
    await page.locator('.partitions tbody a').first().click();
    await expect.poll(() => page.url(), soon).toMatch(/#\/host\/host-12\/partition\/\d+$/);
    await expect
      .poll(() => page.getByRole('region', { name: 'Table of operations' }).textContent(), soon)
      .toMatch(/\d ns/);
    await page.goto(`${page.url()}?draw=VIRTUAL_PROCESSOR.hypercalls`);
    await expect.poll(() => page.locator('.drawn').textContent(), soon).toMatch(/Its current value is \d/);
    expect(browser.complaints).toEqual([]);
  });
});
