/** Debian's Chromium, which can reach only the service. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

/** A browser, and what went wrong in its pages. */
export interface TestBrowser {
  readonly context: BrowserContext;
  /** Addresses outside the service that its pages requested. */
  readonly elsewhere: string[];
  /** Errors that its pages logged or did not catch, among them what a content security policy has refused. */
  readonly complaints: string[];
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** Starts a browser with a profile of its own. */
export async function startBrowser(
  executablePath: string,
  options: Pick<
    BrowserContextOptions,
    'viewport' | 'reducedMotion' | 'ignoreHTTPSErrors' | 'clientCertificates'
  > = {},
): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'hvql-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
    viewport: { width: 1400, height: 900 },
    ...options,
  });
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  return {
    context,
    elsewhere,
    complaints,
    open: async (url) => {
      const page = await context.newPage();
      const { origin } = new URL(url);
      page.on('request', (request) => {
        const { protocol, origin: from } = new URL(request.url());
        if (protocol.startsWith('http') && from !== origin) elsewhere.push(request.url());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
