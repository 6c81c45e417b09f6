import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { lexicographicSortSchema, parse, validate } from 'graphql';
import { exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allPrivileges } from '../../src/access/caller.ts';
import { encodeAlive } from '../../src/fleet/message.ts';
import { aliveSubject } from '../../src/fleet/subject.ts';
import { HostRegistry } from '../../src/fleet/gateway/host-registry.ts';
import { signToken } from '../../src/server/auth/token.ts';
import { createFleetSchema } from '../../src/fleet/gateway/fleet-schema.ts';
import { openGateway, type Gateway } from '../../src/fleet/gateway/gateway.ts';
import { exampleOperations } from '../../src/cli/package.ts';
import { developmentIdentity, type DevelopmentIdentity } from '../../src/server/auth/identity.ts';
import { startServer, type RunningServer } from '../../src/server/server.ts';
import { testLimits, type Answer } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { post } from '../end-to-end/program.ts';
import { readableLog } from '../server/test-service.ts';
import { until } from '../until.ts';
import { natsServerPath, startNatsServer, type NatsServer } from './nats-server.ts';
import { startTestGateway } from './test-gateway.ts';
import {
  addressOf,
  makeKeys,
  openGateway as openTestGateway,
  openHost,
  type TestHost,
  type TestKeys,
} from './test-host.ts';

const file = new URL('../../schema/fleet.graphql', import.meta.url);

describe('the schema of a fleet', () => {
  it('equals schema/fleet.graphql; UPDATE_SCHEMA=1 updates the file', () => {
    const printed = `${printSchemaWithDirectives(lexicographicSortSchema(createFleetSchema()))}\n`;
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, printed);
    expect(readFileSync(file, 'utf8')).toBe(printed);
  });

  it('is valid for every example operation', async () => {
    const examples = await exampleOperations('schema/fleet-operations/');
    expect(examples.length).toBeGreaterThan(1);
    for (const { query } of examples) expect(validate(createFleetSchema(), parse(query))).toEqual([]);
  });
});

describe.skipIf(natsServerPath === null)('a gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-gateway-'));
  const list = join(folder, 'hosts.json');
  const { log } = readableLog();
  let nats: NatsServer;
  let keys: TestKeys;
  let gateway: Gateway;
  let server: RunningServer;
  let identity: DevelopmentIdentity;
  const hosts: TestHost[] = [];
  const secret = new Uint8Array(32).fill(7);

  function sourceOf(n: number): FakeSource {
    const source = new FakeSource();
    source.logicalProcessors = [0, 1];
    source.partitions = [partitionEntry(1n, null, 2), partitionEntry(BigInt(5 + n), 1n, 2)];
    return source;
  }

  beforeAll(async () => {
    nats = await startNatsServer();
    keys = await makeKeys();
    for (const [n, name] of ['web-1', 'web-2', 'web-3'].entries()) {
      const host = await openHost({
        nats: addressOf(nats.url),
        name,
        gatewayKeys: keys.path,
        source: sourceOf(n),
      });
      await host.fleet.joined;
      hosts.push(host);
    }
    writeFileSync(list, JSON.stringify({ hosts: ['web-1', 'web-2', 'web-3', 'web-4'] }));
    const key = join(folder, 'key.json');
    writeFileSync(key, JSON.stringify({ ...(await exportJWK(keys.key.key)), kid: 'a' }));
    gateway = await openGateway({
      nats: addressOf(nats.url),
      hosts: list,
      gatewayKey: key,
      hostDeadlineMilliseconds: 60_000,
      maxFleetBytes: 1_048_576,
      limits: testLimits,
      version: '1.2.3',
      log,
      now: Date.now,
    });
    identity = await developmentIdentity({
      host: '127.0.0.1',
      log,
      now: Date.now,
      secret,
      requiresHost: true,
      grantsHosts: true,
      hostName: () => '*',
    });
    server = await startServer({
      host: '127.0.0.1',
      port: 0,
      schema: createFleetSchema(),
      limits: testLimits,
      introspection: 'on',
      identity,
      contextOf: gateway.contextOf,
      ready: gateway.ready,
      log,
      graphiql: null,
      now: Date.now,
    });
    await until(async () => {
      const { data } = await ask('{ fleet { hosts { nodes { status } } } }');
      return JSON.stringify(data).match(/ANSWERING/g)?.length === 3;
    });
  });
  afterAll(async () => {
    await server.close();
    await gateway.close();
    for (const host of hosts) await host.close();
    await nats.close();
    keys.remove();
    rmSync(folder, { recursive: true });
  });

  async function ask(query: string, as: bigint | 'root' = 'root', variables: object = {}): Promise<Answer> {
    return post(server.url, { token: await identity.sign(as), query, variables });
  }
  const codes = ({ errors = [] }: Answer): unknown[] =>
    errors.map(({ path, extensions }) => [path?.join('.'), extensions['code']]);

  it('lists its hosts, and returns the data of each host unchanged', async () => {
    const answer = await ask(`{
      viewer { partition hosts }
      fleet { hosts { totalCount nodes { name status version hypervisor { ...names } } } }
    }
    fragment names on Hypervisor { host me: host partitions { nodes { partitionId host } } }`);
    const own = (name: string, guest: string) => ({
      host: name,
      me: name,
      partitions: {
        nodes: [
          { partitionId: '1', host: name },
          { partitionId: guest, host: name },
        ],
      },
    });
    expect(answer.data).toEqual({
      viewer: { partition: 'root', hosts: ['web-1', 'web-2', 'web-3', 'web-4'] },
      fleet: {
        hosts: {
          totalCount: 4,
          nodes: [
            { name: 'web-1', status: 'ANSWERING', version: '1.2.3', hypervisor: own('web-1', '5') },
            { name: 'web-2', status: 'ANSWERING', version: '1.2.3', hypervisor: own('web-2', '6') },
            { name: 'web-3', status: 'ANSWERING', version: '1.2.3', hypervisor: own('web-3', '7') },
            { name: 'web-4', status: 'UNREACHABLE', version: null, hypervisor: null },
          ],
        },
      },
    });
    expect(codes(answer)).toEqual([['fleet.hosts.nodes.3.hypervisor', 'HOST_UNREACHABLE']]);
  });

  it("passes variables, arguments and errors of a host on, with paths of the client's operation", async () => {
    const query = `query ($id: UInt64!, $no: UInt64 = 99, $with: Boolean!) {
      host(name: "web-2") {
        guest: partition(id: $id) { name partitionId @include(if: $with) }
        partition { isRoot }
        hypervisor { partition(id: $no) { id } logicalProcessors(indexes: [1, 7]) { index } }
      }
      other: host(name: "web-9") { name }
    }`;
    const answer = await ask(query, 'root', { id: 6, with: true });
    expect(answer.data).toEqual({
      host: {
        guest: { name: 'p6', partitionId: '6' },
        partition: { isRoot: true },
        hypervisor: { partition: null, logicalProcessors: [{ index: 1 }, null] },
      },
      other: null,
    });
    expect(codes(answer)).toEqual([
      ['host.hypervisor.partition', 'INVALID_PARTITION_ID'],
      ['host.hypervisor.logicalProcessors.1', 'INVALID_PARAMETER'],
    ]);
  });

  it('extends the deadline of hosts that wait for a second reading', async () => {
    const quick = await startTestGateway({
      nats: nats.url,
      keys,
      hosts: ['web-1', 'web-2'],
      gateway: { hostDeadlineMilliseconds: 3_000 },
    });
    await quick.answering(2);
    for (const { source } of hosts) source.milliseconds += 3_600_000;
    const began = performance.now();
    const rates = 'logicalProcessors { rates(over: "4s") { __typename } }';
    const answer = await quick.ask(`{ fleet { hosts { nodes { hypervisor { ${rates} } } } } }`);
    expect(answer.errors).toBeUndefined();
    expect(performance.now() - began).toBeGreaterThan(3_900);
    // They are as reachable as before.
    expect((await quick.ask('{ fleet { hosts { nodes { status } } } }')).data.fleet.hosts.nodes).toEqual([
      { status: 'ANSWERING' },
      { status: 'ANSWERING' },
    ]);
    await quick.close();
  });

  it('stops waiting for hosts once the client has disconnected', async () => {
    const [{ source }] = hosts as [TestHost];
    source.milliseconds += 3_600_000;
    const gone = new AbortController();
    const rates = (over: string): string =>
      `{ host(name: "web-1") { hypervisor { logicalProcessors { rates(over: "${over}") { __typename } } } } }`;
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${await identity.sign('root')}`,
    };
    const most = testLimits.maxWaitingPerCaller;
    const all = Array.from({ length: most }, () =>
      fetch(server.url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: rates('1m') }),
        signal: gone.signal,
      }),
    );
    // As many wait at the host as one caller may have.
    await expect
      .poll(async () => codes(await ask(rates('200ms'))))
      .toEqual([['host.hypervisor', 'BUDGET_EXCEEDED']]);
    gone.abort();
    await Promise.allSettled(all);
    await expect.poll(async () => codes(await ask(rates('200ms'))), { timeout: 30_000 }).toEqual([]);
  });

  it('does not wait for new objects of one of several hosts, and waits for them if it queries only one host', async () => {
    const rates = 'virtualProcessors { rates { hypercalls } }';
    const fleet = `{ fleet { hosts { nodes { hypervisor { partitions { nodes { ${rates} } } } } } } }`;
    const guest = partitionEntry(50n, 1n, 1);
    const [first, second] = hosts;
    if (first === undefined || second === undefined) throw new TypeError('there are no hosts');
    const { source } = second;
    const before = source.partitions;
    const reads = async (query: string): Promise<readonly number[]> => {
      const counts = [first.source.batches.length, source.batches.length];
      await ask(query);
      return [first.source, source].map(({ batches }, n) => batches.length - (counts[n] ?? 0));
    };
    await reads(fleet);
    for (const host of hosts) host.source.milliseconds += 1_000;
    source.partitions = [...before, guest];
    expect(await reads(fleet)).toEqual([1, 1]);
    expect(await reads(`{ host(name: "web-2") { partition(id: 50) { ${rates} } } }`)).toEqual([0, 2]);
    source.partitions = before;
  });

  it('returns the history of a host as the host does', async () => {
    const partition = (selection: string): string =>
      `{ host(name: "web-1") { hypervisor { partition(id: 5) { ${selection} } } } }`;
    const now = await ask(partition('sampledAt counters { gpaPages }'));
    const { sampledAt, counters } = now.data.host.hypervisor.partition;
    const answer = await ask(
      partition(`history(last: "1m", step: "2s") { at interval { seconds } counters { gpaPages } rates { __typename } }
        wrong: history(step: "1ms") { at }`),
    );
    expect(answer.data.host.hypervisor.partition).toEqual({
      history: [{ at: sampledAt, interval: null, counters, rates: null }],
      wrong: null,
    });
    expect(codes(answer)).toEqual([['host.hypervisor.partition.wrong', 'INVALID_PARAMETER']]);
  });

  it('orders objects of all hosts together', async () => {
    const list = 'virtualProcessors(orderBy: { counter: HYPERCALLS, by: VALUE, direction: DESC }, first: 5)';
    const answer = await ask(
      `{ fleet { ${list} { host index partition { partitionId } counters { hypercalls } } unreachable { name } } }`,
    );
    expect(answer.errors).toBeUndefined();
    const { virtualProcessors, unreachable } = answer.data.fleet;
    const values = virtualProcessors.map(({ counters }: any) => BigInt(counters.hypercalls));
    expect(values).toHaveLength(5);
    expect(values).toEqual(values.toSorted((a: bigint, b: bigint) => (a < b ? 1 : a > b ? -1 : 0)));
    expect(unreachable).toEqual([{ name: 'web-4' }]);
    const partitions = await ask(
      '{ fleet { partitions(orderBy: { partition: { counter: VIRTUAL_PROCESSORS } }, first: 100) { host partitionId } } }',
    );
    expect(partitions.data.fleet.partitions).toHaveLength(6);
  });

  it('adds up exactly the values of the hosts that have responded', async () => {
    const answer = await ask(`{
      fleet { totals { of answered logicalProcessors counters { totalRunTime } } hosts { nodes { hypervisor { logicalProcessorTotals { counters { totalRunTime } } } } } }
    }`);
    const { totals, hosts: each } = answer.data.fleet;
    const values: bigint[] = each.nodes.flatMap(({ hypervisor }: any) =>
      hypervisor === null ? [] : [BigInt(hypervisor.logicalProcessorTotals.counters.totalRunTime)],
    );
    expect(totals).toEqual({
      of: 4,
      answered: 3,
      logicalProcessors: 6,
      counters: { totalRunTime: String(values.reduce((sum, value) => sum + value, 0n)) },
    });
  });

  it('returns the counters that its hosts report', async () => {
    const query = '{ counterDefinitions(object: PARTITION) { field isReported } }';
    const service = hosts[0]?.service;
    const direct: Answer = await post(service?.url ?? '', { token: service?.rootToken, query });
    const own = direct.data.counterDefinitions;
    expect(own.some(({ isReported }: any) => isReported === true)).toBe(true);
    expect((await ask(query)).data.counterDefinitions).toEqual(own);
  });

  it('finds objects by their ids, each on its host', async () => {
    const { data } = await ask('{ fleet { hosts { nodes { id partition { id } } } } }');
    const ids = data.fleet.hosts.nodes.flatMap(({ id, partition }: any) => [id, partition?.id]).slice(0, 5);
    const found = await ask(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Partition { host } ... on Host { name } } }',
      'root',
      { ids },
    );
    expect(found.errors).toBeUndefined();
    expect(found.data.nodes.map((node: any) => node.id)).toEqual(ids);
    expect(found.data.nodes.map((node: any) => node.host ?? node.name)).toEqual([
      'web-1',
      'web-1',
      'web-2',
      'web-2',
      'web-3',
    ]);
  });

  it('sends a host one request for many objects, so that these do not count as many selections', async () => {
    const { data } = await ask('{ fleet { hosts { nodes { partition { id } } } } }');
    const own: string[] = data.fleet.hosts.nodes.flatMap(({ partition }: any) => partition?.id ?? []);
    const ids = Array.from({ length: 90 }, (_, n) => own[n < 80 ? 0 : 1] ?? '');
    // With each object, these would be more directives and aliases than a host takes.
    const selection = 'a: __typename b: id @skip(if: false) c: id';
    const found = await ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { ${selection} } }`, 'root', { ids });
    expect(found.errors).toBeUndefined();
    expect(found.data.nodes).toEqual(ids.map((id) => ({ a: 'Partition', b: id, c: id })));
  });

  it('does not show hosts that the token does not name', async () => {
    const caller = { partitionId: 'root', privileges: new Set(allPrivileges) } as const;
    const token = await signToken(
      { caller, hosts: ['web-1'], issuedAt: Date.now(), expiresAt: null, issuer: null, audience: null },
      secret,
    );
    const id = Buffer.from('partition:web-2:partition/1').toString('base64url');
    const query = `{
      viewer { hosts }
      fleet { hosts { totalCount } totals { of answered } unreachable { name } virtualProcessors(orderBy: { counter: HYPERCALLS }) { host } }
      host(name: "web-2") { name }
      node(id: "${id}") { id }
    }`;
    const answer: Answer = await post(server.url, { token, query });
    expect(answer.data).toMatchObject({
      viewer: { hosts: ['web-1'] },
      fleet: { hosts: { totalCount: 1 }, totals: { of: 1, answered: 1 }, unreachable: [] },
      host: null,
      node: null,
    });
    const named = new Set(answer.data.fleet.virtualProcessors.map(({ host }: any) => host));
    expect([named, codes(answer)]).toEqual([new Set(['web-1']), [['node', 'NOT_FOUND']]]);
  });

  it('refuses responses that are too long in total', async () => {
    const schemaOfHosts =
      'hypervisor { partitions { nodes { virtualProcessors { page { groups { name counters { name value } } } } } } }';
    const many = Array.from({ length: 60 }, (_, n) => `a${n}: ${schemaOfHosts}`).join(' ');
    const answer = await ask(`{ fleet { hosts { nodes { ${many} } } } }`);
    expect(JSON.stringify(answer.errors)).toContain('LIMIT_EXCEEDED');
  });

  it('does not send more requests to a host that has missed a deadline, until it responds', async () => {
    let isWell = false;
    const probe = async (): Promise<void> => {
      if (!isWell) throw new Error('it hangs');
    };
    const registry = new HostRegistry({ path: null, log, now: Date.now, probe });
    const { connection, close } = await openTestGateway(nats.url, null);
    registry.listen(connection);
    const alive = { version: '1', instance: 'a', source: 'fake', isAnswering: true, lastReadAt: null };
    const live = (): void =>
      connection.publish(aliveSubject('hung'), encodeAlive({ ...alive, at: Date.now() }));
    live();
    await until(() => registry.get('hung') !== null);
    registry.missed('hung');
    live();
    await connection.flush();
    expect([registry.problem('hung'), registry.get('hung')?.status]).toEqual([
      expect.any(String),
      'UNREACHABLE',
    ]);
    isWell = true;
    await until(() => {
      live();
      return registry.problem('hung') === null;
    });
    expect(registry.get('hung')?.status).toBe('ANSWERING');
    registry.close();
    await close();
  });

  it('shows a guest of one host nothing of the other hosts', async () => {
    const answer = await ask(
      '{ fleet { hosts { nodes { name partition { partitionId } hypervisor { counters { totalPages } } } } totals { answered } } }',
      6n,
    );
    expect(answer.data.fleet.hosts.nodes.map(({ partition }: any) => partition)).toEqual([
      null,
      { partitionId: '6' },
      null,
      null,
    ]);
    expect(answer.data.fleet.totals).toEqual({ answered: 0 });
    expect(JSON.stringify(answer)).not.toContain('"totalPages":"');
  });
});
