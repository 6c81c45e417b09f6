/** Idle streams through a real proxy that closes connections that are silent for 20 seconds. */
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nginx, startNginx } from './nginx.ts';
import { serve, type Served } from './program.ts';
import { transports, watchBySse } from './watcher.ts';
import { until } from '../until.ts';

const idleLimitSeconds = 20;

describe.skipIf(nginx === null)('behind a proxy that closes idle connections', () => {
  let folder: string;
  let served: Served;
  /** Sends nothing after its headers, to show that the proxy closes idle connections. */
  let mute: Server;
  let proxyUrl: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hvql-proxy-'));
    await cp('test/fixtures/small-host', join(folder, 'pages'), { recursive: true });
    served = await serve(['--source', `pages:${join(folder, 'pages')}`]);
    mute = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
        .write(':\n\n');
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const ports = { served: portOf(served.url), mute: (mute.address() as AddressInfo).port };
    const port = await startNginx((own) => serverBlock({ ...ports, own }));
    proxyUrl = `http://127.0.0.1:${port}/graphql`;
  });
  afterAll(async () => {
    mute.closeAllConnections();
    mute.close();
    await served.program.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('a stream that is idle for longer stays open, and then sends what has changed', async () => {
    const [token] = served.tokens;
    const query =
      'subscription { partition(id: 5, every: "1s", suppressUnchanged: true) { name counters { gpaPages } } }';
    const watchers = Object.values(transports).map((watch) => watch({ url: proxyUrl, token, query }));
    const once = 'subscription { partition(every: "1h") { name } }';
    const quiet = [
      ...Object.values(transports).map((watch) => watch({ url: proxyUrl, token, query: once })),
      watchBySse({ url: proxyUrl.replace('graphql', 'plain'), token, query: once }),
    ];
    // Each gets here before the proxy cuts its stream: it has not collected it.
    await Promise.all([...watchers, ...quiet].map((watcher) => watcher.event(0)));

    // Begun after the others, so they have been quiet for longer than the proxy allows once this is cut.
    const cut = watchBySse({ url: proxyUrl.replace('graphql', 'mute'), token, query });
    await until(() => cut.ending !== null);
    expect(cut.ending?.kind).toBe('error');
    for (const { events, ending } of [...watchers, ...quiet]) {
      expect(ending).toBeNull();
      expect(events).toHaveLength(1);
    }

    const page = join(folder, 'pages/partition/5/stats.page');
    await cp(join(folder, 'pages/partition/9/stats.page'), `${page}.new`);
    await rename(`${page}.new`, page);
    const changed = await Promise.all(watchers.map((watcher) => watcher.event(1)));
    for (const event of changed) {
      expect(event.errors).toBeUndefined();
      expect(event.data.partition.counters.gpaPages).toMatch(/^\d+$/);
      expect(event).not.toEqual(watchers[0]?.events[0]);
    }
    [...watchers, ...quiet].forEach((watcher) => watcher.stop());
  });
});

/**
 * What nginx's own documentation tells for WebSockets, and its defaults for everything else but the time limit; under
 * /plain the defaults alone, with which it talks HTTP/1.0.
 */
function serverBlock(ports: { own: number; served: number; mute: number }): string {
  return `
    listen 127.0.0.1:${ports.own};
    proxy_read_timeout ${idleLimitSeconds}s;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    location /graphql { proxy_pass http://127.0.0.1:${ports.served}; }
    location /plain {
      proxy_http_version 1.0;
      proxy_set_header Connection close;
      proxy_pass http://127.0.0.1:${ports.served}/graphql;
    }
    location /mute { proxy_pass http://127.0.0.1:${ports.mute}; }`;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
