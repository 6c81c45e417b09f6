/** The responses to POST and GET, as clients see them: the status, the media type, the bytes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startTestService, type TestService } from './test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const [json, graphql] = ['application/json', 'application/graphql-response+json'];
type Method = 'POST' | 'GET';
type Parameters = Readonly<Record<string, unknown>>;

interface Asked {
  readonly method: Method;
  readonly accept: string | null;
  readonly parameters: Parameters;
}
async function ask({ method, accept, parameters }: Asked) {
  const texts = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const answer = await send(service.url, {
    method,
    path: method === 'GET' ? `/graphql?${new URLSearchParams(texts).toString()}` : '/graphql',
    headers: {
      ...(accept === null ? {} : { accept }),
      'content-type': 'application/json',
      authorization: `Bearer ${service.rootToken}`,
    },
    body: method === 'POST' ? [JSON.stringify(parameters)] : [],
  });
  const text = answer.body.toString().replace(/"requestId":"[0-9a-f-]{36}"/, '"requestId":"…"');
  return { ...answer, type: answer.headers['content-type'], text };
}

const error = (message: string, code: string, place = ''): string =>
  `{"errors":[{"message":${JSON.stringify(message)},${place}"extensions":{"code":"${code}"}}]}`;
const at = (column: number): string => `"locations":[{"line":1,"column":${column}}],`;
const noOperation = error('Could not determine what operation to execute.', 'OPERATION_RESOLUTION_FAILURE');
const needsEvents = error(
  'A subscription is answered with events: send "Accept: text/event-stream" (Server-Sent Events), or use a ' +
    'WebSocket with the subprotocol graphql-transport-ws.',
  'NOT_ACCEPTABLE',
);
const noMutations = error(
  'The schema has no operations of the type mutation.',
  'GRAPHQL_VALIDATION_FAILED',
  at(1),
);
const masked = (path: string): string =>
  `{"message":"Unexpected error",${at(9)}"path":["${path}"],"extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"…"}}`;
const both: readonly Method[] = ['POST', 'GET'];
const hello = '{"data":{"hello":"world"}}';

/** A row: the request, its methods, the status for each media type, and the body, which is equal for both. */
const rows: readonly [
  what: string,
  Parameters,
  readonly Method[],
  asJson: number,
  asGraphql: number,
  string,
][] = [
  ['a query', { query: '{ hello }' }, both, 200, 200, hello],
  [
    'a named query',
    { query: 'query A { hello } query B { b: hello }', operationName: 'A' },
    both,
    200,
    200,
    hello,
  ],
  ['a parameter that is null', { query: '{ hello }', more: null }, ['POST'], 200, 200, hello],
  ['an unknown parameter in a URL', { query: '{ hello }', more: '1' }, ['GET'], 200, 200, hello],
  [
    'a text that is not GraphQL',
    { query: '{ hello' },
    both,
    200,
    400,
    error('Syntax Error: Expected Name, found <EOF>.', 'GRAPHQL_PARSE_FAILED', at(8)),
  ],
  [
    'a missing document',
    { query: '' },
    both,
    200,
    400,
    error('Syntax Error: Unexpected <EOF>.', 'GRAPHQL_PARSE_FAILED', at(1)),
  ],
  [
    'an invalid document',
    { query: '{ hallo }' },
    both,
    200,
    400,
    error(
      'Cannot query field "hallo" on type "Query". Did you mean "hello"?',
      'GRAPHQL_VALIDATION_FAILED',
      at(3),
    ),
  ],
  [
    'variables of the wrong type',
    { query: 'query ($t: String!) { length(text: $t) }', variables: { t: 4 } },
    both,
    200,
    400,
    error(
      'Variable "$t" got invalid value 4; String cannot represent a non string value: 4',
      'BAD_USER_INPUT',
      at(8),
    ),
  ],
  [
    'variables that are not an object',
    { query: '{ hello }', variables: [1] },
    ['POST'],
    400,
    400,
    error('Expected "variables" param to be empty or an object, but given array.', 'BAD_REQUEST'),
  ],
  [
    'extensions that are not an object',
    { query: '{ hello }', extensions: 'x' },
    ['POST'],
    400,
    400,
    error('Expected "extensions" param to be empty or an object, but given string.', 'BAD_REQUEST'),
  ],
  [
    'an unknown parameter',
    { query: '{ hello }', more: 1 },
    ['POST'],
    400,
    400,
    error('Unexpected parameter "more" in the request body.', 'BAD_REQUEST'),
  ],
  [
    'two operations without an operation name',
    { query: '{ hello } query B { hello }' },
    both,
    400,
    400,
    noOperation,
  ],
  ['the name of no operation', { query: '{ hello }', operationName: 'x' }, both, 400, 400, noOperation],
  [
    'an operation name that is not a string',
    { query: '{ hello }', operationName: 5 },
    ['POST'],
    400,
    400,
    error('Expected "operationName" param to be empty or a string, but given number.', 'BAD_REQUEST'),
  ],
  [
    'a document with a fragment only',
    { query: 'fragment A on Query { hello }' },
    both,
    400,
    400,
    noOperation,
  ],
  [
    'a field that is denied',
    { query: '{ hello denied }' },
    both,
    200,
    200,
    `{"errors":[{"message":"Not yours.",${at(9)}"path":["denied"],"extensions":{"code":"ACCESS_DENIED",` +
      '"hvStatus":"HV_STATUS_ACCESS_DENIED","reason":"NOT_ROOT"}}],"data":{"hello":"world","denied":null}}',
  ],
  [
    'a field that fails',
    { query: '{ hello throwsError }' },
    both,
    200,
    200,
    `{"errors":[${masked('throwsError')}],"data":{"hello":"world","throwsError":null}}`,
  ],
  [
    'a null in a non-null field',
    { query: '{ hello nothing }' },
    both,
    200,
    200,
    `{"errors":[${masked('nothing')}],"data":null}`,
  ],
  ['a subscription', { query: 'subscription { tick }' }, both, 406, 406, needsEvents],
  ['a mutation', { query: 'mutation { x }' }, ['POST'], 200, 400, noMutations],
  [
    'a mutation in a URL',
    { query: 'mutation { x }' },
    ['GET'],
    405,
    405,
    error('Can only perform a mutation operation from a POST request.', 'BAD_REQUEST'),
  ],
];

describe.each(rows)('%s', (_, parameters, methods, asJson, asGraphql, body) => {
  it.each(methods)('has by %s the right status for each media type', async (method) => {
    const plain = await ask({ method, accept: json, parameters });
    expect([plain.status, plain.type, plain.text]).toEqual([asJson, `${json}; charset=utf-8`, body]);
    const strict = await ask({ method, accept: graphql, parameters });
    expect([strict.status, strict.type, strict.text]).toEqual([asGraphql, `${graphql}; charset=utf-8`, body]);
  });
});

describe.each(both)('a client that sends a request by %s', (method) => {
  const parameters = { query: '{ hallo }' };

  it.each([
    [null, json],
    ['*/*', json],
    ['application/*', json],
    [`${json}; charset=utf-8`, json],
    [`${graphql}, ${json}`, graphql],
    [`${json}, ${graphql}`, json],
    [`${json};q=0.5, ${graphql}`, graphql],
    [`${graphql};q=0.1, */*;q=0.2`, json],
    [`${json};q=0, */*`, graphql],
    [`multipart/mixed, ${json}`, json],
    [`${json};q=high`, json],
  ])('and accepts %s gets %s', async (accept, type) => {
    const answer = await ask({ method, accept, parameters });
    expect([answer.status, answer.type]).toEqual([type === json ? 200 : 400, `${type}; charset=utf-8`]);
  });

  it.each([
    'image/png',
    'text/*',
    'multipart/mixed',
    `${json}; charset=latin1`,
    `${json};q=0`,
    `${json};q=0.000, ${graphql};q=0, */*`,
  ])('and accepts %s gets the list of media types', async (accept) => {
    const answer = await ask({ method, accept, parameters });
    expect([answer.status, answer.type]).toEqual([406, `${json}; charset=utf-8`]);
    expect(answer.text).toContain('Responses are application/json');
  });
});

describe('every response', () => {
  const ofData = {
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string,
    'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  };
  const ofAll = {
    ...ofData,
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };
  it.each([
    ['a result', 'POST', '/graphql', json, '{"query":"{ hello }"}', 200, true],
    ['an error', 'POST', '/graphql', json, '{', 400, false],
    ['events', 'POST', '/graphql', 'text/event-stream', '{"query":"{ hello }"}', 200, true],
    ['GraphiQL', 'GET', '/graphql', 'text/html', '', 200, false],
    ['health', 'GET', '/health', json, '', 200, false],
    ['an unknown path', 'GET', '/nothing', json, '', 404, false],
    ['an unknown method', 'DELETE', '/graphql', json, '', 405, false],
  ])('has the headers of its kind: %s', async (_, method, path, accept, body, status, isData) => {
    const answer = await send(service.url, {
      method,
      path,
      headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${service.rootToken}` },
      body: [body],
    });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(isData ? ofData : ofAll);
    expect(answer.headers['cache-control']).toMatch(/no-store|no-cache/);
  });
});
