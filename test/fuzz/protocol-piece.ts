/** Pieces of input that can follow each other in any order on a connection: valid, invalid and partial. */
import { oneOf, type Choose } from './choice.ts';
import { randomBytes } from './odd-json.ts';
import { handshake } from '../websocket-frame.ts';
import { oddFrames } from './odd-websocket.ts';

/** The data for pieces. */
export interface PieceContext {
  /** A caller's token; null for a client without identity. */
  readonly token: string | null;
  /** Paths of GraphiQL's files; none where the listener serves no page. */
  readonly assetPaths: readonly string[];
}

type MakePiece = (choose: Choose, context: PieceContext) => string | Buffer;

const query = '{ viewer { partitionId isRoot } }';
const subscription = 'subscription { hypervisor(every: "100ms") { sampledAt } }';
const host = 'Host: localhost';
const webSocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];
const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];

const bare = (line: string, headers: readonly string[], body = ''): string =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n${body}`;
const get = (path: string, ...headers: readonly string[]): string =>
  bare(`GET ${path} HTTP/1.1`, [host, ...headers]);
const who = ({ token }: PieceContext): string[] => (token === null ? [] : [`Authorization: Bearer ${token}`]);
const json = JSON.stringify({ query });
const post = (context: PieceContext, headers: readonly string[], body: string): string =>
  bare('POST /graphql HTTP/1.1', [host, ...who(context), 'Content-Type: application/json', ...headers], body);
const sized = (text: string): string => `Content-Length: ${Buffer.byteLength(text)}`;
const ask = (text: string): string => `/graphql?query=${encodeURIComponent(text)}`;
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const chunked = 'Transfer-Encoding: chunked';

/** Every kind of piece by its name. */
export const pieceKinds: Readonly<Record<string, MakePiece>> = {
  health: () => get('/health'),
  'health by HEAD': () => bare('HEAD /health HTTP/1.1', [host]),
  ready: () => get('/ready'),
  'nothing at the path': (choose) => get(oneOf(choose, ['/', '/nothing', '//', '/graphql/', '*', '/%00'])),
  'a query by POST': (_, context) => post(context, [sized(json)], json),
  'a query by GET': (_, context) => get(ask(query), ...who(context)),
  'a query that is the last': (_, context) => post(context, [sized(json), 'Connection: close'], json),
  'a body in chunks': (_, context) =>
    post(context, [chunked], `${chunk(json.slice(0, 9))}${chunk(json.slice(9))}0\r\n\r\n`),
  'half a body': (_, context) => post(context, [`Content-Length: ${json.length + 9}`], json),
  'half a body in chunks': (_, context) => post(context, [chunked], chunk(json)),
  'a chunk of no length': (_, context) => post(context, [chunked], 'zz\r\n'),
  'two lengths': (_, context) => post(context, [sized(json), chunked], `${chunk(json)}0\r\n\r\n`),
  'a body too long': (_, context) => post(context, ['Content-Length: 100000000'], json),
  'an event stream': (_, context) => get(ask(subscription), ...who(context), 'Accept: text/event-stream'),
  'an event stream by POST': (_, context) => {
    const body = JSON.stringify({ query: subscription });
    return post(context, [sized(body), 'Accept: text/event-stream'], body);
  },
  'a WebSocket': () => get('/graphql', ...webSocket),
  'a WebSocket and frames': (choose, { token }) =>
    Buffer.concat([handshake, ...oddFrames(choose, token ?? 'x')]),
  'a WebSocket at no path for it': () => get('/nope', ...webSocket),
  'a WebSocket without a key': () => get('/graphql', ...webSocket.slice(0, 3)),
  'a WebSocket of another version': () =>
    get('/graphql', ...webSocket.filter((line) => !line.includes('Version')), 'Sec-WebSocket-Version: 8'),
  'a WebSocket by POST': () => bare('POST /graphql HTTP/1.1', [host, ...webSocket, sized(json)], json),
  'a WebSocket of a foreign page': () => get('/graphql', ...webSocket, 'Origin: https://evil.example'),
  'an upgrade to HTTP/2': () => get('/health', ...h2c),
  'an upgrade to HTTP/2 with a body': (_, context) => post(context, [...h2c, sized(json)], json),
  'an upgrade to nothing known': (choose) =>
    get(
      '/ready',
      'Connection: upgrade',
      `Upgrade: ${oneOf(choose, ['x', 'TLS/1.0', 'websocket, h2c', ','])}`,
    ),
  'a body that waits to be asked for': (_, context) =>
    post(context, [sized(json), 'Expect: 100-continue'], json),
  'a body that was asked for and does not come': (_, context) =>
    post(context, [sized(json), 'Expect: 100-continue'], ''),
  'an expectation that there is not': () => get('/health', 'Expect: x'),
  'no Host': () => bare('GET /health HTTP/1.1', []),
  'a foreign Host': () => bare('GET /health HTTP/1.1', ['Host: evil.example']),
  'two Hosts': () => get('/health', 'Host: evil.example'),
  'HTTP/1.0': () => bare('GET /health HTTP/1.0', []),
  'HTTP/1.0, kept alive': (_, context) =>
    bare(`GET ${ask(query)} HTTP/1.0`, [host, ...who(context), 'Connection: keep-alive']),
  'an event stream by HTTP/1.0': (_, context) =>
    bare(`GET ${ask(subscription)} HTTP/1.0`, [host, ...who(context), 'Accept: text/event-stream']),
  garbage: (choose) => randomBytes(choose, 1 + choose(300)),
  'a handshake of TLS': () => Buffer.from('160301006d010000690303', 'hex'),
  'the preface of HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'empty lines': (choose) => '\r\n'.repeat(1 + choose(5)),
  'a tunnel': () => bare('CONNECT localhost:80 HTTP/1.1', [host]),
  'a head too long': (choose) => get('/health', `X-Long: ${'x'.repeat(16_000 + choose(60_000))}`),
  'many headers': () => get('/health', ...Array.from({ length: 2_100 }, () => 'a:')),
  'a preflight': () =>
    bare('OPTIONS /graphql HTTP/1.1', [
      host,
      'Origin: https://evil.example',
      'Access-Control-Request-Method: POST',
    ]),
  'the page': () => get('/graphql', 'Accept: text/html'),
  'a file of the page': (choose, { assetPaths }) =>
    get(
      oneOf(choose, assetPaths.length === 0 ? ['/graphql/assets/none'] : assetPaths),
      ...oneOf(choose, [[], ['Accept-Encoding: gzip']]),
    ),
};
