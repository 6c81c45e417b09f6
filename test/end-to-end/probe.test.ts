/** What scanners send to see whether a GraphQL service can be knocked over or made to talk: graphql-cop's probes, in our own words. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Served } from './program.ts';

let served: Served;
beforeAll(async () => {
  served = await serve(['--source', 'simulator?lps=2&partitions=2&vps=1']);
});
afterAll(() => served.program.stop());

/** A request as a scanner sends it. */
interface Shot {
  readonly method?: 'GET' | 'POST' | 'PUT';
  /** The query string. */
  readonly parameters?: Record<string, string>;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}
/** The response. */
interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function shoot(shot: Shot, token: string | null, url = served.url): Promise<Answer> {
  const { method = 'POST', parameters, body, headers } = shot;
  const search = parameters === undefined ? '' : `?${new URLSearchParams(parameters)}`;
  const response = await fetch(`${url}${search}`, {
    method,
    headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body }),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    text: await response.text(),
  };
}

const json = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
const posted = (query: string, more: object = {}): Shot => ({
  headers: json,
  body: JSON.stringify({ query, ...more }),
});
const errorsOf = ({ text }: Answer): any[] => JSON.parse(text).errors ?? [];
const codesOf = (answer: Answer): unknown[] => errorsOf(answer).map(({ extensions }) => extensions.code);

/** Refused before anything ran: there is no `data`, not even null. */
function expectRefusal(answer: Answer, { status, code }: { status: number; code: string }): void {
  expect(answer.status).toBe(status);
  expect([...new Set(codesOf(answer))]).toEqual([code]);
  expect(JSON.parse(answer.text)).not.toHaveProperty('data');
}
const refused =
  (status: number, code: string) =>
  (answer: Answer): void =>
    expectRefusal(answer, { status, code });
/** Refused, with the limit and the requested amount. */
const beyond =
  (facts: { limit: number; actual: number }) =>
  (answer: Answer): void => {
    expectRefusal(answer, { status: 400, code: 'LIMIT_EXCEEDED' });
    expect(errorsOf(answer)).toMatchObject([{ extensions: facts }]);
  };
const answeredWith =
  (data: unknown) =>
  (answer: Answer): void => {
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ data });
  };

const typename = { __typename: 'Query' };
const nested = (depth: number): string => (depth === 0 ? 'name' : `fields { type { ${nested(depth - 1)} } }`);

const probes: readonly {
  readonly name: string;
  /** Why this is the right response, if that is not obvious. */
  readonly why?: string;
  readonly shot: Shot;
  readonly expected: (answer: Answer) => void;
}[] = [
  {
    name: 'a field under 101 aliases',
    why: 'is a question for 101 constants: what costs is counted as it is read',
    shot: posted(`{ ${Array.from({ length: 101 }, (_, n) => `alias${n}: __typename`).join(' ')} }`),
    expected: ({ status, text }) => {
      expect(status).toBe(200);
      expect(Object.keys(JSON.parse(text).data)).toHaveLength(101);
    },
  },
  {
    name: 'a field under 201 aliases',
    shot: posted(`{ ${Array.from({ length: 201 }, (_, n) => `alias${n}: __typename`).join(' ')} }`),
    expected: beyond({ limit: 200, actual: 201 }),
  },
  {
    name: 'a field under 256 aliases, by fragments in fragments',
    shot: posted(
      [
        '{ ...F0 }',
        ...Array.from({ length: 7 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...G${n + 1} }`),
        ...Array.from({ length: 6 }, (_, n) => `fragment G${n + 1} on Query { ...F${n + 2} ...G${n + 2} }`),
        'fragment F7 on Query { a: __typename b: __typename }',
        'fragment G7 on Query { a: __typename b: __typename }',
      ].join(' '),
    ),
    expected: beyond({ limit: 200, actual: 256 }),
  },
  {
    name: 'ten operations in an array',
    shot: {
      ...posted(''),
      body: JSON.stringify(Array.from({ length: 10 }, () => ({ query: '{ __typename }' }))),
    },
    expected: refused(400, 'BAD_REQUEST'),
  },
  {
    name: 'an unknown directive ten times',
    shot: posted(`{ __typename ${'@aa'.repeat(10)} }`),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'a known directive twice in one place',
    shot: posted('{ __typename @skip(if: false) @skip(if: false) }'),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'a known directive 51 times',
    shot: posted(`{ ${'__typename @include(if: true) '.repeat(51)} }`),
    expected: beyond({ limit: 50, actual: 51 }),
  },
  {
    name: 'a hundred unknown directives',
    shot: posted(`{ __typename ${'@aa'.repeat(100)} }`),
    expected: beyond({ limit: 50, actual: 100 }),
  },
  {
    name: 'a long chain of parents',
    shot: posted(`{ partition ${'{ parent '.repeat(15)}{ name } ${'}'.repeat(15)} }`),
    expected: beyond({ limit: 16, actual: 17 }),
  },
  {
    name: 'circular introspection',
    shot: posted(`{ __schema { types { ${nested(4)} } } }`),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'circular introspection by fragments',
    shot: posted(
      '{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } } ' +
        'fragment B on __Type { fields { type { ...C } } } fragment C on __Type { fields { type { name } } }',
    ),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'fragments that spread each other in a circle',
    shot: posted('{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }'),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'one field 500 times',
    why: 'is asked for once',
    shot: posted(`{ ${'__typename '.repeat(500)} }`),
    expected: answeredWith(typename),
  },
  {
    name: 'one field 10,000 times',
    shot: posted(`{ ${'__typename '.repeat(10_000)} }`),
    expected: beyond({ limit: 10_000, actual: 10_001 }),
  },
  {
    name: 'one field twice, with arguments that differ',
    shot: posted('{ partition(id: "1") { name } partition(id: "2") { name } }'),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'a mutation by POST',
    why: 'the schema has no mutations',
    shot: posted('mutation { __typename }'),
    expected: refused(400, 'GRAPHQL_VALIDATION_FAILED'),
  },
  {
    name: 'a mutation by GET',
    shot: { method: 'GET', parameters: { query: 'mutation { __typename }' } },
    expected: refused(405, 'BAD_REQUEST'),
  },
  {
    name: 'a mutation by GET that accepts events',
    shot: {
      method: 'GET',
      parameters: { query: 'mutation { __typename }' },
      headers: { accept: 'text/event-stream' },
    },
    expected: refused(405, 'BAD_REQUEST'),
  },
  {
    name: 'a query by GET',
    why: 'changes nothing, and no page can ask it in another name: a browser adds no token by itself',
    shot: { method: 'GET', parameters: { query: '{ __typename }' } },
    expected: answeredWith(typename),
  },
  {
    name: 'a subscription by GET from a client that does not accept events',
    shot: {
      method: 'GET',
      parameters: { query: 'subscription { hypervisor { sampledAt } }' },
      headers: { accept: 'application/json' },
    },
    expected: refused(406, 'NOT_ACCEPTABLE'),
  },
  {
    name: 'a form by POST',
    shot: {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ query: '{ __typename }' }).toString(),
    },
    expected: refused(415, 'UNSUPPORTED_MEDIA_TYPE'),
  },
  {
    name: 'JSON by POST with the type text/plain, which any web page may send',
    shot: { headers: { 'content-type': 'text/plain' }, body: '{"query":"{ __typename }"}' },
    expected: refused(415, 'UNSUPPORTED_MEDIA_TYPE'),
  },
  {
    name: 'the query in the URL of a POST',
    shot: { parameters: { query: '{ __typename }' } },
    expected: refused(415, 'UNSUPPORTED_MEDIA_TYPE'),
  },
  {
    name: 'a request for traces',
    why: 'is ignored: the service makes no traces',
    shot: posted('{ __typename }', { extensions: { tracing: true, debug: true } }),
    expected: answeredWith(typename),
  },
  {
    name: 'a document that is not GraphQL',
    shot: posted('qwerty cop { abc }'),
    expected: refused(400, 'GRAPHQL_PARSE_FAILED'),
  },
  {
    name: 'variables that are not an object',
    shot: posted('{ __typename }', { variables: 'x' }),
    expected: refused(400, 'BAD_REQUEST'),
  },
  {
    name: 'a misspelt field, by a caller who may read the schema',
    why: 'tells nothing that introspection does not',
    shot: posted('{ __schema { directive } }'),
    expected: (answer) => {
      expectRefusal(answer, { status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
      expect(errorsOf(answer)[0].message).toContain('Did you mean "directives"?');
    },
  },
  {
    name: 'introspection',
    why: 'is for callers: the schema is published anyway',
    shot: posted('{ __schema { types { name fields { name } } } }'),
    expected: ({ status, text }) => {
      expect(status).toBe(200);
      expect(JSON.parse(text).data.__schema.types.length).toBeGreaterThan(25);
    },
  },
];

describe('an attack probe', () => {
  it.each(probes)('gets the expected response: $name', async ({ shot, expected, why }) => {
    const answer = await shoot(shot, String(served.tokens[0]));
    expected(answer);
    // The response never has internals; the exceptions of guests are counted.
    const text = answer.text.replaceAll('otherReflectedGuestExceptions', '');
    expect(text, why).not.toMatch(/stack|exception|tracing|node_modules|\.[jt]s:\d|internal\//i);
    expect(answer.text.length).toBeLessThan(65_536);
  });

  it.each(probes)('is refused without an identity: $name', async ({ shot }) => {
    const answer = await shoot(shot, null);
    expectRefusal(answer, { status: 401, code: 'UNAUTHENTICATED' });
    expect(answer.text).not.toMatch(/Did you mean|Query|Schema/);
  });
});

describe('an attack probe of a service with introspection and GraphiQL off', () => {
  let quiet: Served;
  beforeAll(async () => {
    quiet = await serve(['--introspection', 'off', '--graphiql', 'off']);
  });
  afterAll(() => quiet.program.stop());
  const ask = (query: string): Promise<Answer> => shoot(posted(query), String(quiet.tokens[0]), quiet.url);

  it.each([
    '{ __schema { types { name fields { name } } } }',
    '{ __type(name: "Query") { name } }',
    '{ partition { ... on Partition { __typename } } __schema { queryType { name } } }',
  ])('cannot read the schema by %s', async (query) => {
    const answer = await ask(query);
    expectRefusal(answer, { status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(answer.text).toContain('introspection');
  });

  it.each([
    '{ __schema { directive } }',
    '{ partitions { nam } }',
    '{ partition(idd: "1") { name } }',
    '{ partition { ... on Partitio { name } } }',
    '{ counterDefinitions(object: PARTITIO) { field } }',
    '{ hypervisor { virtualProcessors(orderBy: { count: HYPERCALLS }) { index } } }',
  ])('cannot discover names by guessing: %s', async (query) => {
    const answer = await ask(query);
    expectRefusal(answer, { status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
    expect(answer.text).not.toContain('Did you mean');
  });

  it('finds no GraphiQL', async () => {
    const answer = await fetch(quiet.url, { headers: { accept: 'text/html' } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).not.toMatch(/graphiql|eyJ/i);
  });
});

describe('an attack probe by a guest, if only the root may read the schema,', () => {
  it('cannot read the schema', async () => {
    const own = await serve(['--introspection', 'root', '--source', 'simulator?lps=1&partitions=2&vps=1']);
    const shot = posted('{ __schema { queryType { name } } }');
    const [root, guest] = await Promise.all(
      own.tokens.slice(0, 2).map((token) => shoot(shot, token, own.url)),
    );
    await own.program.stop();
    expect(JSON.parse(root?.text ?? '')).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
    expect(JSON.parse(guest?.text ?? '')).toMatchObject({
      errors: [{ extensions: { code: 'ACCESS_DENIED', reason: 'NOT_ROOT' } }],
    });
    expect(guest?.text).not.toContain('queryType');
  });
});

describe('GraphiQL', () => {
  const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const signs = /graphiql|graphql playground|graphql-playground/i;

  it.each(['/graphiql', '/playground', '/console'])('is not at %s', async (path) => {
    const answer = await fetch(new URL(path, served.url), { headers: { accept } });
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toMatch(signs);
  });

  it('is not at /, which serves only the dashboard, and only to browsers', async () => {
    const at = (type: string): Promise<Response> =>
      fetch(new URL('/', served.url), { headers: { accept: type }, redirect: 'manual' });
    const browser = await at(accept);
    expect(browser.status).toBe(200);
    const head = await fetch(new URL('/', served.url), { method: 'HEAD', headers: { accept } });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const page = await browser.text();
    expect(page).toContain('<title>hvql</title>');
    expect(page).not.toMatch(signs);
    expect((await at('application/json')).status).toBe(404);
  });

  it('is not served to clients that do not accept HTML', async () => {
    const answer = await shoot({ method: 'GET' }, null);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toMatch(signs);
  });

  it('is served to browsers, with tokens in development mode only', async () => {
    expect((await shoot({ method: 'GET', headers: { accept } }, null)).text).toContain(served.tokens[0]);
    const own = await serve([], { HVQL_JWT_SECRET: 'a secret of thirty-two bytes or more' });
    const page = await (await fetch(own.url, { headers: { accept } })).text();
    await own.program.stop();
    expect(page).toMatch(signs);
    expect(page).not.toMatch(/eyJ/);
  });
});
