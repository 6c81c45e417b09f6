/** How people use the dashboard: with a pointer or the keyboard alone, over connections that are cut. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { addressOf, expectAccessible, secret, signIn, soon } from './dashboard-page.ts';
import { Program, serve, type Served } from './program.ts';
import { TcpForwarder } from './tcp-forwarder.ts';

const executablePath = findProgram('chromium');

let browser: TestBrowser;
beforeAll(async () => {
  if (executablePath !== null) browser = await startBrowser(executablePath);
});
afterAll(() => (executablePath === null ? undefined : browser.close()));

/** Of a time such as 12:04:05. */
function secondOfDay(text: string | null, place: RegExp): number {
  const [, time = ''] = place.exec(String(text)) ?? [];
  return Date.parse(`1970-01-01T${time}Z`) / 1_000;
}

const mapReading = 'figure:has(.heat-map) > output';

describe.skipIf(executablePath === null)('the dashboard', () => {
  let served: Served;
  let page: Page;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1', '--history-every', '1s']);
    page = await browser.open(addressOf(served));
  });
  afterAll(async () => {
    await page.close();
    await served.program.stop();
  });

  /** The place of an element on the screen. */
  async function boxOf(selector: string): Promise<{ x: number; y: number; width: number; height: number }> {
    const element = page.locator(selector).first();
    await element.scrollIntoViewIfNeeded();
    const box = await element.boundingBox();
    if (box === null) throw new Error(`There is no ${selector}`);
    return box;
  }

  it('has small charts, the ten busiest virtual processors, and a note on the accuracy of the numbers', async () => {
    const lines = (): Promise<(string | null)[]> =>
      page
        .locator('.partitions .sparkline path')
        .evaluateAll((all) => all.map((one) => one.getAttribute('d')));
    await expect.poll(lines, soon).toContainEqual(expect.stringMatching(/M\d+ \d+L\d+ \d+/));
    const busiest = page.getByRole('region', { name: 'Busiest virtual processors', exact: true });
    expect(await busiest.locator('tbody tr').count()).toBe(10);
    const health = page.getByRole('region', { name: 'Health' });
    await expect.poll(() => health.textContent(), soon).toMatch(/Sourcesimulator, answering/);
    await expect.poll(() => health.textContent(), soon).toMatch(/History in memory\d+ s, \d+ .?B/);
    expect(await health.textContent()).toMatch(/Objects denied0Other errors0Events missed\d/);
  });

  it('shows values under the pointer, and says where they are unknown', async () => {
    const box = await boxOf('.heat-map canvas');
    const reading = page.locator(mapReading);
    await page.mouse.move(box.x + box.width - 1, box.y + 1);
    await expect
      .poll(() => reading.textContent(), soon)
      .toMatch(/^Logical processor 0 · \d\d:\d\d:\d\d · \d+\.\d %$/);
    // Five minutes ago the service was not there.
    await page.mouse.move(box.x + 1, box.y + box.height - 1);
    await expect
      .poll(() => reading.textContent(), soon)
      .toMatch(/^Logical processor 15 · \d\d:\d\d:\d\d · not known$/);
  });

  it('shows the values of lines under the pointer, and zooms into a time range', async () => {
    await page.goto(addressOf(served, '#/logical-processor/3'));
    const lines = '.lines .u-over';
    await page.locator(lines).first().waitFor(soon);
    await expect
      .poll(async () => {
        const box = await boxOf(lines);
        await page.mouse.move(box.x + box.width - 20, box.y + 30);
        await page.mouse.move(box.x + box.width - 1, box.y + 30);
        return page.locator('figure:has(.lines) > output').first().textContent();
      }, soon)
      .toMatch(/^\d\d:\d\d:\d\d · .*\d+\.\d %/);
    const box = await boxOf(lines);
    await page.mouse.move(box.x + box.width / 2, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 30, { steps: 4 });
    await page.mouse.up();
    const time = page.getByRole('group', { name: 'Time' });
    await expect.poll(() => time.textContent(), soon).toMatch(/Selected: /);
    const [, from = '', to = ''] =
      /(\d\d:\d\d:\d\d) – (\d\d:\d\d:\d\d)/.exec(String(await time.textContent())) ?? [];
    const seconds = secondOfDay(to, /(.+)/) - secondOfDay(from, /(.+)/);
    // A quarter of five minutes; midnight may lie between.
    expect(((seconds + 86_400) % 86_400) / 75).toBeCloseTo(1, 1);
    await expectAccessible(page);
    await time.getByRole('button', { name: 'Live' }).click();
    await expect.poll(() => time.textContent(), soon).toMatch(/Last 5 minutes/);
  });

  it('can be used by keyboard alone, with a visible focus everywhere', async () => {
    await page.goto('about:blank');
    await page.goto(addressOf(served));
    await page.locator('.partitions tbody tr').first().waitFor(soon);
    /** Presses the tabulator until the focus is on an element with this text or label. */
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let steps = 0; steps < 200; steps += 1) {
        await page.keyboard.press('Tab');
        const [text, outline] = await page.evaluate<[string, string]>(`(() => {
          const { activeElement: at } = document;
          const label = at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent;
          return [label, getComputedStyle(at).outlineStyle];
        })()`);
        expect(outline, `the outline of ${text}`).not.toBe('none');
        if (name.test(text)) return;
      }
      throw new Error(`The tabulator leads to nothing called ${name}`);
    };
    await tabTo(/^Pause$/);
    await page.keyboard.press('Space');
    const time = page.getByRole('group', { name: 'Time' });
    await expect.poll(() => time.textContent(), soon).toMatch(/Paused: /);
    await page.keyboard.press('Space');
    await expect.poll(() => time.textContent(), soon).toMatch(/Last 5 minutes/);
    await tabTo(/^Name contains/);
    await page.keyboard.type('web');
    await expect.poll(() => page.url(), soon).toContain('name=web');
    await tabTo(/^Hypercalls/);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url(), soon).toContain('sort=hypercalls.desc');
    await tabTo(/^web-1$/);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('h1').textContent(), soon).toBe('web-1');
    await tabTo(/^Choose counters/);
    await page.keyboard.press('Enter');
    await tabTo(/^Search/);
    await page.keyboard.type('cpuid instructions');
    await tabTo(/^ ?CPUID instructions/);
    await page.keyboard.press('Space');
    await page.getByRole('img', { name: /^CPUID instructions/ }).waitFor(soon);
    expect(page.url()).toContain('draw=VIRTUAL_PROCESSOR.cpuidInstructions');
    await page.goBack();
    await page.locator('.heat-map canvas').waitFor(soon);
    await tabTo(/^Share of time that logical processors ran/);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.locator(mapReading).textContent(), soon).toMatch(/^Logical processor 1 · /);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url(), soon).toContain('#/logical-processor/1');
    expect(browser.complaints).toEqual([]);
  });
});

describe.skipIf(executablePath === null)('the dashboard over a connection that is interrupted', () => {
  it('says since when, and fills the time from the history once it is connected again', async () => {
    const served = await serve(['--source', 'simulator?seed=1', '--history-every', '1s']);
    const tunnel = new TcpForwarder({ host: '127.0.0.1', port: Number(new URL(served.url).port) });
    await tunnel.open();
    const page = await browser.open(tunnel.url);
    await page.locator('.partitions tbody tr').first().waitFor(soon);
    tunnel.cut();
    const moment = page.locator('.moment');
    const lostSeconds = async (): Promise<number> =>
      Number(/ \((\d+) s\)/.exec(String(await moment.textContent()))?.[1]);
    await expect.poll(lostSeconds, soon).toBeGreaterThanOrEqual(8);
    const lostAt = secondOfDay(await moment.textContent(), /No connection since ([\d:]+)/);
    await expectAccessible(page);
    await tunnel.open();
    const age = async (): Promise<number> =>
      secondOfDay(await moment.textContent(), /^Snapshot of ([\d:]+)/) - lostAt;
    await expect.poll(age, soon).toBeGreaterThanOrEqual(8);
    // A column is a second, the last of them that of the snapshot. The first event after the gap is of two at most.
    const unknown = async (): Promise<readonly number[]> => {
      const last = `canvas.width - 1 - ${await age()}`;
      return page.evaluate(`(() => {
        const canvas = document.querySelector('.heat-map canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1);
        return [2, 3, 4, 5].filter((later) => data[4 * (${last} + later) + 3] === 0);
      })()`);
    };
    await expect.poll(unknown, soon).toEqual([]);
    await page.close();
    tunnel.cut();
    await served.program.stop();
    browser.complaints.length = 0;
  });
});

describe.skipIf(executablePath === null)(
  'the dashboard for objects that are denied or cannot be read',
  () => {
    it('shows a denied object as denied, in its place', async () => {
      const served = await serve(['--source', 'simulator?seed=1'], { HVQL_JWT_SECRET: secret });
      const command = new Program(['token', '--partition', '1', '--privileges', 'ACCESS_STATS_MSR'], {
        HVQL_JWT_SECRET: secret,
      });
      await command.exited;
      const page = await browser.open(addressOf(served));
      await signIn(page, command.stdout.trim());
      const processors = page.getByRole('region', { name: 'Logical processors', exact: true });
      await expect
        .poll(() => processors.locator('.denied').first().textContent(), soon)
        .toMatch(/denied: .+/);
      const health = page.getByRole('region', { name: 'Health' });
      await expect.poll(() => health.textContent(), soon).toMatch(/Objects denied[1-9]/);
      await expectAccessible(page);
      await page.close();
      await served.program.stop();
    });

    it('says that a partition no longer exists', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'hvql-pages-'));
      await cp('test/fixtures/small-host', folder, { recursive: true });
      const served = await serve(['--source', `pages:${folder}`]);
      const page = await browser.open(addressOf(served, '#/partition/5'));
      await page.getByRole('img', { name: /^Share of time that virtual/ }).waitFor(soon);
      const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
      manifest.partitions = manifest.partitions.filter(({ id }: { readonly id: string }) => id !== '5');
      await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
      await rm(join(folder, 'partition/5'), { recursive: true });
      await page.getByText('This partition is not there any more.').waitFor(soon);
      await expectAccessible(page);
      await page.close();
      await served.program.stop();
      await rm(folder, { recursive: true });
    });
  },
);
