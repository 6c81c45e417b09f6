import { beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [
    partitionEntry(1n, null, 0),
    ...Array.from({ length: 249 }, (_, n) => partitionEntry(BigInt(2 * n + 2), 1n, 0)),
  ];
});

async function page(
  args: string,
  query = 'nodes { partitionId } edges { cursor node { id } } totalCount pageInfo { hasPreviousPage hasNextPage startCursor endCursor }',
) {
  const answer = await ask({ source, query: `{ hypervisor { partitions${args} { ${query} } } }` });
  return { ...answer.data?.hypervisor?.partitions, errors: answer.errors };
}
const ids = (connection: any): number[] =>
  connection.nodes.map(({ partitionId }: any) => Number(partitionId));

describe('the connection of partitions', () => {
  it('has the first 100 without arguments', async () => {
    const first = await page('');
    expect(ids(first)).toHaveLength(100);
    expect(first).toMatchObject({ totalCount: 250, pageInfo: { hasPreviousPage: false, hasNextPage: true } });
  });

  it('can be paged forward to the end without a gap', async () => {
    const seen: number[] = [];
    for (let after = ''; ;) {
      const part = await page(`(first: 60${after})`);
      seen.push(...ids(part));
      expect(part.edges.map(({ cursor }: any) => cursor).at(-1)).toBe(part.pageInfo.endCursor);
      if (!part.pageInfo.hasNextPage) break;
      after = `, after: "${part.pageInfo.endCursor}"`;
    }
    expect(seen).toEqual(source.partitions.map(({ id }) => Number(id)));
  });

  it('can be paged backward', async () => {
    const last = await page('(last: 2)');
    expect(ids(last)).toEqual([496, 498]);
    expect(last.pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: false });
    const before = await page(`(last: 2, before: "${last.pageInfo.startCursor}")`);
    expect(ids(before)).toEqual([492, 494]);
    expect(before.pageInfo).toMatchObject({ hasPreviousPage: true, hasNextPage: true });
  });

  it('continues after the cursor of a partition that has disappeared', async () => {
    const first = await page('(first: 3)');
    source.partitions = source.partitions.filter(({ id }) => id !== 4n);
    expect(ids(await page(`(first: 2, after: "${first.pageInfo.endCursor}")`))).toEqual([6, 8]);
  });

  it('applies first before last if both are given', async () => {
    expect(ids(await page('(first: 5, last: 2)'))).toEqual([6, 8]);
  });

  it('may be empty', async () => {
    expect(await page('(first: 0)')).toMatchObject({
      nodes: [],
      pageInfo: { startCursor: null, endCursor: null, hasNextPage: true },
    });
  });

  it.each([
    [
      '(first: 101)',
      'LIMIT_EXCEEDED',
      'first needs to be at most 100, but is 101: request the rest with after or before.',
    ],
    [
      '(last: 1000)',
      'LIMIT_EXCEEDED',
      'last needs to be at most 100, but is 1000: request the rest with after or before.',
    ],
    ['(first: -1)', 'INVALID_PARAMETER', 'first needs to be 0 or more, but is -1.'],
    ['(after: "x")', 'INVALID_PARAMETER', '"x" is not an id of this service.'],
    [
      '(before: "aHlwZXJ2aXNvcjp0ZXN0LWhvc3Q6")',
      'INVALID_PARAMETER',
      `"aHlwZXJ2aXNvcjp0ZXN0LWhvc3Q6" is not a cursor of a list of this host's partitions.`,
    ],
    [
      // partition:other-host:partition/5
      '(after: "cGFydGl0aW9uOm90aGVyLWhvc3Q6cGFydGl0aW9uLzU")',
      'INVALID_PARAMETER',
      `"cGFydGl0aW9uOm90aGVyLWhvc3Q6cGFydGl0aW9uLzU" is not a cursor of a list of this host's partitions.`,
    ],
  ])('rejects %s', async (args, code, message) => {
    expect((await page(args)).errors).toMatchObject([{ message, extensions: { code } }]);
  });
});
