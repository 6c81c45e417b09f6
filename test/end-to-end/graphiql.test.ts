import { type BrowserContext, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { Program, serve, type Served } from './program.ts';
import { watchBySse } from './watcher.ts';

const executablePath = findProgram('chromium');

describe.skipIf(executablePath === null)('GraphiQL in a browser without the internet', () => {
  let served: Served;
  let started: TestBrowser;
  let browser: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1']);
    started = await startBrowser(executablePath ?? '', { viewport: { width: 1400, height: 860 } });
    browser = started.context;
    page = await started.open(served.url);
  });
  afterAll(async () => {
    await started.close();
    await served.program.stop();
  });

  it('opens with the example operations in tabs, and runs the first one by itself', async () => {
    await page.getByRole('button', { name: /(execute|stop) query/i }).waitFor();
    const tabs = await page.getByRole('tab').allTextContents();
    for (const name of [
      'Overview',
      'Busiest',
      'LogicalProcessors',
      'LiveLogicalProcessors',
      'OwnPartition',
      'OverlayPage',
      'Counters',
      'Service',
    ]) {
      expect(tabs.join(' ')).toContain(name);
    }
    expect(page.url()).toBe(served.url);
    const answer = page.getByRole('region', { name: /result/i });
    await expect.poll(() => answer.textContent()).toMatch(/"totalRunTime":\s*\d/);
    expect(await answer.textContent()).not.toContain('errors');
    const screenshot = process.env['SCREENSHOT'];
    if (screenshot !== undefined) await page.screenshot({ path: screenshot });
  });

  it('shows the same tabs after a reload, with the same one active, and runs it', async () => {
    const tabs = await page.getByRole('tab').allTextContents();
    await page.reload();
    const answer = page.getByRole('region', { name: /result/i });
    await expect.poll(() => answer.textContent()).toMatch(/"totalRunTime":\s*\d/);
    expect(await page.getByRole('tab').allTextContents()).toEqual(tabs);
    await openTab(page.getByRole('tab', { name: 'Service' }));
    // GraphiQL writes its tabs half a second later.
    await expect
      .poll(() => page.evaluate("JSON.parse(localStorage.getItem('graphiql:tabState')).activeTabIndex"))
      .toBe(tabs.findIndex((text) => text.startsWith('Service')));
    await page.reload();
    await execute(page, /"isAnswering":\s*true/);
    expect(await page.getByRole('tab').allTextContents()).toEqual(tabs);
    expect(await page.getByRole('tab', { name: 'Service' }).getAttribute('aria-selected')).toBe('true');
  });

  it('keeps a history of the operations that were run', async () => {
    await page.getByRole('button', { name: 'Show History' }).click();
    const history = page.getByRole('region', { name: 'History' });
    await expect.poll(() => history.textContent()).toMatch(/Service[^]*Overview/);
    await page.getByRole('button', { name: 'Hide History' }).click();
  });

  it("uses the guest's token in the tab of that name, which may read only its own partition", async () => {
    await openTab(page.getByRole('tab', { name: 'OwnPartitionAsGuest' }));
    const answer = await execute(page, /ACCESS_DENIED/);
    expect(await answer.textContent()).toContain('web-1');
  });

  it('shows each event of a subscription, until it is stopped', async () => {
    await openTab(page.getByRole('tab', { name: 'LiveLogicalProcessors' }));
    const answer = await execute(page, /"sampledAt"/);
    const moments = new Set<string>();
    const countMoments = async (): Promise<number> => {
      const text = String(await answer.textContent());
      expect(text).not.toContain('errors');
      const [, moment] = /"sampledAt":\s*"(\d[^"]+Z)"/.exec(text) ?? [];
      if (moment !== undefined) moments.add(moment);
      return moments.size;
    };
    await expect.poll(countMoments).toBeGreaterThanOrEqual(3);
    expect(await answer.textContent()).toMatch(/"totalRunTime":\s*\d/);
    await page.getByRole('button', { name: /stop query/i }).click();
    await page.getByRole('button', { name: /execute query/i }).waitFor();
    await countMoments();
    const last = moments.size;
    // Events at the same pace for another client show that the page would have had some by now.
    const query = 'subscription { hypervisor(every: "1s") { sampledAt } }';
    const witness = watchBySse({ url: served.url, token: served.tokens[0], query });
    await witness.event(3);
    witness.stop();
    expect(await countMoments()).toBe(last);
  });

  it('sends the allowed documents unchanged from the tabs if the service accepts only these', async () => {
    const strict = await serve(['--source', 'simulator?seed=1', '--operations', 'schema/operations']);
    const own = await browser.newPage();
    try {
      await own.goto(strict.url);
      await own.getByRole('button', { name: /execute query/i }).waitFor();
      await openTab(own.getByRole('tab', { name: 'Service' }));
      await execute(own, /"isAnswering":\s*true/);
      await openTab(own.getByRole('tab', { name: 'LiveLogicalProcessors' }));
      await execute(own, /"sampledAt"/);
    } finally {
      await own.close();
      await strict.program.stop();
    }
  });

  it('has a field for a token if users bring their own, and fetches the schema with it', async () => {
    const secret = '0123456789abcdef0123456789abcdef';
    const strict = await serve(['--source', 'simulator?seed=1'], { HVQL_JWT_SECRET: secret });
    const command = new Program(['token', '--partition', '1'], { HVQL_JWT_SECRET: secret });
    await command.exited;
    const token = command.stdout.trim();
    const own = await browser.newPage();
    try {
      await own.goto(strict.url);
      const field = own.getByRole('textbox', { name: 'Token' });
      await field.waitFor();
      const answer = own.getByRole('region', { name: /result/i });
      await expect.poll(() => answer.textContent()).toContain('UNAUTHENTICATED');
      const schema = own.waitForResponse(
        async (response) => response.status() === 200 && (await response.text()).includes('__schema'),
      );
      await field.fill(`Bearer ${token}`);
      await schema;
      await execute(own, /"totalRunTime":\s*\d/);
      const kept = await own.evaluate<string>('JSON.stringify({ ...localStorage, ...sessionStorage })');
      expect(kept).toContain('query Overview');
      expect(kept).not.toContain(token);
      const tabs = await own.getByRole('tab').allTextContents();
      await own.reload();
      await field.waitFor();
      expect(await field.inputValue()).toBe('');
      expect(await own.getByRole('tab').allTextContents()).toEqual(tabs);
    } finally {
      await own.close();
      await strict.program.stop();
    }
  });

  it('requests nothing from other servers, and does not violate its own content security policy', () => {
    expect(started.elsewhere).toEqual([]);
    expect(started.complaints).toEqual([]);
  });
});

/** Tabs can be dragged: what is clicked while the row scrolls is taken for that. */
async function openTab(tab: Locator): Promise<void> {
  await tab.scrollIntoViewIfNeeded();
  await expect
    .poll(async () => {
      await tab.getByRole('button').first().click();
      return tab.getAttribute('aria-selected');
    })
    .toBe('true');
}

/**
 * Presses the button until the answer is the one expected: the page takes a moment to see which operation stands in a
 * tab that was just opened, and until then asks for that of the tab before.
 */
async function execute(page: Page, expected: RegExp): Promise<Locator> {
  const button = page.getByRole('button', { name: /execute query/i });
  const answer = page.getByRole('region', { name: /result/i });
  await page.waitForTimeout(500);
  await button.click();
  await expect
    .poll(
      async () => {
        const text = String(await answer.textContent());
        // While a subscription runs, the button is another.
        if (text.includes('Cannot infer operation') && (await button.isVisible())) await button.click();
        return text;
      },
      { timeout: 20_000, interval: 500 },
    )
    .toMatch(expected);
  return answer;
}
