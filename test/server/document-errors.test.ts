/** Documents with more errors than are reported. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestService, type TestService } from './test-service.ts';
import { listenerTransports } from './transport.ts';

let service: TestService;
beforeEach(async () => {
  service = await startTestService();
});
afterEach(() => service.close());

const limit = 20;

describe.each(Object.entries(listenerTransports))('by %s, a document', (_transport, send) => {
  const errorsOf = async (count: number) => {
    const fields = Array.from({ length: count }, (_, n) => `unknown${n}`);
    const answer = await send(
      { place: { url: service.url }, token: service.rootToken },
      { parameters: { query: `{ ${fields.join(' ')} }` } },
    );
    answer.end();
    return answer.errors ?? [];
  };

  it('with the maximum number of reported errors has each of them', async () => {
    const errors = await errorsOf(limit);
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(
      Array.from({ length: limit }, () => 'GRAPHQL_VALIDATION_FAILED'),
    );
  });

  it('with more errors has LIMIT_EXCEEDED after them, with the limit and the number found', async () => {
    for (const count of [limit + 1, 10 * limit]) {
      const errors = await errorsOf(count);
      expect(errors).toHaveLength(limit + 1);
      expect(
        errors.slice(0, limit).every(({ extensions }) => extensions['code'] === 'GRAPHQL_VALIDATION_FAILED'),
      ).toBe(true);
      expect(errors.at(-1)).toEqual({
        message: `The document has more than ${limit} errors, the most that are reported: correct these first.`,
        extensions: { code: 'LIMIT_EXCEEDED', limit, actual: limit + 1 },
      });
    }
  });
});
