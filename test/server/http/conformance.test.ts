/**
 * What the service answers to requests of HTTP/1.1, good and bad, after RFC 9110 (semantics), RFC 9111 (caching) and RFC
 * 9112 (messages): each row has the bytes of a client and the statuses of all that comes back. Behind each request goes
 * one for /health, unless the row is of a connection that ends: it is answered where the service has found the end of
 * the request, and only there. test/end-to-end/http-strictness.test.ts has versions, targets and headers that come
 * twice, on each kind of listener.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers, type HttpAnswer } from '../../fuzz/http-answer.ts';
import { sendRaw } from '../../raw-client.ts';
import { startTestService, type TestService } from '../test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** What a row says of one answer: its status, with its code of an error or patterns of its headers. */
type Expected =
  | number
  | readonly [status: number, code: string]
  | readonly [status: number, headers: Readonly<Record<string, RegExp | null>>];
/** null in place of the last: the service has closed the connection, and /health was not answered. */
type Row = readonly [
  what: string,
  request: string | (() => string),
  answers: readonly (Expected | 'closed')[],
];

const host = 'Host: localhost';
const json = 'Content-Type: application/json';
const query = '{"query":"{ hello }"}';
const get = `/graphql?query=${encodeURIComponent('{ hello }')}`;
const who = (): string => `Authorization: Bearer ${service.rootToken}`;
const lines = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n`;
/** A head with these lines, and the bytes after it. */
const raw = (line: string, headers: readonly string[] = [host], body = ''): string =>
  `${lines(line, ...headers)}\r\n${body}`;
const health = (...headers: readonly string[]): string => raw('GET /health HTTP/1.1', [host, ...headers]);
/** A POST of an operation, with these headers and, in place of its body, this. */
const post =
  (headers: readonly string[] = [], body = query): (() => string) =>
  () =>
    raw('POST /graphql HTTP/1.1', [host, who(), json, ...headers], body);
const sized = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}`;
const chunked = 'Transfer-Encoding: chunked';
/** Whether Node's parser itself rejects the header without a value. */
const rejectsEmptyCoding = (() => {
  const [major = 0, minor = 0] = (process.versions['llhttp'] ?? '').split('.').map(Number);
  return major > 9 || (major === 9 && minor >= 4);
})();
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const chunks = `${chunk(query.slice(0, 9))}${chunk(query.slice(9))}0\r\n\r\n`;

/** Longer than any body may be. */
const long = `{"query":"{ hello } #${'x'.repeat(1_100_000)}"}`;

const bad: readonly (Expected | 'closed')[] = [[400, 'BAD_REQUEST'], 'closed'];
const refused: readonly Expected[] = [[400, 'BAD_REQUEST']];

const groups: Readonly<Record<string, readonly Row[]>> = {
  'a request line (RFC 9112, 3)': [
    ['with an empty line before it', `\r\n${health()}`, [200]],
    ['with a method in lower case', raw('get /health HTTP/1.1'), bad],
    ['with an unknown method', raw('LOOK /health HTTP/1.1'), bad],
    ['without a method', raw(' /health HTTP/1.1'), bad],
    ['without a target', raw('GET HTTP/1.1'), bad],
    ['without a version', raw('GET /health'), bad],
    ['with a version in lower case', raw('GET /health http/1.1'), bad],
    ['with another minor version', raw('GET /health HTTP/1.7'), bad],
    ['with a version of two digits', raw('GET /health HTTP/1.10'), bad],
    // Node reads it as HTTP/1.0, and passes on the number only.
    ['with another protocol', raw('GET /health RTSP/1.0'), [200, 'closed']],
    ['with a trailing space', raw('GET /health HTTP/1.1 '), bad],
    ['with a space in its target', raw('GET /hea lth HTTP/1.1'), bad],
    ['with a NUL in its target', raw('GET /hea\0lth HTTP/1.1'), bad],
    ['with a tab between its parts', raw('GET\t/health\tHTTP/1.1'), bad],
    ['that ends in a bare CR', 'GET /health HTTP/1.1\rHost: localhost\r\n\r\n', bad],
  ],
  'a target (RFC 9112, 3.2)': [
    ['with a query', raw('GET /health?x=1&y HTTP/1.1'), [200]],
    ['with a fragment', raw('GET /health#x HTTP/1.1'), [404]],
    ['that is an asterisk', raw('OPTIONS * HTTP/1.1'), [[404, 'NOT_FOUND']]],
    ['that is an authority', raw('GET localhost:80 HTTP/1.1'), bad],
    ['with two slashes', raw('GET //health HTTP/1.1'), [[404, 'NOT_FOUND']]],
    ['with dots', raw('GET /graphql/../health HTTP/1.1'), [[404, 'NOT_FOUND']]],
    ['with encoded dots', raw('GET /graphql/%2e%2e/health HTTP/1.1'), [[404, 'NOT_FOUND']]],
    ['of a CONNECT request', raw('CONNECT localhost:80 HTTP/1.1'), [[405, 'METHOD_NOT_ALLOWED'], 'closed']],
  ],
  'a Host header (RFC 9112, 3.2)': [
    ['is required', raw('GET /health HTTP/1.1', []), refused],
    ['is not required in HTTP/1.0', raw('GET /health HTTP/1.0', []), [403, 'closed']],
    ['may have a port', raw('GET /health HTTP/1.1', ['Host: localhost:1']), [200]],
    ['may be an IPv6 address', raw('GET /health HTTP/1.1', ['Host: [::1]:8080']), [200]],
    ['may be in upper case', raw('GET /health HTTP/1.1', ['HOST: LOCALHOST']), [200]],
    ...[
      '',
      'a b',
      'localhost:port',
      'localhost:123456',
      'localhost/',
      'localhost, localhost',
      '[::1',
      'http://localhost',
      'evil.example',
      'localhost.evil.example',
      'localhost\\@evil.example',
    ].map((name): Row => [
      `may not be ${JSON.stringify(name)}`,
      raw('GET /health HTTP/1.1', [`Host: ${name}`]),
      [name.includes('@') ? [400, 'BAD_REQUEST'] : [403, 'FOREIGN_HOST']],
    ]),
    ['may have no user information', raw('GET /health HTTP/1.1', ['Host: user@localhost']), refused],
  ],
  'a header (RFC 9112, 5)': [
    ['may have no space after its colon', raw('GET /health HTTP/1.1', ['Host:localhost']), [200]],
    [
      'may have spaces and tabs around its value',
      raw('GET /health HTTP/1.1', ['Host: \t localhost \t ']),
      [200],
    ],
    ['may have no value', health('X-Empty:'), [200]],
    ['may have bytes beyond ASCII in its value', health('X-Odd: \u00e9\u0080'), [200]],
    ['may have a tab in its value', health('X-Odd: a\tb'), [200]],
    ['may have special characters in its name', health("!#$%&'*+-.^_`|~1: x"), [200]],
    ['may not have a space before its colon', health('X-Odd : x'), bad],
    ['may not have a tab before its colon', health('X-Odd\t: x'), bad],
    ['may not be folded by a space', health('X-Odd: a', ' b: c'), bad],
    ['may not be folded by a tab', health('X-Odd: a', '\tb'), bad],
    [
      'may not start with a space if it is the first one',
      raw('GET /health HTTP/1.1', [' X-Odd: x', host]),
      bad,
    ],
    ['may not be without a colon', health('X-Odd'), bad],
    ['may not be without a name', health(': x'), bad],
    ['may not have brackets in its name', health('X(Odd): x'), bad],
    ['may not have bytes beyond ASCII in its name', health('X-\u00e9: x'), bad],
    ['may not have NUL in its value', health('X-Odd: a\0b'), bad],
    ['may not have another control character in its value', health('X-Odd: a\u0001b'), bad],
    ['may not have DEL in its value', health('X-Odd: a\u007fb'), bad],
    ['may not have a bare CR in its value', health('X-Odd: a\rX-Other: b'), bad],
    ['may not end in a bare LF', `GET /health HTTP/1.1\r\n${host}\nX-Odd: x\r\n\r\n`, bad],
    [
      'may not be followed by a bare LF as the end of the headers',
      `GET /health HTTP/1.1\r\n${host}\r\n\n`,
      bad,
    ],
    ['may have up to 16 KB together with all others', health(`X-Long: ${'x'.repeat(15_000)}`), [200]],
    ['may not be longer', health(`X-Long: ${'x'.repeat(17_000)}`), [[431, 'LIMIT_EXCEEDED'], 'closed']],
    ['may be one of 1,000', health(...Array.from({ length: 1_000 }, (_, n) => `X-${n}: x`)), [200]],
  ],
  'the length of a body (RFC 9112, 6.3)': [
    ['is the value of Content-Length', post([sized(query)]), [200]],
    ['may have zeros before it', post([`Content-Length: 000${query.length}`]), [200]],
    ['may be left out for GET', health(), [200]],
    ['is 0 for POST without a header', post([], ''), refused],
    ['may not be 0 for POST', post(['Content-Length: 0'], ''), refused],
    [
      'is respected for GET as well',
      raw('GET /health HTTP/1.1', [host, 'Content-Length: 5'], 'GET /'),
      [200],
    ],
    [
      'is respected for a request that is refused',
      raw('PUT /graphql HTTP/1.1', [host, 'Content-Length: 5'], 'GET /'),
      [405],
    ],
    [
      'is respected for an unknown path',
      raw('POST /nothing HTTP/1.1', [host, 'Content-Length: 5'], 'GET /'),
      [404],
    ],
    ...[
      '',
      '-1',
      '+5',
      '5x',
      '0x5',
      '5.0',
      '5 5',
      '5, 5',
      '5, 6',
      'five',
      '99999999999999999999',
      '18446744073709551616',
    ].map((length): Row => [
      `may not be ${JSON.stringify(length)}`,
      post([`Content-Length: ${length}`], 'GET /'),
      bad,
    ]),
    ['may not be in two headers', post([sized(query), sized(query)]), bad],
    ['may not be in two headers that differ', post([sized(query), 'Content-Length: 1']), bad],
    ['may not be combined with chunks', post([sized(query), chunked], chunks), bad],
    ['may not follow Transfer-Encoding', post([chunked, 'Content-Length: 3'], chunks), bad],
    ['may not be more than 1 MiB', () => post([sized(long)], long)(), [[413, 'LIMIT_EXCEEDED']]],
  ],
  'chunks (RFC 9112, 7.1)': [
    ['are joined', post([chunked], chunks), [200]],
    ['may be named in any case', post(['transfer-encoding: CHUNKED'], chunks), [200]],
    [
      'may have sizes in upper case',
      post([chunked], `${query.length.toString(16).toUpperCase()}\r\n${query}\r\n0\r\n\r\n`),
      [200],
    ],
    [
      'may have sizes with zeros before them',
      post([chunked], `000${query.length.toString(16)}\r\n${query}\r\n000\r\n\r\n`),
      [200],
    ],
    [
      'may have extensions',
      post([chunked], `${query.length.toString(16)};a=b;c="d e"\r\n${query}\r\n0;x\r\n\r\n`),
      [200],
    ],
    [
      'may have trailers',
      post([chunked, 'Trailer: X-Sum'], chunks.replace(/0\r\n\r\n$/, '0\r\nX-Sum: 5\r\n\r\n')),
      [200],
    ],
    ['may be missing', post([chunked], '0\r\n\r\n'), refused],
    ['may be of one byte each', post([chunked], `${query.split('').map(chunk).join('')}0\r\n\r\n`), [200]],
    [
      'may be sent with GET as well',
      raw('GET /health HTTP/1.1', [host, chunked], '5\r\nGET /\r\n0\r\n\r\n'),
      [200],
    ],
    [
      'may not have credentials in their trailers',
      () =>
        raw(
          'POST /graphql HTTP/1.1',
          [host, json, chunked, 'Trailer: Authorization'],
          chunks.replace(/0\r\n\r\n$/, `0\r\n${who()}\r\n\r\n`),
        ),
      [[401, 'UNAUTHENTICATED']],
    ],
    ...['', 'x', '-5', '+5', '0x5', '5 5', ' 5', 'fffffffffffffffff', '5;\0'].map((size): Row => [
      `may not have the size ${JSON.stringify(size)}`,
      post([chunked], `${size}\r\nGET /\r\n0\r\n\r\n`),
      bad,
    ]),
    [
      'may not have a bare LF after the size',
      post([chunked], `${query.length.toString(16)}\n${query}\r\n0\r\n\r\n`),
      bad,
    ],
    [
      'may not have a bare CR after the size',
      post([chunked], `${query.length.toString(16)}\r${query}\r\n0\r\n\r\n`),
      bad,
    ],
    ['may not be longer than their size', post([chunked], `5\r\n${query}\r\n0\r\n\r\n`), bad],
    ['may not end without CRLF', post([chunked], `${query.length.toString(16)}\r\n${query}0\r\n\r\n`), bad],
    [
      'may not have a trailer without a colon',
      post([chunked], chunks.replace(/0\r\n\r\n$/, '0\r\nX-Sum\r\n\r\n')),
      bad,
    ],
    [
      'may not be longer than 1 MiB',
      () => post([chunked], `${chunk(long)}0\r\n\r\n`)(),
      [[413, 'LIMIT_EXCEEDED']],
    ],
    ...['chunked, gzip', 'chunked, identity', 'chunked, chunked'].map((coding): Row => [
      `may not be named ${JSON.stringify(coding)}`,
      post([`Transfer-Encoding: ${coding}`], chunks),
      bad,
    ]),
    ...[
      'gzip',
      'identity',
      'xchunked',
      '"chunked"',
      'chunked;x',
      'gzip, chunked',
      'gzip,chunked',
      'identity, chunked',
    ].map((coding): Row => [
      `may not be of the coding ${JSON.stringify(coding)}, whose end would not be certain`,
      post([`Transfer-Encoding: ${coding}`], chunks),
      [[501, 'BAD_REQUEST'], 'closed'],
    ]),
    // Some versions of Node's parser reject it themselves.
    [
      'may not have an empty coding, whose end would not be certain',
      post(['Transfer-Encoding: '], chunks),
      [[rejectsEmptyCoding ? 400 : 501, 'BAD_REQUEST'], 'closed'],
    ],
    [
      'are not allowed in HTTP/1.0 with keep-alive',
      () => raw('POST /graphql HTTP/1.0', [host, who(), json, chunked, 'Connection: keep-alive'], chunks),
      bad,
    ],
    ['may not be named twice', post([chunked, chunked], chunks), bad],
    [
      'are not allowed in HTTP/1.0',
      () => raw('POST /graphql HTTP/1.0', [host, who(), json, chunked], chunks),
      bad,
    ],
  ],
  'a connection (RFC 9112, 9)': [
    ['stays open', health(), [[200, { connection: /^keep-alive$/ }]]],
    [
      'is closed if the client requests it',
      health('Connection: close'),
      [[200, { connection: /^close$/ }], 'closed'],
    ],
    ['is closed if the client requests it in upper case', health('CONNECTION: CLOSE'), [200, 'closed']],
    [
      'is closed if the client requests it among other options',
      health('Connection: x, close, y'),
      [200, 'closed'],
    ],
    ['is closed if the client requests both', health('Connection: keep-alive, close'), [200, 'closed']],
    [
      'is closed after a request of HTTP/1.0',
      raw('GET /health HTTP/1.0'),
      [[200, { connection: /^close$/ }], 'closed'],
    ],
    [
      'stays open after a request of HTTP/1.0 if the client requests it',
      raw('GET /health HTTP/1.0', [host, 'Connection: keep-alive']),
      [[200, { connection: /^keep-alive$/ }]],
    ],
    [
      'has responses in the order of the requests',
      () => `${health()}${post([sized(query)])()}${raw('GET /nothing HTTP/1.1')}${health()}`,
      [200, 200, 404, 200],
    ],
    ['has no responses after the last request', `${health('Connection: close')}${health()}`, [200, 'closed']],
    [
      'has the responses of earlier requests before the error of an invalid one',
      `${health()}what is this\r\n\r\n`,
      [200, [400, 'BAD_REQUEST'], 'closed'],
    ],
  ],
  'a method (RFC 9110, 9)': [
    [
      'HEAD is treated like GET, without a body',
      raw('HEAD /health HTTP/1.1'),
      [[200, { 'content-length': /^15$/, 'content-type': /^application\/json/ }]],
    ],
    ['HEAD of an unknown path', raw('HEAD /nothing HTTP/1.1'), [[404, { 'content-length': /^\d+$/ }]]],
    [
      'HEAD of an operation',
      () => raw(`HEAD ${get} HTTP/1.1`, [host, who()]),
      [[405, { allow: /^GET, POST$/ }]],
    ],
    ...['/health', '/ready'].flatMap((path) =>
      ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH'].map((method): Row => [
        `${method} at ${path}`,
        raw(`${method} ${path} HTTP/1.1`),
        [[405, { allow: /^GET, HEAD$/ }]],
      ]),
    ),
    ...['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].map((method): Row => [
      `${method} at /graphql`,
      () => raw(`${method} /graphql HTTP/1.1`, [host, who()]),
      [[405, { allow: /^GET, POST$/ }]],
    ]),
    [
      'TRACE does not return the request',
      raw('TRACE /health HTTP/1.1', [host, 'X-Secret: swordfish']),
      [[405, { 'content-type': /^application\/json/ }]],
    ],
  ],
  'Expect (RFC 9110, 10.1.1)': [
    ['100-continue is supported', post(['Expect: 100-continue', sized(query)]), [200]],
    ['100-continue in another case', post(['Expect: 100-Continue', sized(query)]), [200]],
    ['100-continue without a body', health('Expect: 100-continue'), [200]],
    ['another expectation', health('Expect: 200-ok'), [417]],
    [
      '100-continue of HTTP/1.0 is ignored',
      raw('GET /health HTTP/1.0', [host, 'Expect: 100-continue']),
      [200, 'closed'],
    ],
  ],
  'an upgrade (RFC 9110, 7.8)': [
    ['to an unknown protocol', health('Connection: Upgrade', 'Upgrade: x/1'), [200]],
    ['without the Connection option', health('Upgrade: websocket'), [200]],
    [
      'to HTTP/2',
      health(
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
      ),
      [200],
    ],
  ],
  'the accepted type (RFC 9110, 12.5)': [
    ...[
      '*/*',
      'application/*',
      'application/json',
      'APPLICATION/JSON',
      'text/html;q=0.5, application/json;q=0.1',
      'application/json;charset=utf-8',
      'text/plain, */*;q=0.01',
      '',
    ].map((accept): Row => [
      `${JSON.stringify(accept)} is JSON`,
      post([`Accept: ${accept}`, sized(query)]),
      [[200, { 'content-type': /^application\/json; charset=utf-8$/ }]],
    ]),
    [
      'application/graphql-response+json is supported',
      post(['Accept: application/graphql-response+json', sized(query)]),
      [[200, { 'content-type': /^application\/graphql-response\+json/ }]],
    ],
    ...['text/plain', 'application/json;q=0', 'image/*', 'application/jsonp'].map((accept): Row => [
      `${JSON.stringify(accept)} is not available`,
      post([`Accept: ${accept}`, sized(query)]),
      [[406, 'NOT_ACCEPTABLE']],
    ]),
    [
      'is independent of unknown codings',
      post(['Accept-Encoding: br;q=1, identity;q=0', sized(query)]),
      [200],
    ],
    [
      'is independent of charsets and languages',
      post(['Accept-Charset: utf-16', 'Accept-Language: tlh', sized(query)]),
      [200],
    ],
    ['TE: trailers', health('TE: trailers', 'Connection: TE'), [200]],
  ],
  'the type of a body (RFC 9110, 8)': [
    ...[
      'application/json',
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'application/json ; charset=utf-8',
    ].map((type): Row => [
      `${type} is accepted`,
      () => raw('POST /graphql HTTP/1.1', [host, who(), `Content-Type: ${type}`, sized(query)], query),
      [200],
    ]),
    ...[
      '',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/graphql',
      'application/json-seq',
      'application/json; charset=utf-16',
      'application/json; charset=latin1',
      'text/json',
    ].map((type): Row => [
      `${JSON.stringify(type)} is refused`,
      () => raw('POST /graphql HTTP/1.1', [host, who(), `Content-Type: ${type}`, sized(query)], query),
      [[415, 'UNSUPPORTED_MEDIA_TYPE']],
    ]),
    [
      'without a type is refused',
      () => raw('POST /graphql HTTP/1.1', [host, who(), sized(query)], query),
      [[415, 'UNSUPPORTED_MEDIA_TYPE']],
    ],
    // Which no client should name (8.4), identity among them.
    ...['gzip', 'br', 'deflate, gzip', 'x', 'identity'].map((coding): Row => [
      `the coding ${coding} is refused`,
      post([`Content-Encoding: ${coding}`, sized(query)]),
      [[415, 'UNSUPPORTED_MEDIA_TYPE']],
    ]),
  ],
  'ranges and conditions (RFC 9110, 13 and 14)': [
    ...['bytes=0-1', 'bytes=-1', 'bytes=5-1', 'lines=1-2', 'bytes=0-0,2-2'].map((range): Row => [
      `the range ${range} is ignored`,
      health(`Range: ${range}`),
      [[200, { 'content-length': /^15$/, 'content-range': null }]],
    ]),
    ...[
      'If-None-Match: *',
      'If-None-Match: "x"',
      'If-Match: "x"',
      'If-Modified-Since: Sun, 06 Nov 2044 08:49:37 GMT',
      'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT',
      'If-Range: "x"',
    ].map((condition): Row => [
      `${condition} is ignored, as there are no validators`,
      health(condition),
      [[200, { etag: null, 'last-modified': null }]],
    ]),
  ],
  'the headers of a response (RFC 9110 and 9111)': [
    [
      'to an operation',
      post([sized(query)]),
      [
        [
          200,
          {
            date: /GMT$/,
            'cache-control': /^no-store$/,
            'content-length': /^\d+$/,
            'x-content-type-options': /^nosniff$/,
            server: null,
            'x-powered-by': null,
            etag: null,
          },
        ],
      ],
    ],
    [
      'to an operation by GET',
      () => raw(`GET ${get} HTTP/1.1`, [host, who()]),
      [[200, { date: /GMT$/, 'cache-control': /^no-store$/ }]],
    ],
    [
      'to a request without an identity',
      raw('POST /graphql HTTP/1.1', [host, json, sized(query)], query),
      [[401, { date: /GMT$/, 'cache-control': /^no-store$/, 'www-authenticate': /^Bearer/ }]],
    ],
    ['to /health', health(), [[200, { date: /GMT$/, 'cache-control': /^no-store$/, server: null }]]],
    [
      'to a request of an unknown path',
      raw('GET /nothing HTTP/1.1'),
      [[404, { date: /GMT$/, 'cache-control': /^no-store$/ }]],
    ],
    [
      'to an invalid request',
      raw('GET /health HTTP/9.9.9'),
      [[400, { date: /GMT$/, 'cache-control': /^no-store$/, connection: /^close$/ }], 'closed'],
    ],
    [
      'to a browser that requests the root path',
      raw('GET / HTTP/1.1', [host, 'Accept: text/html']),
      [[302, { location: /^\/graphql$/, vary: /accept/ }]],
    ],
  ],
};

const closing = raw('GET /health HTTP/1.1', [host, 'Connection: close']);
/** The methods in a client's bytes: an answer to HEAD has no body. */
const methodsOf = (request: string): string[] =>
  [...request.matchAll(/^([A-Z-]+) \S+ HTTP\/1/gm)].map(([, method = '']) => method);

function expectAnswer({ status, headers, body }: HttpAnswer, expected: Expected): void {
  const [wanted, rest] = typeof expected === 'number' ? [expected, {}] : expected;
  expect(status, body).toBe(wanted);
  if (typeof rest === 'string') expect(body).toContain(`"code":"${rest}"`);
  else
    for (const [name, pattern] of Object.entries(rest)) {
      if (pattern === null) expect(headers, name).not.toHaveProperty(name);
      else expect(headers[name], name).toMatch(pattern);
    }
  expect(body).not.toContain('swordfish');
}

describe.each(Object.entries(groups))('%s', (_, rows) => {
  it.each(rows)('%s', async (_what, request, expected) => {
    const bytes = (typeof request === 'string' ? request : request()) + closing;
    const received = await sendRaw({ kind: 'plain', port: service.port }, bytes);
    const answers = readAnswers(Buffer.from(received, 'latin1'), methodsOf(bytes));
    const wanted = expected.flatMap((each) => (each === 'closed' ? [] : [each]));
    const isClosed = expected.includes('closed');
    if (!isClosed) wanted.push(200);
    const statuses = answers.map(({ status }) => status);
    expect(statuses, received.slice(0, 2_000)).toEqual(
      wanted.map((each) => (typeof each === 'number' ? each : each[0])),
    );
    for (const [n, answer] of answers.entries()) expectAnswer(answer, wanted[n] ?? 0);
    if (isClosed) expect(answers.at(-1)?.headers['connection']?.toLowerCase()).toBe('close');
  });
});
