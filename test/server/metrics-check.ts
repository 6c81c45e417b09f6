/** The column /metrics of the table transport × check: what is checked of operations is checked of a scrape. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { expect } from 'vitest';
import type { Introspection, Limits } from '../../src/graph/context.ts';
import type { AllowedDocument } from '../../src/server/allowlist.ts';
import type { FakeSource } from '../fake-source.ts';
import { samplesOf } from '../metrics/exposition-text.ts';

/** The response to a scrape. */
export interface MetricsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface MetricsRequest {
  readonly search?: string;
  /** null for none. */
  readonly token?: string | null;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Requests /metrics at the address of an endpoint, or at a guest socket. */
export function getMetrics(
  place: { readonly url: string } | { readonly socketPath: string },
  { search = '', token = null, method = 'GET', headers = {} }: MetricsRequest = {},
): Promise<MetricsAnswer> {
  const path = `/metrics${search === '' ? '' : `?${search}`}`;
  const target = 'url' in place ? { port: new URL(place.url).port, host: '127.0.0.1' } : place;
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const options = { ...target, path, method, agent: false, headers: { ...authorization, ...headers } };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** The service of one cell. */
interface OpenService {
  readonly source: FakeSource;
  readonly audit: readonly string[];
}

/** One cell of the column. */
export interface MetricsCell {
  readonly listener: 'network' | 'guest socket';
  /** Asks as the root, unless it says otherwise. */
  readonly get: (
    search?: string,
    request?: MetricsRequest & { readonly as?: 1 | 5 },
  ) => Promise<MetricsAnswer>;
  readonly open: (options: {
    readonly limits?: Partial<Limits>;
    readonly introspection?: Introspection;
    readonly allowedDocuments?: readonly AllowedDocument[];
  }) => Promise<OpenService>;
}

/** The code and facts of a refusal. */
const refusal = ({ text }: MetricsAnswer): { message: string; extensions: Record<string, unknown> } =>
  (JSON.parse(text) as { errors: [{ message: string; extensions: Record<string, unknown> }] }).errors[0];

const document = new URLSearchParams({
  query: '{ partition { counters { virtualProcessors } } }',
}).toString();

/** What concerns documents and streams: a document is refused, and the scrape does not depend on the settings. */
function withoutDocuments(options: Parameters<MetricsCell['open']>[0]) {
  return async ({ get, open }: MetricsCell): Promise<void> => {
    const { source } = await open(options);
    const refused = await get(document);
    expect(refused.status).toBe(400);
    expect(refusal(refused).message).toContain('There is no parameter "query"');
    expect(source.batches).toEqual([]);
    expect((await get('object=PARTITION')).status).toBe(200);
  };
}

/** Nothing is read beyond a limit, and the refusal says what the limit is. */
function limit(
  limits: Partial<Limits>,
  { within, beyond, facts }: { within: string; beyond: string; facts: object },
) {
  return async ({ get, open }: MetricsCell): Promise<void> => {
    const { source } = await open({ limits });
    const refused = await get(beyond);
    expect(refused.status).toBe(400);
    expect(refusal(refused).extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', ...facts });
    expect(source.batches).toEqual([]);
    expect((await get(within)).status).toBe(200);
  };
}

const idsIn = ({ text }: MetricsAnswer): string[] =>
  [...new Set([...text.matchAll(/partition="(\d+)"/g)].map(([, id = '']) => id))].sort();

/** By the name of the check. */
export const metricsChecks: Readonly<Record<string, (cell: MetricsCell) => Promise<void>>> = {
  'authentication of its caller': async ({ listener, get, open }) => {
    await open({});
    const own = await get('', { as: 5 });
    expect([own.status, idsIn(own)]).toEqual([200, ['5']]);
    for (const token of [null, 'e30.e30.e30']) {
      const answer = await get('', { as: 5, token });
      if (listener === 'guest socket') expect(answer.text).toBe(own.text);
      else {
        expect(answer.status).toBe(401);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(refusal(answer).extensions['code']).toBe('UNAUTHENTICATED');
      }
    }
  },
  'the access rules': async ({ get, open }) => {
    const { source } = await open({});
    const named = await get('object=HYPERVISOR&object=LOGICAL_PROCESSOR', { as: 5 });
    expect(named.status).toBe(403);
    expect(refusal(named).extensions).toMatchObject({ code: 'ACCESS_DENIED', reason: 'NOT_ROOT' });
    expect(source.batches).toEqual([]);
    const guest = await get('', { as: 5 });
    expect(guest.text).not.toMatch(/hvql_(hypervisor|logical_processor)_/);
    expect(idsIn(guest)).toEqual(['5']);
    expect(source.batches.flat().every((key) => key.startsWith('partition/5'))).toBe(true);
    const root = await get();
    expect(idsIn(root)).toEqual(['1', '5', '9']);
    expect(root.text).toMatch(/^hvql_hypervisor_total_pages \d+$/m);
  },
  'the audit of denied reads': async ({ listener, get, open }) => {
    const { audit } = await open({});
    await get('', { as: 5 });
    await get('object=HYPERVISOR', { as: 5 });
    await get('object=LOGICAL_PROCESSOR&object=PARTITION', { as: 5 });
    const by = listener === 'network' ? 'token' : 'guest socket';
    const about = { event: 'denied', caller: '5', by, way: 'metrics', operation: null, reason: 'NOT_ROOT' };
    expect(audit.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { ...about, object: 'hypervisor' },
      { ...about, object: 'logical-processors' },
    ]);
  },
  'the audit of streams': async ({ get, open }) => {
    const { audit } = await open({});
    expect((await get('', { as: 5 })).status).toBe(200);
    expect(audit).toEqual([]);
  },
  'a limit on tokens': withoutDocuments({ limits: { maxTokens: 1 } }),
  'a limit on depth': withoutDocuments({ limits: { maxDepth: 1 } }),
  'a limit on aliases': withoutDocuments({ limits: { maxAliases: 0 } }),
  'a limit on the length of names': withoutDocuments({ limits: { maxNameLength: 1 } }),
  'a limit on directives': withoutDocuments({ limits: { maxDirectives: 0 } }),
  // Three partitions: a value, a name, and whether it could be read.
  'a limit on values': limit(
    { maxValues: 9 },
    {
      within: 'object=PARTITION&counter=depositedPages',
      beyond: 'object=PARTITION&counter=depositedPages&counter=gpaPages',
      facts: { limit: 9, actual: 12 },
    },
  ),
  'a budget of values': async ({ get, open }) => {
    await open({ limits: { maxValuesPerSecond: 1 } });
    expect((await get()).status).toBe(200);
    const refused = await get();
    expect(refused.status).toBe(429);
    expect(refusal(refused).extensions).toMatchObject({ code: 'BUDGET_EXCEEDED', limit: 1 });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await get('object=PARTITION', { as: 5 })).status).toBe(200);
  },
  'limits on waiting queries': withoutDocuments({ limits: { maxWaiting: 0, maxWaitingPerCaller: 0 } }),
  'a limit on pages': limit(
    { maxPages: 3 },
    { within: 'object=PARTITION', beyond: 'object=VIRTUAL_PROCESSOR', facts: { limit: 3, actual: 12 } },
  ),
  'a limit on list arguments': limit(
    { maxListItems: 2 },
    {
      within: 'object=PARTITION&counter=gpaPages&counter=depositedPages',
      beyond: 'counter=gpaPages&counter=gpaPages&counter=gpaPages',
      facts: { limit: 2, actual: 3 },
    },
  ),
  'a deadline': async ({ get, open }) => {
    const { source } = await open({ limits: { maxTimeMilliseconds: 100 } });
    let ended = 0;
    source.read = (_: unknown, signal?: AbortSignal) => {
      signal?.addEventListener('abort', () => (ended += 1));
      return new Promise(() => {});
    };
    const refused = await get();
    expect(refused.status).toBe(400);
    expect(refusal(refused).extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: '100ms' });
    expect(ended).toBe(1);
  },
  'a limit on intervals': withoutDocuments({ limits: { minIntervalMilliseconds: 60_000 } }),
  'a limit on streams': withoutDocuments({ limits: { maxStreamsPerCaller: 0 } }),
  'a limit on streams of all callers': withoutDocuments({ limits: { maxStreams: 0 } }),
  'a limit on the texts of streams': withoutDocuments({ limits: { maxStreamTextPerCaller: 0 } }),
  'a limit on pages of connections': withoutDocuments({ limits: { maxPageSize: 1 } }),
  'a limit on its size': async ({ get, open }) => {
    await open({});
    expect((await get(`counter=${'x'.repeat(1_048_576)}`)).status).toBe(431);
  },
  'the rule against batches': async ({ get, open }) => {
    const { source } = await open({});
    const answer = await get(`query=${encodeURIComponent('[{"query":"{ __typename }"}]')}`);
    expect([answer.status, refusal(answer).extensions['code']]).toEqual([400, 'BAD_REQUEST']);
    expect(source.batches).toEqual([]);
  },
  'checks of its parameters': async ({ get, open }) => {
    const { source } = await open({});
    for (const search of [
      'objects=PARTITION',
      'object=PARTITIONS',
      'counter=hypercal',
      'raw=true',
      'object',
    ]) {
      const answer = await get(search);
      expect([search, answer.status]).toEqual([search, 400]);
      expect(refusal(answer)).toMatchObject({
        message: expect.stringContaining('expected'),
        extensions: { code: 'BAD_REQUEST' },
      });
    }
    expect(source.batches).toEqual([]);
  },
  'the list of allowed operations': withoutDocuments({ allowedDocuments: [] }),
  'the setting that no caller may read the schema': withoutDocuments({ introspection: 'off' }),
  'the setting that only the root may read the schema': withoutDocuments({ introspection: 'root' }),
  'the setting that every caller may read the schema': withoutDocuments({ introspection: 'on' }),
  'the check of its origin': async ({ get, open }) => {
    const { source } = await open({});
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await get('', { headers });
      expect(answer.status).toBe(403);
      expect(refusal(answer).extensions['code']).toBe('FOREIGN_ORIGIN');
    }
    expect(source.batches).toEqual([]);
  },
  'the errors of a failing source': async ({ get, open }) => {
    const { source } = await open({});
    source.read = () => {
      throw new Error('the disk is on fire');
    };
    const unreadable = await get('object=PARTITION');
    expect(unreadable.status).toBe(200);
    const samples = [...samplesOf(unreadable.text)].filter(
      ([name]) => !name.startsWith('hvql_partition_info'),
    );
    expect(samples.map(([name, value]) => [name.split(' ')[0], value])).toEqual(
      Array.from({ length: 3 }, () => ['hvql_object_readable', '0']),
    );
    source.topology = () => {
      throw new Error('the disk is on fire');
    };
    const failed = await get();
    expect(failed.status).toBe(503);
    expect(refusal(failed).extensions['code']).toBe('PAGE_UNAVAILABLE');
    expect(failed.text + unreadable.text).not.toContain('fire');
  },
};
