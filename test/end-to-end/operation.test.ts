import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, serve, type Served } from './program.ts';

const folder = new URL('../../schema/operations/', import.meta.url);

describe('an example operation', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(() => served.program.stop());

  it.each(readdirSync(folder))('is answered to the root without an error: %s', async (file) => {
    const query = readFileSync(new URL(file, folder), 'utf8');
    expect(query).toMatch(/^# .*[.?]\nquery \w+ \{/);
    const { data, errors } = await post(served.url, { token: served.tokens[0], query });
    expect(errors).toBeUndefined();
    // Of all that is asked only the root's parent is not there.
    expect(JSON.stringify(data).replace('"parent":null', '')).not.toMatch(/null|\[\]/);
  });

  it('about its own partition is answered to a guest as well', async () => {
    const query = readFileSync(new URL('4-own-partition.graphql', folder), 'utf8');
    const { data, errors } = await post(served.url, { token: served.tokens[1], query });
    expect(data).toMatchObject({
      viewer: { partitionId: '2', isRoot: false },
      partition: { name: 'web-1', parent: null },
    });
    expect(errors).toMatchObject([{ path: ['partition', 'parent'], extensions: { code: 'ACCESS_DENIED' } }]);
  });
});
