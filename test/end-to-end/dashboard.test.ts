import { readdirSync, readFileSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { addressOf, secret, soon, tokenOf } from './dashboard-page.ts';
import { serve, type Served } from './program.ts';

const executablePath = findProgram('chromium');

describe('the files of the dashboard', () => {
  const assets = 'dist/dashboard/assets';

  it('have at most 60 KB compressed, all together', () => {
    const page = gzipSync(readFileSync('dist/dashboard/index.html')).length;
    const files = readdirSync(assets).filter((name) => name.endsWith('.gz'));
    const bytes = files.reduce((sum, name) => sum + statSync(`${assets}/${name}`).size, page);
    process.stdout.write(`the dashboard takes ${bytes} bytes compressed by gzip\n`);
    expect(bytes).toBeLessThan(60_000);
  });

  it('are built for production, also by tests', () => {
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    expect(scripts).not.toHaveLength(0);
    for (const name of scripts) expect(readFileSync(`${assets}/${name}`, 'utf8')).not.toContain('.tsx');
  });
});

describe.skipIf(executablePath === null)('the dashboard', () => {
  let served: Served;
  let browser: TestBrowser;
  let page: Page;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1', '--history-every', '1s']);
    browser = await startBrowser(executablePath ?? '');
    page = await browser.open(addressOf(served));
  });
  afterAll(async () => {
    await browser.close();
    await served.program.stop();
  });

  const names = (): Promise<string[]> => page.locator('.partitions tbody th a').allTextContents();

  it('shows the partitions of the machine and how busy they are, without any credentials in development mode', async () => {
    await expect.poll(names, soon).toContain('db-12');
    const busy = page.locator('.partitions tbody tr').first().locator('td').nth(1);
    await expect.poll(() => busy.textContent(), soon).toMatch(/\d\.\d %/);
    await expect
      .poll(() => page.locator('.moment').textContent(), soon)
      .toMatch(/Snapshot of \d\d:\d\d:\d\d/);
  });

  it('shows each new snapshot', async () => {
    const moment = page.locator('.moment time');
    const first = await moment.textContent();
    await expect.poll(() => moment.textContent(), soon).not.toBe(first);
  });

  it('shows the logical processors over time, including the time before it was opened', async () => {
    const painted = (): Promise<number> =>
      page.evaluate(() => {
        const canvas = document.querySelector('canvas');
        const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        return pixels.filter((value: number, n: number) => n % 4 === 3 && value > 0).length / 16;
      });
    await expect.poll(painted, soon).toBeGreaterThan(2);
  });

  it('lets the service sort and filter the table, and keeps both in the address', async () => {
    await page.getByRole('button', { name: /^Partition/ }).click();
    await expect
      .poll(names, soon)
      .toEqual(['root', 'web-1', 'web-6', 'cache-9', 'batch-10', 'web-11', 'db-12', 'build-13']);
    await page.getByRole('searchbox', { name: 'Name contains' }).fill('web');
    await expect.poll(names, soon).toEqual(['web-1', 'web-6', 'web-11']);
    expect(page.url()).toContain('name=web');
    await page.reload();
    await expect.poll(names, soon).toEqual(['web-1', 'web-6', 'web-11']);
    await page.goto(addressOf(served));
  });

  it('uses one WebSocket, and requests nothing from other servers', async () => {
    const sockets: string[] = [];
    await page.goto('about:blank');
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.goto(addressOf(served));
    await expect.poll(names, soon).toContain('db-12');
    expect(sockets).toHaveLength(1);
    expect(browser.elsewhere).toEqual([]);
    expect(browser.complaints).toEqual([]);
  });

  it('has a content security policy without inline scripts or styles, and files that are cached for ever', async () => {
    const response = await page.request.get(addressOf(served), { headers: { accept: 'text/html' } });
    const { 'content-security-policy': policy = '', 'cache-control': caching } = response.headers();
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(caching).toBe('no-store');
    const [, script = ''] = /src="([^"]+\.js)"/.exec(await response.text()) ?? [];
    for (const encoding of ['br', 'gzip', 'identity']) {
      const file = await fetch(new URL(script, served.url), { headers: { 'accept-encoding': encoding } });
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(file.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
      expect(await file.text()).toContain('graphql-transport-ws');
    }
  });
});

describe.skipIf(executablePath === null)(
  'the dashboard of a service with its own tokens and operations',
  () => {
    let served: Served;
    let browser: TestBrowser;
    beforeAll(async () => {
      const settings = ['--source', 'simulator?seed=1', '--operations', 'schema/operations'];
      served = await serve(settings, { HVQL_JWT_SECRET: secret });
      browser = await startBrowser(executablePath ?? '');
    });
    afterAll(async () => {
      await browser.close();
      await served.program.stop();
    });

    it('asks for a token, keeps it for the tab only, and works with its own documents only', async () => {
      const page = await browser.open(addressOf(served));
      const field = page.getByLabel('Token', { exact: true });
      await field.waitFor(soon);
      await field.fill('not a token');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect.poll(() => page.getByRole('status').textContent(), soon).toMatch(/token/i);
      await field.fill(await tokenOf('1'));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'db-12' }).first().waitFor(soon);
      expect(await page.evaluate(() => JSON.stringify(localStorage))).toBe('{}');
      await page.reload();
      await page.getByRole('link', { name: 'db-12' }).first().waitFor(soon);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await field.waitFor(soon);
      expect(await page.evaluate(() => JSON.stringify(sessionStorage))).toBe('{}');
    });

    it('does not make the service accept other documents', async () => {
      const response = await fetch(served.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf('1')}` },
        body: JSON.stringify({ query: '{ service { version } }' }),
      });
      expect(await response.text()).toContain('OPERATION_NOT_ALLOWED');
    });
  },
);
