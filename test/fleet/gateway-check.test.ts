/** The gateway's rows of the table transport × check: what is checked on one of its transports is checked on all. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentLimits } from '../../src/execution/document-limit.ts';
import type { GatewayOptions } from '../../src/fleet/gateway/gateway.ts';
import { ValueBudgets } from '../../src/limits/value-budget.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { testLimits } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { listenerTransports, type TransportAnswer, type TransportRequest } from '../server/transport.ts';
import { natsServerPath, startNatsServer, type NatsServer } from './nats-server.ts';
import { startTestGateway, type TestCaller, type TestGateway } from './test-gateway.ts';
import { addressOf, makeKeys, openHost, type TestHost, type TestKeys } from './test-host.ts';

const root: TestCaller = {};
const guest: TestCaller = { partitionId: 5n };
const isLive = (way: string): boolean => !/^(?:POST|GET)/.test(way);
const isByAddress = (way: string): boolean => way.includes('GET');
/** A selection of the host, for a query or a subscription. */
const ofHost = (selection: string, args = ''): string => `{ host(name: "web-1"${args}) { ${selection} } }`;
const liveOfHost = (selection: string): string => `subscription ${ofHost(selection, ', every: "100ms"')}`;
const codes = ({ errors = [] }: TransportAnswer): unknown[] =>
  errors.map(({ extensions }) => extensions['code']);
const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}` as const;

interface Cell {
  readonly way: string;
  readonly gateway: TestGateway;
  /** Sends a request as the root of all hosts by default; null for no caller. */
  readonly ask: (question: string | TransportRequest, caller?: TestCaller | null) => Promise<TransportAnswer>;
}

interface Check {
  readonly server?: Partial<ServerOptions>;
  readonly gateway?: Partial<GatewayOptions>;
  readonly check: (cell: Cell) => Promise<void>;
}

/** A limit on documents: the answer says what it is and what was sent, and no host is asked. */
function limit(
  limits: Partial<DocumentLimits>,
  texts: { within: string; beyond: string; actual: number },
): Check {
  const [bound = 0] = Object.values(limits);
  return {
    server: { limits: { ...testLimits, ...limits } },
    check: async ({ way, ask }) => {
      const forms = (query: string): string[] => [query, ...(isLive(way) ? [`subscription ${query}`] : [])];
      for (const query of forms(texts.beyond)) {
        const answer = await ask(query);
        expect(answer.errors).toMatchObject([
          { extensions: { code: 'LIMIT_EXCEEDED', limit: bound, actual: texts.actual } },
        ]);
        expect(answer.data ?? null).toBeNull();
      }
      for (const query of forms(texts.within)) expect((await ask(query)).errors).toBeUndefined();
    },
  };
}

const allowed = '{ fleet { totals { of } } }';
const allowedLive = `subscription ${allowed}`;
const watch = 'subscription { fleet { totals { of } } }';

const checks: Readonly<Record<string, Check>> = {
  'authentication of its caller': {
    check: async ({ way, ask }) => {
      expect((await ask('{ viewer { partition hosts } }', guest)).data).toEqual({
        viewer: { partition: '5', hosts: ['web-1', 'web-2'] },
      });
      for (const text of ['{ viewer { partition } }', watch]) {
        const answer = await ask(text, null);
        expect(answer.status).toBe(way === 'WebSocket' ? 4401 : 401);
        expect(answer.data).toBeUndefined();
      }
    },
  },
  'the hosts that its caller may use': {
    check: async ({ way, ask }) => {
      const other = { hosts: ['web-2'] };
      expect((await ask(ofHost('name'), other)).data).toEqual({ host: null });
      expect(codes(await ask(liveOfHost('name'), other))).toEqual([
        isLive(way) ? 'NOT_FOUND' : 'NOT_ACCEPTABLE',
      ]);
      // A token without hosts is not accepted here.
      expect((await ask('{ viewer { partition } }', { hosts: [] })).data).toBeUndefined();
    },
  },
  'the access rules': {
    check: async ({ way, ask }) => {
      const denied = 'hypervisor { counters { totalPages } partition(id: 9) { name } }';
      for (const query of [ofHost(denied), ...(isLive(way) ? [liveOfHost(denied)] : [])]) {
        const answer = await ask(query, guest);
        expect(answer.data).toEqual({ host: { hypervisor: { counters: null, partition: null } } });
        expect(codes(answer)).toEqual(['ACCESS_DENIED', 'ACCESS_DENIED']);
      }
      expect((await ask(ofHost('partition { name }'), guest)).data).toEqual({
        host: { partition: { name: 'p5' } },
      });
    },
  },
  'the audit of denied reads': {
    check: async ({ way, gateway: { audit }, ask }) => {
      audit.length = 0;
      await ask(`query Peek ${ofHost('hypervisor { partition(id: 9) { name } }')}`, guest);
      await expect.poll(() => audit.length).toBeGreaterThan(0);
      expect(JSON.parse(audit[0] ?? '')).toMatchObject({
        event: 'denied',
        caller: '5',
        by: 'token',
        way: way.replace(/ (?:by|again).*/, ''),
        operation: 'Peek',
        object: 'host web-1',
        reason: 'NOT_SELF_OR_PARENT',
      });
    },
  },
  'the audit of streams': {
    check: async ({ way, gateway: { audit }, ask }) => {
      audit.length = 0;
      const answer = await ask(`subscription Own ${allowed}`, guest);
      if (!isLive(way)) {
        expect(codes(answer)).toEqual(['NOT_ACCEPTABLE']);
        return;
      }
      answer.end();
      await expect.poll(() => audit.length).toBe(2);
      expect(audit.map((line) => JSON.parse(line))).toMatchObject([
        { caller: '5', way: way.replace(/ by.*/, ''), operation: 'Own', event: 'opened' },
        { caller: '5', way: way.replace(/ by.*/, ''), operation: 'Own', event: 'closed', reason: 'client' },
      ]);
    },
  },
  'a limit on tokens': limit(
    { maxTokens: 14 },
    { within: allowed, beyond: '{ fleet { totals { of of of of of of of of of } } }', actual: 15 },
  ),
  'a limit on depth': limit(
    { maxDepth: 3 },
    { within: allowed, beyond: '{ fleet { hosts { nodes { name } } } }', actual: 4 },
  ),
  'a limit on aliases': limit(
    { maxAliases: 1 },
    { within: '{ fleet { totals { a: of } } }', beyond: '{ fleet { totals { a: of b: of } } }', actual: 2 },
  ),
  'a limit on the length of names': limit(
    { maxNameLength: 12 },
    {
      within: '{ fleet { twelve_chars: totals { of } } }',
      beyond: '{ fleet { thirteen_char: totals { of } } }',
      actual: 13,
    },
  ),
  'a limit on directives': limit(
    { maxDirectives: 1 },
    {
      within: '{ fleet { totals { of @skip(if: false) } } }',
      beyond: '{ fleet { totals { of @skip(if: false) @include(if: true) } } }',
      actual: 2,
    },
  ),
  'the limits of the host': {
    check: async ({ ask, way }) => {
      const indexes = Array.from({ length: 1_001 }, (_, n) => n).join(' ');
      const selection = `partition { virtualProcessors(indexes: [${indexes}]) { index } }`;
      for (const query of [ofHost(selection), ...(isLive(way) ? [liveOfHost(selection)] : [])])
        expect((await ask(query)).errors).toMatchObject([
          { extensions: { code: 'LIMIT_EXCEEDED', limit: 1_000, actual: 1_001, host: 'web-1' } },
        ]);
    },
  },
  'a limit on bytes': {
    gateway: { maxFleetBytes: 500 },
    check: async ({ ask, way }) => {
      const selection =
        'hypervisor { partitions { nodes { id name host sampledAt virtualProcessors { id } } } }';
      for (const query of [ofHost(selection), ...(isLive(way) ? [liveOfHost(selection)] : [])])
        expect(codes(await ask(query))).toEqual(['LIMIT_EXCEEDED']);
    },
  },
  'a limit on intervals': {
    check: async ({ way, ask }) => {
      const answer = await ask('subscription { fleet(every: "1ms") { totals { of } } }');
      expect(codes(answer)).toEqual([isLive(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
    },
  },
  'a limit on streams': {
    gateway: { limits: { ...testLimits, maxStreamsPerCaller: 1 } },
    check: async ({ way, gateway, ask }) => {
      const first = await ask(watch, guest);
      expect(codes(await ask(watch, guest))).toEqual([isLive(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
      const other = await ask(watch, root);
      expect(codes(other)).toEqual(isLive(way) ? [] : ['NOT_ACCEPTABLE']);
      for (const { end } of [first, other]) end();
      await expect.poll(() => gateway.gateway.openStreams()).toBe(0);
    },
  },
  'a limit on the texts of streams': {
    gateway: { limits: { ...testLimits, maxStreamTextPerCaller: watch.length + 2 } },
    check: async ({ way, ask }) => {
      const long = watch.replace('of', 'of answered');
      expect(codes(await ask(long))).toEqual([isLive(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
    },
  },
  'a budget of values': {
    server: { budgets: new ValueBudgets({ valuesPerSecond: 1 }) },
    check: async ({ way, ask }) => {
      const spender = { ...guest, subject: way };
      await ask(
        `{ fleet { totals { ${Array.from({ length: 70 }, (_, n) => `a${n}: of`).join(' ')} } } }`,
        spender,
      );
      for (const query of [allowed, ...(isLive(way) ? [watch] : [])]) {
        const answer = await ask(query, spender);
        expect(answer.errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED', limit: 1 } }]);
        expect(answer.status).toBe(way === 'WebSocket' ? null : 429);
      }
      expect(codes(await ask(allowed, { ...guest, subject: `other ${way}` }))).toEqual([]);
    },
  },
  'a limit on its size': {
    check: async ({ way, ask }) => {
      const parameters = { query: allowed, extensions: { pad: 'x'.repeat(1_048_576) } };
      expect((await ask({ parameters })).status).toBe(
        way === 'WebSocket' ? 1009 : isByAddress(way) ? 431 : 413,
      );
    },
  },
  'the rule against batches': {
    check: async ({ way, ask }) => {
      const answer = await ask({ parameters: [{ query: allowed }, { query: allowed }] });
      expect(answer.data).toBeUndefined();
      if (way === 'WebSocket') expect(answer.status).toBe(4400);
      else expect(codes(answer)).toEqual([isByAddress(way) ? 'GRAPHQL_PARSE_FAILED' : 'BAD_REQUEST']);
    },
  },
  'checks of its parameters': {
    check: async ({ ask }) => {
      for (const parameters of [{}, { query: allowed, variables: 7 }])
        expect(codes(await ask({ parameters }))).toEqual(['BAD_REQUEST']);
    },
  },
  'the list of allowed operations': {
    server: {
      allowedDocuments: [allowed, allowedLive].map((text) => ({ text, documentId: sha256(text) })),
    },
    check: async ({ way, ask }) => {
      for (const query of ['{ viewer { partition } }', 'subscription { fleet { totals { answered } } }'])
        expect(codes(await ask(query))).toEqual(['OPERATION_NOT_ALLOWED']);
      for (const parameters of [{ query: allowed }, { documentId: sha256(allowed) }])
        expect((await ask({ parameters })).data).toEqual({ fleet: { totals: { of: 2 } } });
      const watched = await ask({ parameters: { documentId: sha256(allowedLive) } });
      expect(codes(watched)).toEqual(isLive(way) ? [] : ['NOT_ACCEPTABLE']);
      watched.end();
    },
  },
  'the setting that no caller may read the schema': {
    server: { introspection: 'off' },
    gateway: { introspection: 'off' },
    check: async ({ ask }) => {
      const answer = await ask('{ __schema { queryType { name } } }');
      expect(new Set(codes(answer))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
      expect((await ask('{ flee { totals { of } } }')).errors?.[0]?.message).not.toContain('Did you mean');
    },
  },
  'the setting that only the root may read the schema': {
    server: { introspection: 'root' },
    gateway: { introspection: 'root' },
    check: async ({ ask }) => {
      const query = '{ __schema { queryType { name } } }';
      expect((await ask(query)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
      const denied = await ask(query, guest);
      expect(denied.errors).toMatchObject([{ extensions: { code: 'ACCESS_DENIED', reason: 'NOT_ROOT' } }]);
      expect(denied.data ?? null).toBeNull();
    },
  },
  'the check of its origin': {
    check: async ({ ask }) => {
      for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
        const answer = await ask({ parameters: { query: allowed }, headers });
        expect([answer.status, ...codes(answer)]).toEqual([403, 'FOREIGN_ORIGIN']);
      }
    },
  },
  'the errors of an unreachable host': {
    check: async ({ way, ask }) => {
      const query = ofHost('name hypervisor { host }').replace('web-1', 'web-2');
      for (const each of [query, ...(isLive(way) ? [`subscription ${query}`] : [])]) {
        const answer = await ask(each);
        expect(answer.data).toEqual({ host: { name: 'web-2', hypervisor: null } });
        expect(codes(answer)).toEqual(['HOST_UNREACHABLE']);
      }
    },
  },
};

describe.skipIf(natsServerPath === null)('a gateway', () => {
  let nats: NatsServer;
  let keys: TestKeys;
  let host: TestHost;
  let gateway: TestGateway | undefined;
  beforeAll(async () => {
    nats = await startNatsServer();
    keys = await makeKeys();
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null, 2), partitionEntry(5n, 1n, 2), partitionEntry(9n, 1n, 2)];
    host = await openHost({ nats: addressOf(nats.url), name: 'web-1', gatewayKeys: keys.path, source });
    await host.fleet.joined;
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });
  afterAll(async () => {
    await host.close();
    await nats.close();
    keys.remove();
  });

  it.each(Object.entries(checks))(
    'subjects requests of every transport to %s',
    async (_, { check, ...options }) => {
      const opened = await startTestGateway({ nats: nats.url, keys, hosts: ['web-1', 'web-2'], ...options });
      gateway = opened;
      for (const [way, send] of Object.entries(listenerTransports)) {
        const answers: TransportAnswer[] = [];
        const ask = async (question: string | TransportRequest, caller: TestCaller | null = root) => {
          const token = caller === null ? 'e30.e30.e30' : await opened.token(caller);
          const asked = typeof question === 'string' ? { parameters: { query: question } } : question;
          const answer = await send({ place: { url: opened.server.url }, token }, asked);
          answers.push(answer);
          return answer;
        };
        try {
          await check({ way, gateway: opened, ask });
        } catch (thrown) {
          throw new Error(`by ${way}: ${String(thrown)}`, { cause: thrown });
        }
        for (const { end } of answers) end();
      }
    },
  );
});
