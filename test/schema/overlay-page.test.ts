import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countersInPages } from '../../src/catalogue/catalogue.ts';
import { decodePage } from '../../src/page/decode.ts';

describe('the example in schema/overlay-page.md', () => {
  const prose = readFileSync(new URL('../../schema/overlay-page.md', import.meta.url), 'utf8');
  const lines = /```hex\n(?<lines>[^`]*)```/.exec(prose)?.groups?.['lines']?.trim().split('\n') ?? [];
  const bytes = new Uint8Array(4096);
  for (const line of lines) {
    const [at = '', hex = ''] = line.split(/ {2,}/);
    bytes.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'), Number.parseInt(at, 16));
  }

  it('decodes to its documented values', () => {
    const page = decodePage(bytes, { object: 'PARTITION', place: 'the example' });
    const said = [...prose.matchAll(/: (\w+) = (\d+)$/gm)].map(([, field, value]) => [field, value]);
    expect(said).toHaveLength(8);
    const counters = countersInPages('PARTITION', 2013);
    expect(counters.map((counter) => [counter.field, String(page.value(counter))])).toEqual(said);
    expect(
      page.groups().map(({ type, versionMajor, lengthInBytes }) => [type, versionMajor, lengthInBytes]),
    ).toEqual([
      [2, 1, 8],
      [3, 1, 56],
    ]);
  });
});
