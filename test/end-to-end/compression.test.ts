/** The lines of docs/deployment.md for compression, in a real nginx in front of the service. */
import { gunzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textsOf } from '../documents/markdown.ts';
import { send } from '../server/test-service.ts';
import { nginx, startNginx } from './nginx.ts';
import { serve, type Served } from './program.ts';
import { watchBySse } from './watcher.ts';

const lines = textsOf('docs/deployment.md', 'nginx').find((text) => text.startsWith('gzip on;'));

describe.skipIf(nginx === null)('a proxy with the compression settings of docs/deployment.md', () => {
  let served: Served;
  let proxy: string;
  beforeAll(async () => {
    served = await serve();
    const { host } = new URL(served.url);
    const port = await startNginx(
      (own) => `
    listen 127.0.0.1:${own};
    ${lines}
    location / { proxy_pass http://${host}; proxy_http_version 1.1; proxy_buffering off; }`,
    );
    proxy = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await served.program.stop();
  });

  const ask = (origin: string, query: string, accept: string) =>
    send(`${origin}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${served.tokens[0]}`,
        'content-type': 'application/json',
        'accept-encoding': 'gzip',
        accept,
      },
      body: [JSON.stringify({ query })],
    });

  it.each(['application/json', 'application/graphql-response+json'])(
    'compresses a large response of the type %s',
    async (type) => {
      const direct = await ask(new URL(served.url).origin, getIntrospectionQuery(), type);
      const compressed = await ask(proxy, getIntrospectionQuery(), type);
      expect(direct.headers['content-encoding']).toBeUndefined();
      expect(compressed.headers).toMatchObject({
        'content-encoding': 'gzip',
        'content-type': `${type}; charset=utf-8`,
        vary: expect.stringMatching(/accept-encoding/i),
      });
      expect(gunzipSync(compressed.body)).toEqual(direct.body);
      expect(direct.body.length).toBeGreaterThan(250_000);
      expect(compressed.body.length).toBeLessThan(direct.body.length / 5);
    },
  );

  it('does not compress a small response', async () => {
    const { headers, body } = await ask(proxy, '{ viewer { isRoot } }', 'application/json');
    expect(headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(String(body))).toEqual({ data: { viewer: { isRoot: true } } });
  });

  it('forwards each event of a stream immediately', async () => {
    const query = 'subscription { partition(every: "1h") { name } }';
    const watcher = watchBySse({ url: `${proxy}/graphql`, token: served.tokens[0], query });
    // The next one comes in an hour, so the first is not waiting for more.
    expect((await watcher.event(0)).data).toEqual({ partition: { name: 'root' } });
    watcher.stop();
  });
});
