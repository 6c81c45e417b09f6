import { afterEach, describe, expect, it } from 'vitest';
import { natsServerPath, startNatsServer } from './nats-server.ts';
import { startTestGateway, type TestGateway } from './test-gateway.ts';
import { addressOf, makeKeys, openHost } from './test-host.ts';

describe.skipIf(natsServerPath === null)('the parts of a fleet', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  it.each([
    ['gateway', 'host', 'NATS'],
    ['host', 'gateway', 'NATS'],
    ['host', 'NATS', 'gateway'],
    ['gateway', 'NATS', 'host'],
  ] as const)('connect if they are started in the order %s, %s, %s', async (...order) => {
    // Its port is known before it runs.
    const nats = await startNatsServer();
    await nats.kill();
    const keys = await makeKeys();
    closers.push(
      () => keys.remove(),
      () => nats.close(),
    );
    let gateway: TestGateway | null = null;
    const start = {
      NATS: () => nats.restart(),
      host: async () => {
        const host = await openHost({ nats: addressOf(nats.url), name: 'web-1', gatewayKeys: keys.path });
        closers.push(() => host.close());
      },
      gateway: async () => {
        const started = await startTestGateway({ nats: nats.url, keys, hosts: ['web-1'] });
        closers.push(() => started.close());
        gateway = started;
      },
    };
    for (const part of order) await start[part]();
    const started = gateway as unknown as TestGateway;
    await started.answering(1);
    expect(await started.ask('{ host(name: "web-1") { hypervisor { host } } }')).toEqual({
      data: { host: { hypervisor: { host: 'web-1' } } },
    });
  });
});
