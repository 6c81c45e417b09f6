/** Random operations by random callers: the hot path returns the same bytes as Yoga's pipeline. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choicesOf, fuzzSettings } from './choice.ts';
import { schema, startFuzzedService, type FuzzedService } from './fuzzed-service.ts';
import { randomTrial } from './trial.ts';

let hot: FuzzedService;
let throughYoga: FuzzedService;
/** Operations that reached Yoga's executor on the service with a hot path. */
let executed = 0;
beforeAll(async () => {
  const plugin = { onExecute: () => void (executed += 1) };
  hot = await startFuzzedService({ plugins: [{ plugin, observesOnly: true }] });
  throughYoga = await startFuzzedService({ hotPath: false }, hot.host);
});
afterAll(async () => {
  await hot.close();
  await throughYoga.close();
});

interface Said {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function ask(
  service: FuzzedService,
  { body, partition }: { body: string; partition: bigint },
): Promise<Said> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json',
    authorization: `Bearer ${await service.identity.sign(partition)}`,
  };
  const response = await service.post(body, { headers });
  // Times, and what is taken over them, differ from one answer to the next; what is null or an error does not.
  const text = (await response.text())
    .replaceAll(/"requestId":"[^"]*"/g, '"requestId"')
    .replaceAll(/"[\w+/]{200,}={0,2}"/g, '"the bytes of a page"')
    .replaceAll(/\d+(?:\.\d+)?(?:e[-+]?\d+)?/g, 'N');
  return { status: response.status, type: response.headers.get('content-type'), text };
}

describe('the hot path', () => {
  it(
    'returns the same responses to random operations as Yoga, for the root and for a guest',
    { timeout: 600_000 },
    async () => {
      const { seed, numRuns } = fuzzSettings(30);
      let asked = 0;
      const root = hot.host.partitions.find(({ parent }) => parent === null);
      const guest = hot.host.partitions.find(({ parent }) => parent !== null);
      const partitions = [root, guest].flatMap((entry) => (entry === undefined ? [] : [entry.id]));
      expect(partitions).toHaveLength(2);
      const property = fc.asyncProperty(fc.nat(), async (number) => {
        const choose = choicesOf(seed, number, 0);
        const { operation } = randomTrial(choose, { schema, host: hot.host, root: 'query' });
        // The state of the service differs between requests.
        if (/\bservice\b/.test(operation.query)) return;
        const body = JSON.stringify({ query: operation.query, variables: operation.variables });
        for (const partition of partitions) {
          const expected = await ask(throughYoga, { body, partition });
          for (const _ of [1, 2]) {
            asked += 1;
            expect(await ask(hot, { body, partition })).toEqual(expected);
          }
        }
      });
      await fc.assert(property, { seed, numRuns, endOnFailure: true });
      // Most of them did take the hot path, or nothing was compared.
      expect(executed).toBeLessThan(asked * 0.9);
      expect(hot.complaints()).toEqual([]);
    },
  );
});
