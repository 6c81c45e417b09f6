import { readdirSync, readFileSync } from 'node:fs';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, serve, type Served } from './program.ts';

const folder = new URL('../../schema/operations/', import.meta.url);

const files = readdirSync(folder);

describe('an example operation', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve();
  });
  afterAll(() => served.program.stop());

  it.each(files.filter((file) => !file.includes('-live-')))(
    'runs for the root without an error: %s',
    async (file) => {
      const query = readFileSync(new URL(file, folder), 'utf8');
      expect(query).toMatch(/^# .*[.?]\n(query|subscription) \w+ \{/);
      const { data, errors } = await post(served.url, { token: served.tokens[0], query });
      expect(errors).toBeUndefined();
      // Of all selected fields, only the root's parent and the rates of counters without one are null.
      const there = JSON.stringify(data).replace(/"parent":null|"rateUnit":null/g, '');
      expect(there).not.toMatch(/null|\[\]/);
    },
  );

  it.each(files.filter((file) => file.includes('-live-')))(
    'can be subscribed to by the root: %s',
    async (file) => {
      const query = readFileSync(new URL(file, folder), 'utf8');
      const client = createClient({
        url: served.url,
        headers: { Authorization: `Bearer ${served.tokens[0]}` },
      });
      const events: any[] = [];
      for await (const event of client.iterate({ query })) {
        events.push(event);
        if (events.length === 2) break;
      }
      client.dispose();
      expect(events.map(({ errors }) => errors)).toEqual([undefined, undefined]);
      // Rates are there from the second event on.
      expect(JSON.stringify(events[1].data)).not.toMatch(/null|\[\]/);
    },
  );

  it("runs for a guest if it is about the caller's own partition", async () => {
    const query = readFileSync(new URL('04-own-partition.graphql', folder), 'utf8');
    const { data, errors } = await post(served.url, { token: served.tokens[1], query });
    expect(data).toMatchObject({
      viewer: { partitionId: '2', isRoot: false },
      partition: { name: 'web-1', parent: null },
    });
    expect(errors).toMatchObject([{ path: ['partition', 'parent'], extensions: { code: 'ACCESS_DENIED' } }]);
  });
});
