import { request, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { transports, watchBySse, type Watcher } from '../end-to-end/watcher.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { until } from '../until.ts';
import { natsServerPath, startNatsServer, type NatsServer } from './nats-server.ts';
import { startTestGateway, type TestCaller, type TestGateway } from './test-gateway.ts';
import { addressOf, makeKeys, openHost, type TestHost, type TestKeys } from './test-host.ts';

const every = 'every: "100ms"';
const merged = `subscription { fleet(${every}) {
  hosts { nodes { name ageSeconds hypervisor { host } } }
  virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE }, first: 3) { host }
  totals { of answered counters { totalRunTime } }
  late { name }
  unreachable { name }
} }`;

describe.skipIf(natsServerPath === null)('a subscription at a gateway', () => {
  let nats: NatsServer;
  let keys: TestKeys;
  let gateway: TestGateway;
  const hosts = new Map<string, TestHost>();
  const watchers: Watcher[] = [];

  async function join(name: string, partitions = [partitionEntry(5n, 1n, 2)]): Promise<void> {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null, 2), ...partitions];
    const host = await openHost({ nats: addressOf(nats.url), name, gatewayKeys: keys.path, source });
    await host.fleet.joined;
    hosts.set(name, host);
  }
  async function leave(name: string): Promise<void> {
    await hosts.get(name)?.close();
    hosts.delete(name);
  }
  async function watch(query: string, caller: TestCaller = {}, by = watchBySse): Promise<Watcher> {
    const watcher = by({ url: gateway.server.url, token: await gateway.token(caller), query });
    watchers.push(watcher);
    return watcher;
  }
  const streams = (): readonly number[] => [...hosts.values()].map(({ live }) => live.size);

  beforeAll(async () => {
    nats = await startNatsServer();
    keys = await makeKeys();
    for (const name of ['web-1', 'web-2']) await join(name);
    gateway = await startTestGateway({ nats: nats.url, keys, hosts: ['web-1', 'web-2', 'web-3'] });
    await gateway.answering(2);
  });
  afterEach(async () => {
    for (const watcher of watchers.splice(0)) watcher.stop();
    // Without subscriptions nothing runs.
    await until(() => gateway.gateway.openStreams() === 0 && streams().every((count) => count === 0));
  });
  afterAll(async () => {
    await gateway.close();
    for (const name of [...hosts.keys()]) await leave(name);
    await nats.close();
    keys.remove();
  });

  it.each(Object.entries(transports))('receives the newest values of all hosts, by %s', async (_, by) => {
    const watcher = await watch(merged, {}, by);
    for (const event of [await watcher.event(0), await watcher.event(3)]) {
      const { fleet } = event.data;
      expect(fleet.hosts.nodes).toEqual([
        { name: 'web-1', ageSeconds: expect.any(Number), hypervisor: { host: 'web-1' } },
        { name: 'web-2', ageSeconds: expect.any(Number), hypervisor: { host: 'web-2' } },
        { name: 'web-3', ageSeconds: null, hypervisor: null },
      ]);
      expect(fleet.virtualProcessors.map(({ host }: any) => host)).toEqual(['web-1', 'web-1', 'web-1']);
      expect(fleet.totals).toMatchObject({
        of: 3,
        answered: 2,
        counters: { totalRunTime: expect.any(String) },
      });
      expect(fleet.unreachable).toEqual([{ name: 'web-3' }]);
      expect(event.errors.map(({ path, extensions }: any) => [path.join('.'), extensions.code])).toEqual([
        ['fleet.hosts.nodes.2.hypervisor', 'HOST_UNREACHABLE'],
      ]);
    }
  });

  it('uses one stream per host for all clients that subscribe to the same fields with the same rights', async () => {
    const part = 'hypervisor { host counters { logicalProcessors } }';
    const list = `subscription { fleet(${every}) { hosts { nodes { ${part} } } } }`;
    const one = `subscription { host(name: "web-1", ${every}) { name ${part} } }`;
    const opened = [await watch(list), await watch(list), await watch(one)];
    const [first, , other] = await Promise.all(opened.map((watcher) => watcher.event(2)));
    expect(first.data.fleet.hosts.nodes[0].hypervisor).toEqual(other.data.host.hypervisor);
    expect(streams()).toEqual([1, 1]);
    // Other rights, and another interval.
    await (await watch(list, { hosts: ['web-1', 'web-2'] })).event(0);
    const slower = await watch(list.replace('100ms', '200ms'));
    await slower.event(0);
    expect(streams()).toEqual([3, 3]);
    slower.stop();
    await until(() => streams().join() === '2,2');
  });

  it('ends only for the client whose token expires or is revoked', async () => {
    const lasting = await watch(merged);
    const expiring = await watch(merged, { expiresAt: Date.now() + 3_000 });
    const revoked = await watch(merged, { subject: 'eve' });
    await Promise.all([lasting, expiring, revoked].map((watcher) => watcher.event(1)));
    // One for each part: three fields of the fleet and one of the hosts.
    expect(streams()).toEqual([4, 4]);
    gateway.revocations.replace({ tokenIds: new Set(), subjects: new Set(['eve']), fingerprints: new Set() });
    await revoked.end();
    await expiring.end();
    expect(expiring.last.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(lasting.ending).toBeNull();
    await lasting.next(({ data }) => data?.fleet.totals.answered === 2);
    expect(lasting.events.filter(({ data }) => data === null)).toEqual([]);
    const closed = gateway.audit.map((line) => JSON.parse(line)).filter(({ event }) => event === 'closed');
    expect(closed.slice(-2).map(({ reason, sub }) => [reason, sub])).toEqual([
      ['revoked', 'eve'],
      ['expired', null],
    ]);
  });

  it('has a gap when a host leaves, and its values again once it returns', async () => {
    const watcher = await watch(merged);
    await watcher.event(0);
    await leave('web-2');
    const gap = await watcher.next(({ data }) => data.fleet.totals.answered === 1);
    expect(gap.data.fleet.hosts.nodes[1]).toEqual({ name: 'web-2', ageSeconds: null, hypervisor: null });
    expect(gap.data.fleet.unreachable).toEqual([{ name: 'web-2' }, { name: 'web-3' }]);
    expect(gap.errors[0]).toMatchObject({
      path: ['fleet', 'hosts', 'nodes', 1, 'hypervisor'],
      extensions: { code: 'HOST_UNREACHABLE', host: 'web-2' },
    });
    await join('web-2');
    const again = await watcher.next(({ data }) => data.fleet.totals.answered === 2);
    expect(again.data.fleet.hosts.nodes[1]).toMatchObject({ hypervisor: { host: 'web-2' } });
    // A new host is included.
    await join('web-3');
    await watcher.next(({ data }) => data.fleet.totals.answered === 3);
    await leave('web-3');
  });

  it('has the errors of a host at their paths, and changes since the previous event', async () => {
    const watcher = await watch(
      `subscription { host(name: "web-1", ${every}) { hypervisor { partition(id: 99) { id } logicalProcessors { deltas { interval { seconds } } } } } }`,
    );
    const event = await watcher.next(({ data }) => data.host.hypervisor.logicalProcessors[0].deltas !== null);
    expect(event.errors).toMatchObject([
      {
        path: ['host', 'hypervisor', 'partition'],
        extensions: { code: 'INVALID_PARTITION_ID', host: 'web-1' },
      },
    ]);
  });

  it('sends the newest values to a slow client, and others do not wait for it', async () => {
    // Half a megabyte for each event: after some of them, the buffers of both ends are full.
    const names = Array.from({ length: 99 }, (_, n) => partitionEntry(BigInt(n + 5), 1n, 0));
    await join(
      'web-3',
      names.map((entry) => ({ ...entry, name: 'x'.repeat(5_000) })),
    );
    const query = `subscription { host(name: "web-3", ${every}) { hypervisor { sampledAt partitions { nodes { name } } } } }`;
    const slow = await openUnread(gateway, query);
    const quick = await watch(query);
    await quick.event(60);
    let text = '';
    const last = (): string => /.*"sampledAt":"(?<at>[^"]+)"/s.exec(text)?.groups?.['at'] ?? '';
    slow.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    const { source } = hosts.get('web-3') as TestHost;
    source.milliseconds += 60_000;
    const now = new Date(source.now().wallMilliseconds).toISOString();
    await until(() => last() === now);
    expect(text.split('event: next').length).toBeLessThan(50);
    expect(quick.ending).toBeNull();
    slow.destroy();
    await leave('web-3');
  });

  it('rejects hosts that the token does not name, and intervals outside the limits', async () => {
    const own = await watch(merged, { hosts: ['web-1'] });
    expect((await own.event(1)).data.fleet.hosts.nodes.map(({ name }: any) => name)).toEqual(['web-1']);
    expect(JSON.stringify(own.events)).not.toContain('web-2');
    for (const [query, code] of [
      ['subscription { host(name: "web-2") { name } }', 'NOT_FOUND'],
      ['subscription { fleet(every: "1ms") { totals { of } } }', 'LIMIT_EXCEEDED'],
    ] as const) {
      const refused = await watch(query, { hosts: ['web-1'] });
      await refused.end();
      expect(refused.last.errors[0].extensions.code).toBe(code);
      expect(JSON.stringify(refused.last.data ?? null)).toBe('null');
    }
  });
});

/** An event stream from which nothing is read until the test does. */
async function openUnread(gateway: TestGateway, query: string): Promise<IncomingMessage> {
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    authorization: `Bearer ${await gateway.token()}`,
  };
  return new Promise((resolve, reject) => {
    const asked = request(gateway.server.url, { method: 'POST', headers }, resolve);
    asked.once('error', reject);
    asked.end(JSON.stringify({ query }));
  });
}
