/** HTTP requests as scanners and broken clients send them. */
import { mutated, oddObject, oddText, randomBytes } from './odd-json.ts';
import { oneOf, rarely, type Choose } from './choice.ts';

/** Bytes for one connection, and the methods of the requests in them where they are known. */
export interface OddExchange {
  readonly pieces: readonly Buffer[];
  readonly methods: readonly string[];
}

const goodQueries = [
  '{ viewer { partitionId } }',
  '{ hypervisor { partitions { nodes { name virtualProcessors { rates { totalRunTime } } } } } }',
  'query A { service { version } } query B { viewer { isRoot } }',
  'query ($id: UInt64, $first: Int) { partition(id: $id) { virtualProcessors(first: $first) { index } } }',
  'subscription { hypervisor(every: "100ms") { sampledAt } }',
  '{ __schema { types { name } } }',
  '{ __typename }',
  'mutation { x }',
  '{',
  '',
];

/** Any bytes. */
export function randomExchange(choose: Choose): OddExchange {
  const pieces = Array.from({ length: 1 + choose(3) }, () => randomBytes(choose, 1 + choose(400)));
  return { pieces, methods: [] };
}

/** Valid requests with a few bytes removed, repeated or changed. */
export function mutatedExchange(choose: Choose, token: string): OddExchange {
  const request = oneOf(choose, [postOf, getOf])(oneOf(choose, goodQueries), token);
  const bytes = mutated(choose, request);
  return { pieces: inPieces(choose, bytes), methods: [bytes.toString('latin1').split(' ')[0] ?? ''] };
}

/** Requests composed of mostly valid parts, one after the other. */
export function composedExchange(choose: Choose, token: string): OddExchange {
  const requests = Array.from({ length: 1 + choose(3) }, () => composedRequest(choose, token));
  const bytes = Buffer.concat(requests.map(({ bytes: each }) => each));
  return { pieces: inPieces(choose, bytes), methods: requests.map(({ method }) => method) };
}

/** Several valid requests with unusual bodies. */
export function bodiesExchange(choose: Choose, token: string): OddExchange {
  const bodies = Array.from({ length: 8 }, () => oddBody(choose));
  const accepts = ['application/*', 'application/json', 'application/graphql-response+json'];
  const requests = bodies.map((body) => {
    const head = [...headOf('POST', '/graphql', token), `Accept: ${oneOf(choose, accepts)}`];
    return withBody([...head, `Content-Length: ${Buffer.byteLength(body)}`], body);
  });
  return { pieces: requests, methods: bodies.map(() => 'POST') };
}

/** A good request for events, or for what is not a subscription. */
export function eventsExchange(choose: Choose, token: string): OddExchange {
  const body = oddBody(choose);
  const head = [...headOf('POST', '/graphql', token), 'Accept: text/event-stream'];
  return {
    pieces: [withBody([...head, `Content-Length: ${Buffer.byteLength(body)}`], body)],
    methods: ['POST'],
  };
}

/** Several GETs with unusual parameters. */
export function parametersExchange(choose: Choose, token: string): OddExchange {
  const requests = Array.from({ length: 8 }, () => {
    const parameters = Array.from({ length: choose(4) }, () => {
      const text = rarely(choose, 3) ? oneOf(choose, goodQueries) : oddText(choose).slice(0, 1_000);
      const name = oneOf(choose, [
        'query',
        'query',
        'variables',
        'operationName',
        'extensions',
        'documentId',
        '',
      ]);
      return `${name}=${percentEncoded(choose, text)}`;
    });
    return withBody(headOf('GET', `/graphql?${parameters.join('&')}`, token), '');
  });
  return { pieces: requests, methods: requests.map(() => 'GET') };
}

function oddBody(choose: Choose): string {
  if (rarely(choose, 6)) return oddText(choose);
  const query = JSON.stringify(oneOf(choose, goodQueries));
  const keys = [
    'query',
    'variables',
    'operationName',
    'extensions',
    'documentId',
    '__proto__',
    'id',
    'query',
  ];
  const more = oddObject(choose, { keys }).slice(1, -1);
  const pairs = [...(rarely(choose, 4) ? [] : [`"query":${query}`]), ...(more === '' ? [] : [more])];
  return `{${(rarely(choose, 3) ? pairs.reverse() : pairs).join(',')}}`;
}

function composedRequest(choose: Choose, token: string): { bytes: Buffer; method: string } {
  const method = oneOf(choose, [
    'POST',
    'GET',
    'HEAD',
    'OPTIONS',
    'PUT',
    'DELETE',
    'TRACE',
    'PATCH',
    'PROPFIND',
    'FOO',
  ]);
  const target = oneOf(choose, [
    '/graphql',
    '/graphql?query={__typename}',
    '/',
    '*',
    '//graphql',
    '/graphql/../graphql',
    'http://localhost/graphql',
    '/health',
    '/ready',
    '/%2e%2e/%00',
    '/graphql?%',
    '/graphql#x',
    `/${'x'.repeat(9_000)}`,
  ]);
  const body = oneOf(choose, [JSON.stringify({ query: oneOf(choose, goodQueries) }), '', 'x'.repeat(5_000)]);
  const { lines, sent } = framing(choose, body);
  const head = [...headOf(method, target, token), ...oddHeaders(choose), ...lines];
  return { bytes: withBody(head, sent), method };
}

/** The declared length of a body, and its actual bytes. */
function framing(choose: Choose, body: string): { lines: string[]; sent: string } {
  const length = Buffer.byteLength(body);
  const chunk = `${length.toString(16)}\r\n${body}\r\n`;
  const end = '0\r\n\r\n';
  return oneOf(choose, [
    { lines: [`Content-Length: ${length}`], sent: body },
    { lines: [`Content-Length: ${length + 5}`], sent: body },
    { lines: [`Content-Length: ${Math.max(0, length - 5)}`], sent: body },
    { lines: ['Content-Length: -1'], sent: body },
    { lines: ['Content-Length: 99999999999999999999'], sent: body },
    { lines: ['Content-Length: 5', 'Content-Length: 6'], sent: body },
    { lines: [], sent: body },
    { lines: ['Transfer-Encoding: chunked'], sent: `${length === 0 ? '' : chunk}${end}` },
    { lines: ['Transfer-Encoding: chunked'], sent: chunk },
    { lines: ['Transfer-Encoding: chunked'], sent: `zz\r\n${body}\r\n${end}` },
    { lines: ['Transfer-Encoding: chunked', `Content-Length: ${length}`], sent: `${chunk}${end}` },
    { lines: ['Transfer-Encoding: gzip, chunked'], sent: `${chunk}${end}` },
    { lines: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], sent: `${chunk}${end}` },
  ]);
}

function oddHeaders(choose: Choose): string[] {
  const some: readonly (readonly string[])[] = [
    [],
    ['Host: evil.example'],
    ['Content-Type: text/plain'],
    ['Content-Type: application/json; charset=utf-16'],
    ['Content-Encoding: gzip'],
    ['Accept: text/event-stream'],
    ['Accept: text/html'],
    ['Accept: ;q=,,,'],
    ['Expect: 100-continue'],
    ['Expect: 200-ok'],
    ['Connection: Upgrade', 'Upgrade: h2c'],
    ['Connection: Upgrade', 'Upgrade: websocket'],
    ['Connection: close, keep-alive, x'],
    ['Authorization: Basic eDp5'],
    ['Authorization: Bearer x.y.z'],
    [`X-Long: ${'x'.repeat(20_000)}`],
    Array.from({ length: 2_500 }, (_, n) => `X-${n}: ${n}`),
    ['X-Odd: \u00ff\u0080'],
    ['X-Bad\u0000: x'],
    [' folded: x'],
    ['No colon'],
    [': no name'],
    ['Cookie: __proto__=1'],
    ['Range: bytes=0-'],
    ['Origin: https://evil.example', 'Access-Control-Request-Method: POST'],
  ];
  return rarely(choose, 2) ? [...oneOf(choose, some)] : [];
}

function headOf(method: string, target: string, token: string): string[] {
  return [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    ...(method === 'GET' ? [] : ['Content-Type: application/json']),
  ];
}

function postOf(query: string, token: string): Buffer {
  const body = JSON.stringify({ query });
  return withBody([...headOf('POST', '/graphql', token), `Content-Length: ${Buffer.byteLength(body)}`], body);
}

function getOf(query: string, token: string): Buffer {
  return withBody(headOf('GET', `/graphql?query=${encodeURIComponent(query)}`, token), '');
}

function withBody(head: readonly string[], body: string): Buffer {
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}

function inPieces(choose: Choose, bytes: Buffer): Buffer[] {
  const at = choose(bytes.length);
  return rarely(choose, 3) ? [bytes.subarray(0, at), bytes.subarray(at)] : [bytes];
}

/** Encoded as in URLs, or incorrectly. */
function percentEncoded(choose: Choose, text: string): string {
  const encoded = encodeURIComponent(Buffer.from(text).toString());
  return rarely(choose, 4)
    ? encoded.replace(/%(.)/, oneOf(choose, ['%', '%zz', '%ff%fe', '%00', '+', '%25']))
    : encoded;
}
