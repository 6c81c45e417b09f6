import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { formatManifest, parentOf, parseManifest } from '../../../src/source/page-folder/manifest.ts';

function parse(partitions: unknown, others: object = {}) {
  return parseManifest(JSON.stringify({ format: 'hvql-pages', version: 1, partitions, ...others }));
}

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(text);
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

function problemsWith(partitions: unknown): readonly string[] {
  return problemsOf(JSON.stringify({ format: 'hvql-pages', version: 1, partitions }));
}

describe('a manifest', () => {
  it('may begin with one byte order mark', () => {
    const text = JSON.stringify({
      format: 'hvql-pages',
      version: 1,
      partitions: [{ id: '3', parent: null }],
    });
    expect(parseManifest(`\ufeff${text}`).root).toBe(3n);
    expect(problemsOf(`\ufeff\ufeff${text}`)).toEqual([expect.stringContaining('is not JSON')]);
  });

  it('contains parents and names, and unknown keys are ignored', () => {
    const manifest = parse(
      [
        { id: '18446744073709551615', parent: null, name: 'root', color: 'red' },
        { id: '7', parent: '18446744073709551615', name: null },
        { id: '8', parent: '7' },
      ],
      { comment: 'hello' },
    );
    expect(manifest.root).toBe(18446744073709551615n);
    expect(Array.from(manifest.partitions)).toEqual([
      [18446744073709551615n, { parent: null, name: 'root' }],
      [7n, { parent: 18446744073709551615n, name: null }],
      [8n, { parent: 7n, name: null }],
    ]);
  });

  it('makes partition 1 the root, and the parent of partitions that it omits, if it names no root', () => {
    const manifest = parse([{ id: '5', parent: '4' }]);
    expect([1n, 4n, 5n].map((id) => parentOf(manifest, id))).toEqual([null, 1n, 4n]);
  });

  it('makes its own root the parent of partitions that it omits, including partition 1', () => {
    const manifest = parse([{ id: '5', parent: null }]);
    expect([1n, 5n].map((id) => parentOf(manifest, id))).toEqual([5n, null]);
  });

  it('may list no partitions at all', () => {
    expect(problemsOf('{"format": "hvql-pages", "version": 1}')).toEqual([]);
  });

  it('is equal after writing and parsing', () => {
    const { partitions } = parse([
      { id: '1', parent: null, name: 'root' },
      { id: '2', parent: '1', name: '"ü' },
    ]);
    expect(parseManifest(formatManifest(partitions)).partitions).toEqual(partitions);
  });

  it.each([
    ['', /^manifest\.json is not JSON: /],
    ['{"format": "hvql-', /^manifest\.json is not JSON: /],
    ['[]', /^manifest\.json needs a JSON object, but is \[\]\.$/],
    ['null', /^manifest\.json needs a JSON object, but is null\.$/],
  ])('that is %j is refused', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  it('reports all its problems together', () => {
    const partitions = [{ id: 5, parent: null, name: 7 }, 'x', { id: '0' }, { id: '018', parent: 'one' }];
    const id = "a partition's id, a whole number from 1 to 18446744073709551615 in a string";
    expect(problemsOf(JSON.stringify({ format: 'pages', version: '1', partitions }))).toEqual([
      'manifest.json: format needs "hvql-pages", but is "pages".',
      'manifest.json: version needs 1, but is "1".',
      'manifest.json: partitions[1] needs an object, but is "x".',
      `manifest.json: partitions[0].id needs ${id}, but is 5.`,
      'manifest.json: partitions[0].name needs a string or null, but is 7.',
      `manifest.json: partitions[2].id needs ${id}, but is "0".`,
      `manifest.json: partitions[2].parent needs null for the root, or ${id}, but is missing.`,
      `manifest.json: partitions[3].id needs ${id}, but is "018".`,
      `manifest.json: partitions[3].parent needs null for the root, or ${id}, but is "one".`,
    ]);
  });

  it('refuses an id of more than 64 bits', () => {
    expect(problemsWith([{ id: '18446744073709551616', parent: null }])).toEqual([
      expect.stringContaining('but is "18446744073709551616"'),
    ]);
  });

  it('refuses a partition that is listed twice', () => {
    const partitions = ['1', '2', '2'].map((id) => ({ id, parent: id === '1' ? null : '1' }));
    expect(problemsWith(partitions)).toEqual([
      'manifest.json: partitions[2].id 2 stands there a second time.',
    ]);
  });

  it('refuses several roots', () => {
    const partitions = ['1', '2', '3'].map((id) => ({ id, parent: id === '2' ? '1' : null }));
    expect(problemsWith(partitions)).toEqual([
      'manifest.json: only one partition, the root, has no parent, but 1, 3 have none.',
    ]);
  });

  it('refuses a partition that is its own ancestor, and names each cycle once', () => {
    const partitions = [
      { id: '1', parent: null },
      { id: '2', parent: '2' },
      { id: '3', parent: '5' },
      { id: '4', parent: '3' },
      { id: '5', parent: '4' },
      { id: '6', parent: '5' },
    ];
    expect(problemsWith(partitions)).toEqual([
      'manifest.json: partition 2 is its own ancestor: 2 → 2.',
      'manifest.json: partition 3 is its own ancestor: 3 → 5 → 4 → 3.',
    ]);
  });

  it('refuses a parent of partition 1 if no other partition is the root', () => {
    expect(problemsWith([{ id: '1', parent: '2' }])).toEqual([
      'manifest.json: one partition must have the parent null, as the root, but even partition 1 has parent 2.',
      'manifest.json: partition 1 is its own ancestor: 1 → 2 → 1.',
    ]);
  });
});
