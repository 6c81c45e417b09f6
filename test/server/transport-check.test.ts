/** The table transport × check: what is checked on one transport is checked on all, by every listener. No cell is empty. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { LiveOperations } from '../../src/execution/live/live-operations.ts';
import { Revocations } from '../../src/revocation/revocations.ts';
import { openDelegated } from '../../src/fleet/delegated-token.ts';
import { openFleetHost } from '../../src/fleet/host/fleet-host.ts';
import type { Introspection, Limits } from '../../src/graph/context.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { Sampler, type SourceHealth } from '../../src/sampling/sampler.ts';
import type { AllowedDocument } from '../../src/server/allowlist.ts';
import { ValueBudgets } from '../../src/limits/value-budget.ts';
import { openGuestSockets } from '../../src/server/guest-socket/guest-sockets.ts';
import { CounterMetrics } from '../../src/metrics/counter-metrics.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import { testLimits, testHost } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { getMetrics, metricsChecks } from './metrics-check.ts';
import { natsServerPath, startNatsServer, type NatsServer } from '../fleet/nats-server.ts';
import { addressOf, grant, makeKeys, openGateway, type TestKeys } from '../fleet/test-host.ts';
import { isHotPathOff, readableLog, startTestService, type TestService } from './test-service.ts';
import {
  transports,
  type ListenerToTry,
  type SendByTransport,
  type TransportAnswer,
  type TransportRequest,
} from './transport.ts';

const listeners = ['network', 'guest socket'] as const;
type Listener = (typeof listeners)[number] | 'fleet';
/** Without the hot path only repeats are other than with it: an operation that has not run before never takes it. */
const ways = Object.keys(transports).filter(
  (way) => way !== 'NATS' && (!isHotPathOff || way.endsWith(' again')),
);
const fleetCells = natsServerPath === null || isHotPathOff ? [] : [['fleet', 'NATS'] as const];
const cells: readonly (readonly [Listener, string])[] = [
  ...listeners.flatMap((listener) => ways.map((way) => [listener, way] as const)),
  ...fleetCells,
];
const verifiedBy = { network: 'token', 'guest socket': 'guest socket', fleet: 'gateway' } as const;
/** Whether an answer has no status of its own. */
const isMessage = (way: string): boolean => way === 'WebSocket' || way === 'NATS';
const live = (way: string): boolean => !/^(?:POST|GET)/.test(way);
const isByAddress = (way: string): boolean => way.includes('GET');

/** A service with the listener to try, and that of the network; partition 1 is the root, 5 a guest. */
interface Table {
  readonly source: FakeSource;
  readonly audit: string[];
  /** The listener for this partition. */
  listener(kind: Listener, partition: 1 | 5): ListenerToTry;
  close(): Promise<void>;
}

interface TableOptions {
  readonly limits?: Partial<Limits>;
  readonly introspection?: Introspection;
  readonly allowedDocuments?: readonly AllowedDocument[];
}

const schema = createSchema();

async function openTable(
  tried: Listener,
  { limits: some, introspection = 'on', allowedDocuments }: TableOptions,
): Promise<Table> {
  const source = new FakeSource();
  source.partitions = [partitionEntry(1n, null, 4), partitionEntry(5n, 1n, 4), partitionEntry(9n, 1n, 4)];
  const sampler = new Sampler({ source, clock: systemClock, timeoutMilliseconds: 20_000 });
  const limits = { ...testLimits, ...some };
  const service = { version: '1', host: testHost, limits, introspection, health: () => sampler.health };
  const operations = new LiveOperations({ sampler, service });
  const audit: string[] = [];
  const { maxValuesPerSecond: valuesPerSecond } = limits;
  const server = await startTestService({
    schema,
    limits,
    budgets: new ValueBudgets({ valuesPerSecond }),
    introspection,
    allowedDocuments: allowedDocuments ?? null,
    contextOf: (requester) => operationContext({ sampler, service }, requester),
    metrics: { counters: new CounterMetrics({ sampler, limits }), health: null },
    execute: executeOperation,
    subscribe: operations.subscribe,
    closeStreams: () => operations.close(),
    audit: (line) => audit.push(line),
  });
  const guests = tried === 'guest socket' ? await openGuests(server) : null;
  const fleet = tried === 'fleet' ? await joinFleet(server, () => sampler.health) : null;
  const tokens = { 1: server.rootToken, 5: await server.identity.sign(5n) };
  return {
    source,
    audit,
    listener: (kind, partition) => {
      if (kind === 'network') return { place: { url: server.url }, token: tokens[partition] };
      if (kind === 'guest socket') {
        if (guests === null) throw new Error('the service has no guest sockets');
        return { place: { socketPath: guests.paths[partition] }, token: null };
      }
      if (fleet === null) throw new Error('the host has not joined a fleet');
      return {
        place: { questions: fleet.gateway.questions, host: 'web-17' },
        token: fleet.tokens[partition],
      };
    },
    close: async () => {
      await fleet?.close();
      await guests?.close();
      await server.close();
      await guests?.removeFolder();
      const errors = server.lines.filter((line) => JSON.parse(line).level >= 50);
      expect(errors).toEqual([]);
    },
  };
}

/** Opens guest sockets of the root and of the guest. `close` comes before that of the service, `removeFolder` after it. */
async function openGuests(server: TestService) {
  const folder = await mkdtemp(join(tmpdir(), 'hvql-way-'));
  const paths = { 1: join(folder, 'root.sock'), 5: join(folder, 'guest.sock') };
  const guests = await openGuestSockets({
    places: [
      { partitionId: 1n, path: paths[1] },
      { partitionId: 5n, path: paths[5] },
    ],
    port: 4000,
    mode: 0o600,
    addListener: (side, authenticate) => server.addListener(side, authenticate),
    platform: process.platform,
    log: readableLog().log,
  });
  return { paths, close: () => guests.close(), removeFolder: () => rm(folder, { recursive: true }) };
}

let nats: NatsServer;
let keys: TestKeys;
beforeAll(async () => {
  if (natsServerPath === null) return;
  // Above the service's own limit on the length of a request.
  nats = await startNatsServer('max_payload: 4MB');
  keys = await makeKeys();
});
afterAll(async () => {
  if (natsServerPath === null) return;
  await nats.close();
  keys.remove();
});

/** Has the service join a fleet, and gives what asks it. */
async function joinFleet({ context }: TestService, health: () => SourceHealth) {
  const { log } = readableLog();
  const hostName = 'web-17';
  const revocations = new Revocations();
  const options = { gatewayKeys: keys.path, hostName, log, now: Date.now, revocations };
  const { verify } = await openDelegated(options);
  const fleet = openFleetHost({
    nats: addressOf(nats.url),
    hostName,
    server: context,
    verify,
    revocations,
    version: '1',
    health,
    isWarmedUp: true,
    log,
    now: Date.now,
  });
  await fleet.joined;
  const gateway = await openGateway(nats.url, keys.key);
  const tokenOf = async (partitionId: bigint): Promise<string> =>
    (await gateway.authorize(grant(partitionId))).replace('Bearer ', '');
  return {
    gateway,
    tokens: { 1: await tokenOf(1n), 5: await tokenOf(5n) },
    close: async () => {
      await gateway.close();
      await fleet.close();
    },
  };
}

let table: Table | undefined;
const answers: TransportAnswer[] = [];
afterEach(async () => {
  for (const { end } of answers.splice(0)) end();
  await table?.close();
  table = undefined;
});

/** The codes of a response's errors; its status where it has no codes. */
const codes = ({ errors = [] }: TransportAnswer): unknown[] =>
  errors.map(({ extensions }) => extensions['code']);

interface Cell {
  readonly listener: Listener;
  readonly way: string;
  /** Asks as the root, unless it says otherwise. */
  readonly ask: (question: string | TransportRequest, as?: 1 | 5) => Promise<TransportAnswer>;
  readonly open: (options: TableOptions) => Promise<Table>;
}

function cellOf(listener: Listener, way: string): Cell {
  return {
    listener,
    way,
    ask: async (question, as = 1) => {
      if (table === undefined) throw new Error('no table is open');
      const asked = typeof question === 'string' ? { parameters: { query: question } } : question;
      const answer = await (transports[way] as SendByTransport)(table.listener(listener, as), asked);
      answers.push(answer);
      return answer;
    },
    open: async (options) => (table = await openTable(listener, options)),
  };
}

/** A limit that is exceeded: nothing is read, and the response has the limit and the requested amount. */
function limit(
  limits: Partial<Limits>,
  { within, beyond, facts }: { within: string; beyond: string; facts: { limit: unknown; actual: unknown } },
) {
  return async ({ ask, open, way }: Cell): Promise<void> => {
    const { source } = await open({ limits });
    const forms = (query: string): string[] =>
      live(way) && query.startsWith('{ partition') ? [query, `subscription ${query}`] : [query];
    for (const query of forms(beyond)) {
      const answer = await ask(query);
      expect(answer.errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', ...facts } }]);
      expect(answer.data ?? null).toBeNull();
    }
    expect(source.batches).toEqual([]);
    for (const query of forms(within)) expect((await ask(query)).errors).toBeUndefined();
  };
}

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}` as const;
const allowed = '{ partition { name } }';
const allowedLive = 'subscription { partition { name } }';

/** What is checked. Each function is one cell for every transport of every listener. */
const checks: Readonly<Record<string, (cell: Cell) => Promise<void>>> = {
  'authentication of its caller': async ({ listener, way, ask, open }) => {
    await open({});
    const who = '{ viewer { partitionId isRoot } }';
    expect((await ask(who, 5)).data).toEqual({ viewer: { partitionId: '5', isRoot: false } });
    const bare = table?.listener(listener, 5);
    const unproven = await (transports[way] as SendByTransport)(
      { place: bare?.place ?? { url: '' }, token: null },
      { parameters: { query: who } },
    );
    answers.push(unproven);
    const forged = await (transports[way] as SendByTransport)(
      { place: bare?.place ?? { url: '' }, token: 'e30.e30.e30' },
      { parameters: { query: who } },
    );
    answers.push(forged);
    for (const answer of [unproven, forged]) {
      if (listener === 'guest socket')
        expect(answer.data).toEqual({ viewer: { partitionId: '5', isRoot: false } });
      else {
        expect(answer.status).toBe(way === 'NATS' ? null : way === 'WebSocket' ? 4401 : 401);
        if (way === 'NATS') expect(codes(answer)).toEqual(['UNAUTHENTICATED']);
        expect(answer.data).toBeUndefined();
      }
    }
    // A token of the root does not make a guest the root.
    const root = await (transports[way] as SendByTransport)(
      {
        place: bare?.place ?? { url: '' },
        token: table?.listener(listener === 'fleet' ? 'fleet' : 'network', 1).token ?? null,
      },
      { parameters: { query: who } },
    );
    answers.push(root);
    expect(root.data.viewer.isRoot).toBe(listener !== 'guest socket');
  },

  'the access rules': async ({ way, ask, open }) => {
    const { source } = await open({});
    const denied =
      '{ hypervisor { counters { totalPages } partition(id: 9) { name } logicalProcessors { index } } }';
    for (const query of live(way) ? [denied, `subscription ${denied}`] : [denied]) {
      const answer = await ask(query, 5);
      expect(answer.data).toEqual({
        hypervisor: { counters: null, partition: null, logicalProcessors: null },
      });
      expect(codes(answer)).toEqual(['ACCESS_DENIED', 'ACCESS_DENIED', 'ACCESS_DENIED']);
    }
    expect(source.batches.flat()).toEqual([]);
    expect((await ask('{ partition { name } }', 5)).data).toEqual({ partition: { name: 'p5' } });
  },

  'the audit of denied reads': async ({ listener, way, ask, open }) => {
    const { audit } = await open({});
    await ask('query Peek { hypervisor { partition(id: 9) { name } } }', 5);
    await expect.poll(() => audit.length).toBeGreaterThan(0);
    expect(JSON.parse(audit[0] ?? '')).toMatchObject({
      event: 'denied',
      caller: '5',
      by: verifiedBy[listener],
      way: way.replace(/ (?:by|again).*/, ''),
      operation: 'Peek',
      object: 'partition 9',
      reason: 'NOT_SELF_OR_PARENT',
    });
  },

  'the audit of streams': async ({ listener, way, ask, open }) => {
    const { audit } = await open({});
    const answer = await ask('subscription Own { partition { name } }', 5);
    if (!live(way)) {
      expect(codes(answer)).toEqual(['NOT_ACCEPTABLE']);
      expect(audit).toEqual([]);
      return;
    }
    answer.end();
    await expect.poll(() => audit.length).toBe(2);
    const by = verifiedBy[listener];
    const about = { caller: '5', by, way: way.replace(/ (?:by|again).*/, ''), operation: 'Own' };
    expect(audit.map((line) => JSON.parse(line))).toMatchObject([
      { ...about, event: 'opened' },
      { ...about, event: 'closed', reason: 'client' },
    ]);
  },

  'a limit on tokens': limit(
    { maxTokens: 12 },
    {
      within: '{ partition { name } }',
      beyond: '{ partition { name partitionId isRoot id sampledAt __typename name name name } }',
      facts: { limit: 12, actual: 13 },
    },
  ),
  'a limit on depth': limit(
    { maxDepth: 3 },
    {
      within: '{ partition { virtualProcessors { index } } }',
      beyond: '{ partition { virtualProcessors { ... { counters { hypercalls } } } } }',
      facts: { limit: 3, actual: 4 },
    },
  ),
  'a limit on aliases': limit(
    { maxAliases: 2 },
    {
      within: '{ partition { a: name b: name } }',
      beyond: '{ partition { a: name b: name c: name } }',
      facts: { limit: 2, actual: 3 },
    },
  ),
  'a limit on the length of names': limit(
    { maxNameLength: 12 },
    {
      within: '{ partition { twelve_chars: name } }',
      beyond: '{ partition { thirteen_char: name } }',
      facts: { limit: 12, actual: 13 },
    },
  ),
  'a limit on directives': limit(
    { maxDirectives: 2 },
    {
      within: '{ partition { name @skip(if: false) @include(if: true) } }',
      beyond: '{ partition { name @skip(if: false) @include(if: true) id @skip(if: false) } }',
      facts: { limit: 2, actual: 3 },
    },
  ),
  'a limit on values': limit(
    { maxValues: 8, maxStreamValues: 8 },
    {
      within: '{ partition { virtualProcessors { index counters { hypercalls } } } }',
      beyond: '{ partition { name virtualProcessors { index counters { hypercalls } } } }',
      facts: { limit: 8, actual: 9 },
    },
  ),
  'a limit on pages': limit(
    { maxPages: 3 },
    {
      within: '{ partition { virtualProcessors(first: 3) { counters { hypercalls } } } }',
      beyond: '{ partition { virtualProcessors { counters { hypercalls } } } }',
      facts: { limit: 3, actual: 4 },
    },
  ),
  'a limit on list arguments': async ({ way, ask, open }) => {
    const { source } = await open({ limits: { maxListItems: 2 } });
    const query = '{ partition { virtualProcessors(indexes: [0, 1, 2]) { counters { hypercalls } } } }';
    for (const each of live(way) ? [query, `subscription ${query}`] : [query]) {
      const answer = await ask(each);
      expect(answer.data).toEqual({ partition: { virtualProcessors: null } });
      expect(answer.errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 2, actual: 3 } }]);
    }
    expect(source.batches.flat()).toEqual([]);
  },
  'a deadline': async ({ way, ask, open }) => {
    const { source } = await open({ limits: { maxTimeMilliseconds: 100 } });
    let ended = 0;
    source.read = (_: unknown, signal?: AbortSignal) => {
      signal?.addEventListener('abort', () => (ended += 1));
      return new Promise(() => {});
    };
    const answer = await ask('{ partition { counters { virtualProcessors } } }');
    expect(answer.data ?? null).toBeNull();
    expect(answer.errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: '100ms' } }]);
    expect(ended).toBe(way.endsWith(' again') ? 2 : 1);
  },
  'a limit on intervals': async ({ way, ask, open }) => {
    await open({});
    const over = await ask('{ partition { rates(over: "1ms") { gpaSpaceModifications } } }');
    expect(codes(over)).toEqual(['LIMIT_EXCEEDED']);
    const every = await ask('subscription { partition(every: "1ms") { name } }');
    expect(codes(every)).toEqual([live(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
    expect(every.data ?? null).toBeNull();
  },
  'a limit on streams': async ({ way, ask, open }) => {
    await open({ limits: { maxStreamsPerCaller: 2 } });
    const watch = 'subscription { partition { name } }';
    const first = await Promise.all([ask(watch, 5), ask(watch, 5)]);
    expect(first.map(codes)).toEqual(live(way) ? [[], []] : [['NOT_ACCEPTABLE'], ['NOT_ACCEPTABLE']]);
    const third = await ask(watch, 5);
    expect(codes(third)).toEqual([live(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
    // It is the caller that has no more of them, not the service.
    expect(codes(await ask(watch, 1))).toEqual(live(way) ? [] : ['NOT_ACCEPTABLE']);
  },
  'a limit on streams of all callers': async ({ way, ask, open }) => {
    await open({ limits: { maxStreams: 2 } });
    const watch = 'subscription { partition { name } }';
    const first = await Promise.all([ask(watch, 5), ask(watch, 1)]);
    expect(first.map(codes)).toEqual(live(way) ? [[], []] : [['NOT_ACCEPTABLE'], ['NOT_ACCEPTABLE']]);
    expect(codes(await ask(watch, 1))).toEqual([live(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
  },
  'a limit on the texts of streams': async ({ way, ask, open }) => {
    const [short, long] = ['subscription { partition { id } }', 'subscription { partition { name } }'];
    await open({ limits: { maxStreamTextPerCaller: short.length + 2 } });
    expect(codes(await ask(long))).toEqual([live(way) ? 'LIMIT_EXCEEDED' : 'NOT_ACCEPTABLE']);
    expect(codes(await ask(short))).toEqual(live(way) ? [] : ['NOT_ACCEPTABLE']);
  },
  'a budget of values': async ({ way, ask, open }) => {
    const { source } = await open({ limits: { maxValuesPerSecond: 1 } });
    // Of at most 60 values in a minute, this leaves none; it is answered unless it is asked twice.
    const large = `{ partition { ${Array.from({ length: 70 }, (_, n) => `a${n}: name`).join(' ')} } }`;
    await ask(large, 5);
    const forms = live(way) ? ['', 'subscription '] : [''];
    for (const form of forms) {
      const answer = await ask(`${form}{ partition { name } }`, 5);
      expect(answer.errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED', limit: 1 } }]);
      expect(answer.data ?? null).toBeNull();
      expect(answer.status).toBe(isMessage(way) ? null : 429);
      const retryInSeconds = Math.ceil(Number(answer.errors?.[0]?.extensions['retryInMilliseconds']) / 1_000);
      expect(retryInSeconds).toBeGreaterThan(0);
      if (!isMessage(way)) expect(answer.retryAfter).toBe(String(retryInSeconds));
    }
    // It is the caller that has no more of them, not the service.
    for (const form of forms) expect(codes(await ask(`${form}{ partition { name } }`, 1))).toEqual([]);
    expect(source.batches.flat()).toEqual([]);
  },
  'limits on waiting queries': async ({ way, ask, open }) => {
    const waits = '{ partition { rates(over: "1m") { gpaSpaceModifications } } }';
    const refusals: readonly (readonly [Partial<Limits>, string, number])[] = [
      [{ maxWaitingPerCaller: 0 }, 'BUDGET_EXCEEDED', 429],
      [{ maxWaitingTextPerCaller: waits.length + 1 }, 'BUDGET_EXCEEDED', 429],
      [{ maxWaiting: 0 }, 'OVERLOADED', 503],
      [{ maxWaitingText: waits.length + 1 }, 'OVERLOADED', 503],
    ];
    for (const [limits, code, status] of refusals) {
      await open({ limits });
      const answer = await ask(waits);
      const [limit] = Object.values(limits);
      expect(answer.errors).toMatchObject([{ extensions: { code, limit, retryInMilliseconds: 1_000 } }]);
      expect(answer.data ?? null).toBeNull();
      const isEvent = way.startsWith('SSE');
      expect(answer.status).toBe(isMessage(way) ? null : isEvent ? 200 : status);
      if (!isEvent && !isMessage(way)) expect(answer.retryAfter).toBe('1');
      // A query that need not wait is answered.
      expect(codes(await ask('{ partition { counters { virtualProcessors } } }'))).toEqual([]);
      await table?.close();
      table = undefined;
    }
  },
  'a limit on pages of connections': async ({ way, ask, open }) => {
    const { source } = await open({ limits: { maxPageSize: 2 } });
    const page = (first: number) => `{ hypervisor { partitions(first: ${first}) { nodes { name } } } }`;
    for (const form of live(way) ? ['', 'subscription '] : ['']) {
      const beyond = await ask(form + page(3));
      expect(beyond.data ?? {}).not.toHaveProperty('hypervisor.partitions.nodes');
      expect(beyond.errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 2, actual: 3 } }]);
      expect((await ask(form + page(2))).errors).toBeUndefined();
    }
    expect(source.batches.flat()).toEqual([]);
  },
  'a limit on its size': async ({ way, ask, open }) => {
    await open({});
    const parameters = { query: '{ partition { name } }', extensions: { pad: 'x'.repeat(1_048_576) } };
    const answer = await ask({ parameters });
    // A message, an address, a body: each has its own word for it.
    expect(answer.status).toBe(
      way === 'NATS' ? null : way === 'WebSocket' ? 1009 : isByAddress(way) ? 431 : 413,
    );
    if (way === 'NATS') expect(codes(answer)).toEqual(['LIMIT_EXCEEDED']);
    expect(answer.data).toBeUndefined();
  },
  'the rule against batches': async ({ way, ask, open }) => {
    const { source } = await open({});
    const one = { query: '{ partition { counters { virtualProcessors } } }' };
    const answer = await ask({ parameters: [one, one] });
    expect(answer.data).toBeUndefined();
    if (way === 'WebSocket') expect(answer.status).toBe(4400);
    else expect(codes(answer)).toEqual([isByAddress(way) ? 'GRAPHQL_PARSE_FAILED' : 'BAD_REQUEST']);
    expect(source.batches).toEqual([]);
  },
  'checks of its parameters': async ({ way, ask, open }) => {
    const { source } = await open({});
    const query = '{ partition { counters { virtualProcessors } } }';
    const said = async (parameters: Record<string, unknown>) => {
      const answer = await ask({ parameters });
      expect(answer.data).toBeUndefined();
      expect(answer.status).toBe(isMessage(way) ? null : 400);
      expect(answer.errors).toHaveLength(1);
      const [{ message, extensions } = { message: '', extensions: {} }] = answer.errors ?? [];
      expect(extensions).toEqual({ code: 'BAD_REQUEST' });
      return message;
    };
    expect(await said({})).toBe('The parameter query needs to be a GraphQL document, but is missing.');
    // Other than objects, an address has no types, and unknown names are not its parameters.
    const byAddress = isByAddress(way);
    for (const name of ['variables', 'extensions']) {
      const expected = byAddress
        ? `The parameter ${name} needs to be a JSON object, but is a number.`
        : `Expected "${name}" param to be empty or an object, but given number.`;
      expect(await said({ query, [name]: 7 })).toBe(expected);
    }
    if (!byAddress) {
      expect(await said({ query, foo: 1 })).toBe('Unexpected parameter "foo" in the request body.');
      expect(await said({ query, operationName: 5 })).toBe(
        'Expected "operationName" param to be empty or a string, but given number.',
      );
    }
    expect(source.batches).toEqual([]);
  },
  'the list of allowed operations': async ({ way, ask, open }) => {
    const texts = [allowed, allowedLive];
    await open({
      allowedDocuments: texts.map((text, n) => ({ text, documentId: sha256(text), keys: [`key ${n}`] })),
    });
    for (const query of [
      '{ partition { id } }',
      'subscription { partition { id } }',
      '{ __typename }',
      `${allowed} `,
    ])
      expect(codes(await ask(query))).toEqual(['OPERATION_NOT_ALLOWED']);
    const unknown = await ask({ parameters: { documentId: sha256('{ partition { id } }') } });
    expect(codes(unknown)).toEqual(['PERSISTED_DOCUMENT_NOT_FOUND']);
    for (const parameters of [
      { query: allowed },
      { documentId: sha256(allowed) },
      { doc_id: 'key 0' },
      { documentId: 'key 0', operationName: '' },
      { extensions: { persistedQuery: { version: 1, sha256Hash: sha256(allowed).slice(7) } } },
    ])
      expect((await ask({ parameters })).data).toEqual({ partition: { name: 'p1' } });
    for (const parameters of [{ documentId: sha256(allowedLive) }, { doc_id: 'key 1' }]) {
      const watched = await ask({ parameters });
      expect(codes(watched)).toEqual(live(way) ? [] : ['NOT_ACCEPTABLE']);
    }
    expect(codes(await ask({ parameters: { query: allowed, doc_id: 'key 1' } }))).toEqual(['BAD_REQUEST']);
  },
  'the setting that no caller may read the schema': async ({ ask, open }) => {
    await open({ introspection: 'off' });
    for (const query of ['{ __schema { queryType { name } } }', '{ __type(name: "Query") { name } }']) {
      const answer = await ask(query);
      expect(new Set(codes(answer))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
      expect(answer.data ?? null).toBeNull();
    }
    const [error] = (await ask('{ partition { nam } }')).errors ?? [];
    expect(error?.message).toBe('Cannot query field "nam" on type "Partition".');
  },
  'the setting that only the root may read the schema': async ({ ask, open }) => {
    await open({ introspection: 'root' });
    const query = '{ __schema { queryType { name } } }';
    expect((await ask(query, 1)).data).toEqual({ __schema: { queryType: { name: 'Query' } } });
    const denied = await ask(query, 5);
    expect(denied.data ?? null).toBeNull();
    expect(denied.errors).toMatchObject([{ extensions: { code: 'ACCESS_DENIED', reason: 'NOT_ROOT' } }]);
    expect((await ask('{ partition { nam } }', 1)).errors?.[0]?.message).not.toContain('Did you mean');
  },
  'the setting that every caller may read the schema': async ({ ask, open }) => {
    await open({ introspection: 'on' });
    expect((await ask('{ __schema { queryType { name } } }', 5)).errors).toBeUndefined();
    expect((await ask('{ partition { nam } }', 5)).errors?.[0]?.message).toContain('Did you mean "name"?');
  },
  'the check of its origin': async ({ ask, open, way }) => {
    const { source } = await open({});
    const parameters = { query: '{ partition { counters { virtualProcessors } } }' };
    if (way === 'NATS') {
      // No page can send a message of NATS, which has no origin.
      expect((await ask({ parameters, headers: { origin: 'https://evil.example' } })).errors).toBeUndefined();
      return;
    }
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await ask({ parameters, headers });
      expect(answer.status).toBe(403);
      expect(codes(answer)).toEqual(['FOREIGN_ORIGIN']);
    }
    expect(source.batches).toEqual([]);
  },
  'the errors of a failing source': async ({ ask, open, way }) => {
    const { source } = await open({});
    source.read = () => {
      throw new Error('the disk is on fire');
    };
    const query = '{ partition { name counters { virtualProcessors } } }';
    for (const each of live(way) ? [query, `subscription ${query}`] : [query]) {
      const answer = await ask(each);
      expect(answer.data).toEqual({ partition: { name: 'p1', counters: null } });
      expect(codes(answer)).toEqual(['PAGE_UNAVAILABLE']);
      expect(JSON.stringify(answer)).not.toContain('fire');
    }
  },
};

describe.each(cells)('a request by the %s and %s', (listener, way) => {
  it.each(Object.keys(checks))('is subject to %s', (name) =>
    (checks[name] as (cell: Cell) => Promise<void>)(cellOf(listener, way)),
  );
});

describe.skipIf(isHotPathOff).each(listeners)('a request by the %s and /metrics', (listener) => {
  it.each(Object.keys(checks))('is subject to %s', async (name) => {
    const check = metricsChecks[name];
    if (check === undefined) throw new Error(`the column /metrics has no cell for ${name}`);
    await check({
      listener,
      open: async (options) => (table = await openTable(listener, options)),
      get: (search = '', { as = 1, ...request } = {}) => {
        if (table === undefined) throw new Error('no table is open');
        const { place, token } = table.listener(listener, as);
        if ('host' in place) throw new TypeError('a fleet is not asked by HTTP');
        return getMetrics(place, { search, token, ...request });
      },
    });
  });
});
