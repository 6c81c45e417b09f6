import { cp, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import {
  addressOf,
  expectAccessible,
  paintedPixels,
  secret,
  signIn,
  soon,
  tokenOf,
} from './dashboard-page.ts';
import { Program, serve, type Served } from './program.ts';

const executablePath = findProgram('chromium');
const hasNoBrowser = executablePath === null;

let browser: TestBrowser;
beforeAll(async () => {
  if (executablePath !== null) browser = await startBrowser(executablePath);
});
afterAll(() => (executablePath === null ? undefined : browser.close()));

describe.skipIf(hasNoBrowser)('the pages of the dashboard', () => {
  let served: Served;
  let page: Page;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1', '--history-every', '1s']);
    page = await browser.open(addressOf(served, '#/partition/2'));
  });
  afterAll(async () => {
    await page.close();
    await served.program.stop();
  });

  it('show the virtual processors of a partition over time, their hypervisor activity, and its memory', async () => {
    await expect.poll(() => paintedPixels(page), soon).toBeGreaterThan(4);
    const operations = page.getByRole('region', { name: 'Table of operations' });
    await expect.poll(() => operations.textContent(), soon).toMatch(/HLT instructions.*\d ns/);
    const memory = page.getByRole('region', { name: 'Table of memory' });
    await expect.poll(() => memory.textContent(), soon).toMatch(/Deposited pages\d/);
  });

  it('show any counter of a searchable list, and keep it in the address', async () => {
    await page.getByText(/^Choose counters/).click();
    await page.getByRole('searchbox', { name: 'Search' }).fill('msr accesses');
    await page.getByRole('checkbox', { name: /^MSR accesses\/sec/ }).check();
    const chart = page.getByRole('img', { name: /^MSR accesses/ });
    await chart.waitFor(soon);
    expect(page.url()).toContain('draw=VIRTUAL_PROCESSOR.msrAccesses');
    await page.reload();
    await chart.waitFor(soon);
    await expect.poll(() => page.locator('.drawn').textContent(), soon).toMatch(/Its current value is \d/);
  });

  it('can show values by keyboard alone', async () => {
    const chart = page.getByRole('img', { name: /^MSR accesses/ });
    await chart.focus();
    await page.keyboard.press('ArrowLeft');
    const reading = page.locator('.drawn output');
    await expect.poll(() => reading.textContent(), soon).toMatch(/^\d\d:\d\d:\d\d · MSR accesses.* \d.*\/s/);
    await page.getByRole('img', { name: /^Share of time that virtual/ }).focus();
    await page.keyboard.press('ArrowDown');
    const cell = page.locator('figure:has(canvas) > output').first();
    await expect.poll(() => cell.textContent(), soon).toMatch(/^Virtual processor 1 · \d\d:\d\d:\d\d · /);
  });

  it('can be paused, zoomed by selecting a time range, and made live again', async () => {
    await page.getByRole('button', { name: 'Pause' }).click();
    const time = page.getByRole('group', { name: 'Time' });
    const paused = await time.textContent();
    expect(paused).toMatch(/Paused: /);
    const moment = page.locator('.moment time');
    const before = await moment.textContent();
    await expect.poll(() => moment.textContent(), soon).not.toBe(before);
    expect(await time.textContent()).toBe(paused);
    const box = await page.locator('canvas').first().boundingBox();
    if (box === null) throw new Error('There is no chart');
    await page.mouse.move(box.x + box.width / 2, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 5, box.y + 5);
    await page.mouse.up();
    await expect.poll(() => time.textContent(), soon).toMatch(/Selected: /);
    await page.getByRole('button', { name: 'Live' }).click();
    await expect.poll(() => time.textContent(), soon).toMatch(/Last 5 minutes/);
  });

  it('show idle states and interrupts of a logical processor', async () => {
    await page.goto(addressOf(served, '#/logical-processor/3'));
    for (const name of ['Share of time in idle states', 'Interrupts'])
      await page.getByRole('region', { name, exact: true }).waitFor(soon);
    await expect
      .poll(() => page.locator('.u-legend').allTextContents(), soon)
      .toContainEqual(expect.stringContaining('% C1 time'));
  });

  it('have no accessibility problem that axe-core finds, in light and dark, on narrow and wide screens', async () => {
    for (const [place, ready] of [
      ['', '.partitions tbody tr'],
      ['#/partition/2?draw=VIRTUAL_PROCESSOR.hypercalls', '.drawn canvas'],
      ['#/logical-processor/3', '.u-legend'],
    ] as const) {
      await page.goto(addressOf(served, place));
      await page.locator(ready).first().waitFor(soon);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
      }
      for (const width of [390, 2_560]) {
        await page.setViewportSize({ width, height: 900 });
        const overflow = (): Promise<number> =>
          page.evaluate('document.documentElement.scrollWidth - innerWidth');
        // Charts take the width a moment after the page has it.
        await expect
          .poll(overflow, { ...soon, message: `${place} at ${width} pixels` })
          .toBeLessThanOrEqual(0);
        await expectAccessible(page);
      }
    }
  });

  it('log no errors to the console', () => {
    expect(browser.complaints).toEqual([]);
    expect(browser.elsewhere).toEqual([]);
  });
});

describe.skipIf(hasNoBrowser)('the dashboard of a guest', () => {
  it('shows only its own partition: neither its page nor its traffic contains the id of another partition', async () => {
    const served = await serve(['--source', 'simulator?seed=1'], { HVQL_JWT_SECRET: secret });
    const page = await browser.open('about:blank');
    const traffic: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => traffic.push(payload.toString())),
    );
    page.on('response', (response) => {
      if (new URL(response.url()).pathname === '/') void response.text().then((text) => traffic.push(text));
    });
    await page.goto(addressOf(served));
    await expectAccessible(page);
    await signIn(page, await tokenOf('2'));
    await expect.poll(() => paintedPixels(page), soon).toBeGreaterThan(4);
    // Also where it asks for more.
    for (const place of ['#/logical-processor/0', '#/partition/13', '#/']) {
      await page.goto(addressOf(served, place));
      await expect
        .poll(() => page.locator('main').textContent(), soon)
        .toMatch(place.includes('13') ? /denied|not exist/i : /web-1|Virtual processors/);
    }
    const others = ['root', 'db-12', 'batch-10', 'web-11', 'build-13', 'cache-9', 'web-6'];
    const everything = `${traffic.join('\n')}${await page.content()}`;
    for (const name of others) expect(everything).not.toContain(`"name":"${name}"`);
    const ids = [...everything.matchAll(/"partitionId":"(\d+)"/g)].map(([, id]) => id);
    expect(new Set(ids)).toEqual(new Set(['2']));
    await page.close();
    await served.program.stop();
  });
});

describe.skipIf(hasNoBrowser)('the dashboard of a service that fails', () => {
  it('says since when there is no connection, and recovers by itself, with the tokens of the next service', async () => {
    const first = await serve(['--source', 'simulator?seed=1']);
    const { port } = new URL(first.url);
    const page = await browser.open(addressOf(first));
    await page.locator('.partitions tbody tr').first().waitFor(soon);
    await first.program.stop();
    await expect
      .poll(() => page.locator('.moment').textContent(), soon)
      .toMatch(/No connection since \d\d:\d\d:\d\d/);
    // The last numbers stay, with their time.
    expect(await page.locator('.moment').textContent()).toMatch(/Last snapshot: \d\d:\d\d:\d\d/);
    const second = new Program(['serve', '--port', port, '--source', 'simulator?seed=1']);
    await expect.poll(() => page.locator('.moment').textContent(), soon).toMatch(/^Snapshot of/);
    await page.close();
    await second.stop();
    browser.complaints.length = 0;
  });

  it('marks a broken page in its place, and shows all others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hvql-pages-'));
    await cp('test/fixtures/small-host', folder, { recursive: true });
    await truncate(join(folder, 'lp/1/stats.page'), 100);
    const served = await serve(['--source', `pages:${folder}`]);
    const page = await browser.open(addressOf(served));
    await expect
      .poll(() => page.locator('.problems').first().textContent(), soon)
      .toMatch(/Logical processor 1: .*broken page/);
    await page.locator('.partitions tbody tr').first().waitFor(soon);
    await expectAccessible(page);
    await page.close();
    await served.program.stop();
    await rm(folder, { recursive: true });
  });
});
