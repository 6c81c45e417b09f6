import { describe, expect, it } from 'vitest';
import { nodeIdOf } from '../../../src/graph/node-id.ts';
import { ask, errorsOf, testHost } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
/** As a service has them by default. */
const limits = { maxListItems: 5_000, maxValues: 250_000 };

/** Asks for partition 1, and for this many that are not there. */
async function askFor(missing: number) {
  const source = new FakeSource();
  source.partitions = [partitionEntry(1n, null)];
  const idOf = (partitionId: bigint): string => nodeIdOf({ object: 'PARTITION', partitionId }, testHost);
  const ids = [idOf(1n), ...Array.from({ length: missing }, (_, n) => idOf(BigInt(n + 1_000)))];
  return { ids, ...(await ask({ source, query, variables: { ids }, limits })) };
}

describe('nodes of ids that do not exist', () => {
  it('have an error each, at its path, and other ids return their nodes', async () => {
    const { ids, ...answer } = await askFor(2_400);
    expect(answer.data.nodes).toEqual([{ id: ids[0] }, ...new Array<null>(2_400).fill(null)]);
    expect(answer.errors).toHaveLength(2_400);
    expect(errorsOf({ data: null, errors: answer.errors?.slice(0, 2) ?? [] })).toEqual([
      'nodes.1 INVALID_PARTITION_ID',
      'nodes.2 INVALID_PARTITION_ID',
    ]);
  });

  it.each([2_600, 4_999])(
    'exceed the limit of errors if they are %i, which is detected quickly',
    async (missing) => {
      const { user } = process.cpuUsage();
      const { data, errors } = await askFor(missing);
      const milliseconds = (process.cpuUsage().user - user) / 1_000;
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 250_000 } }]);
      expect(errors?.[0]?.message).toMatch(/request fewer fields or fewer objects/);
      // 2,400 errors in an answer take ten times as long.
      expect(milliseconds).toBeLessThan(1_000);
    },
  );
});
