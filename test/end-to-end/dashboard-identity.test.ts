/** Callers who need no token, because their connection identifies them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { tlsFile } from '../secure.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { addressOf, expectAccessible, paintedPixels, soon } from './dashboard-page.ts';
import { serve, type Served } from './program.ts';
import { TcpForwarder } from './tcp-forwarder.ts';

const executablePath = findProgram('chromium');

describe.skipIf(executablePath === null)('the dashboard with client certificates', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve([
      ...['--source', 'pages:test/fixtures/small-host'],
      ...['--tls-cert', tlsFile('server.pem'), '--tls-key', tlsFile('server.key')],
      ...['--tls-client-ca', tlsFile('ca.pem')],
    ]);
  });
  afterAll(() => served.program.stop());

  const startWith = (certificate: string | null): Promise<TestBrowser> =>
    startBrowser(executablePath ?? '', {
      // A browser does not know the issuer of the test.
      ignoreHTTPSErrors: true,
      ...(certificate === null
        ? {}
        : {
            clientCertificates: [
              {
                origin: new URL(served.url).origin,
                certPath: tlsFile(`${certificate}.pem`),
                keyPath: tlsFile('client.key'),
              },
            ],
          }),
    });

  it('shows the machine to a browser with the certificate of the root, and does not ask for a token', async () => {
    const browser = await startWith('root');
    const page = await browser.open(addressOf(served));
    await expect
      .poll(() => page.locator('.partitions tbody th a').allTextContents(), soon)
      .toEqual(expect.arrayContaining(['root', 'vm-1', 'vm-2']));
    expect(await page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await expectAccessible(page);
    expect(browser.complaints).toEqual([]);
    expect(browser.elsewhere).toEqual([]);
    await browser.close();
  });

  it('asks a browser without a certificate for a token, and says why', async () => {
    const browser = await startWith(null);
    const page = await browser.open(addressOf(served));
    await page.getByLabel('Token', { exact: true }).waitFor(soon);
    expect(await page.getByRole('status').textContent()).toMatch(/certificate/i);
    await expectAccessible(page);
    await browser.close();
  });
});

describe.skipIf(executablePath === null)('the dashboard over a guest socket', () => {
  let folder: string;
  let served: Served;
  let forwarder: TcpForwarder;
  let browser: TestBrowser;
  let page: Page;
  const traffic: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-guest-'));
    const path = join(folder, 'five');
    served = await serve([...['--source', 'pages:test/fixtures/small-host', '--guest-socket', `5=${path}`]]);
    // As a monitor does it with vsock: what the guest's browser connects to is this socket on the host.
    forwarder = new TcpForwarder({ path });
    await forwarder.open();
    browser = await startBrowser(executablePath ?? '');
    page = await browser.open(`${forwarder.url}health`);
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => traffic.push(payload.toString())),
    );
  });
  afterAll(async () => {
    await browser.close();
    forwarder.cut();
    await served.program.stop();
    await rm(folder, { recursive: true });
  });

  it('shows its partition without a token, and no token of development mode', async () => {
    const response = await page.goto(forwarder.url);
    const html = (await response?.text()) ?? '';
    expect(html).toMatch(/"tokens":\s*null/);
    for (const token of served.tokens) expect(html).not.toContain(token);
    await expect.poll(() => page.locator('h1').textContent(), soon).toBe('vm-1');
    await expect.poll(() => paintedPixels(page), soon).toBeGreaterThan(0);
    expect(await page.getByLabel('Seen by').count()).toBe(0);
    await expectAccessible(page);
  });

  it("shows only the guest's own partition", async () => {
    await page.evaluate(`location.hash = '#/partition/9'`);
    await expect.poll(() => page.locator('main').textContent(), soon).toMatch(/denied|not exist/i);
    await page.evaluate(`location.hash = '#/'`);
    await expect.poll(() => page.locator('h1').textContent(), soon).toBe('vm-1');
    const everything = `${traffic.join('\n')}${await page.content()}`;
    const ids = [...everything.matchAll(/"partitionId":"(\d+)"/g)].map(([, id]) => id);
    expect(new Set(ids)).toEqual(new Set(['5']));
    for (const name of ['root', 'vm-2', 'vm-3']) expect(everything).not.toContain(`"name":"${name}"`);
    expect(browser.complaints).toEqual([]);
    expect(browser.elsewhere).toEqual([]);
  });
});
