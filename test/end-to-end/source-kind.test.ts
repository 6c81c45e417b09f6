/** The same documents, unchanged, over every kind of source. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RecordedHost } from '../source/windows/recorded-host.ts';
import { post, Program, serve, type Served } from './program.ts';
import { watchBySse } from './watcher.ts';

const folder = new URL('../../schema/operations/', import.meta.url);
const operations = readdirSync(folder).map((file) => ({
  file,
  query: readFileSync(new URL(file, folder), 'utf8'),
}));
const questions = operations.filter(({ file }) => !file.includes('-live-'));
const watched = operations.filter(({ file }) => file.includes('-live-'));

const scratch = mkdtempSync(join(tmpdir(), 'hvql-kinds-'));
const recordedLinux = join(scratch, 'linux.tar');
const recordedWindows = join(scratch, 'windows.tar');
const windowsFolder = join(scratch, 'windows');
mkdirSync(windowsFolder);
const windows = `windows?powershell=${new RecordedHost('23h2', windowsFolder).executable}`;
beforeAll(async () => {
  for (const [source, out] of [
    ['mshv:test/fixtures/mshv', recordedLinux],
    // It stands still while it is recorded, so there is one frame.
    [windows, recordedWindows],
  ] as const) {
    const args = ['record', '--source', source, '--for', '300ms', '--every', '100ms', '--out', out];
    expect(await new Program(args).exited).toBe(0);
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each([
  ['simulator', true, 'simulator'],
  ['pages', true, 'pages:test/fixtures/small-host'],
  ['capture', true, 'capture:test/fixtures/three-frames?loop=true'],
  ['capture', false, `capture:${recordedLinux}?loop=true`],
  ['capture', false, `capture:${recordedWindows}?loop=true`],
  ['mshv', false, 'mshv:test/fixtures/mshv'],
  ['windows', false, windows],
])('a source of kind %s, with pages: %s, %s', (kind, hasPages, source) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', source]);
  });
  afterAll(() => served.program.stop());

  it.each(questions)('serves the root without an error: $file', async ({ file, query }) => {
    const { data, errors } = await post(served.url, { token: served.tokens[0], query });
    expect(errors).toBeUndefined();
    expect(Object.values(data)).not.toContain(null);
    if (file.includes('service')) expect(data.service.source).toMatchObject({ kind, isAnswering: true });
    if (file.includes('page')) {
      const { page } = data.hypervisor.logicalProcessor;
      expect(page === null).toBe(!hasPages);
    }
  });

  it.each(watched)('sends events to the root without an error: $file', async ({ query }) => {
    const watcher = watchBySse({ url: served.url, token: served.tokens[0], query });
    for (const event of [await watcher.event(0), await watcher.event(1)]) {
      expect(event.errors).toBeUndefined();
      expect(Object.values(event.data)).not.toContain(null);
    }
    watcher.stop();
  });
});
