/** The same documents, unchanged, over every kind of source. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
const recorded = join(scratch, 'linux.tar');
beforeAll(async () => {
  const args = [
    'record',
    '--source',
    'mshv:test/fixtures/mshv',
    '--for',
    '300ms',
    '--every',
    '100ms',
    '--out',
    recorded,
  ];
  expect(await new Program(args).exited).toBe(0);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each([
  ['simulator', 'simulator'],
  ['pages', 'pages:test/fixtures/small-host'],
  ['capture', 'capture:test/fixtures/three-frames?loop=true'],
  ['capture', `capture:${recorded}?loop=true`],
  ['mshv', 'mshv:test/fixtures/mshv'],
])('a source of kind %s: %s', (kind, source) => {
  const hasPages = !source.includes('mshv') && source !== `capture:${recorded}?loop=true`;
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', source]);
  });
  afterAll(() => served.program.stop());

  it.each(questions)('answers the root without an error: $file', async ({ file, query }) => {
    const { data, errors } = await post(served.url, { token: served.tokens[0], query });
    expect(errors).toBeUndefined();
    expect(Object.values(data)).not.toContain(null);
    if (file.includes('service')) expect(data.service.source).toMatchObject({ kind, isAnswering: true });
    if (file.includes('page')) {
      const { page } = data.hypervisor.logicalProcessor;
      expect(page === null).toBe(!hasPages);
    }
  });

  it.each(watched)('is watched by the root without an error: $file', async ({ query }) => {
    const watcher = watchBySse({ url: served.url, token: served.tokens[0], query });
    for (const event of [await watcher.event(0), await watcher.event(1)]) {
      expect(event.errors).toBeUndefined();
      expect(Object.values(event.data)).not.toContain(null);
    }
    watcher.stop();
  });
});
