/** What the tests of the dashboard share. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { Program, type Served } from './program.ts';

/** A machine under load takes seconds to open a page. */
export const soon = { timeout: 60_000 };
/** Of services that have tokens of their own. */
export const secret = '0123456789abcdef0123456789abcdef';

/** The address of a place of the dashboard: "#/partition/2". */
export function addressOf({ url }: Pick<Served, 'url'>, place = ''): string {
  return new URL(`/${place}`, url).href;
}

/** A token for the secret. */
export async function tokenOf(partition: string): Promise<string> {
  const command = new Program(['token', '--partition', partition], { HVQL_JWT_SECRET: secret });
  await command.exited;
  return command.stdout.trim();
}

/** Opens a page with a token, as if it had been pasted. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Checks the page as it stands with axe-core, by all of its rules for WCAG and its best practices. */
export async function expectAccessible(page: Page): Promise<void> {
  // By the debugger, which a content security policy does not keep out.
  await page.evaluate(axe.source);
  const violations = await page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`,
  );
  expect(violations).toEqual([]);
}

/** How many pixels of the first chart on canvas are painted. */
export function paintedPixels(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('canvas');
    if (canvas === null) return 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, n) => n % 4 === 3 && value > 0).length;
  })()`);
}
