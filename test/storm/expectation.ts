/**
 * What may be answered to what: the one table of it. Each kind of traffic has its codes, each code its channels; while the
 * source is in trouble, what that may lead to comes in addition.
 */
import type { Answer } from './answer.ts';

const refusedHost = ['ACCESS_DENIED'];
const limit = ['LIMIT_EXCEEDED'];
const invalid = ['GRAPHQL_VALIDATION_FAILED'];
const unreadable = ['GRAPHQL_PARSE_FAILED'];
const badRequest = ['BAD_REQUEST'];
const unauthenticated = ['UNAUTHENTICATED', 'closed 4401'];

/** The codes that each kind of traffic may get. */
export const expectations = {
  // question.ts
  'an example by POST': ['data'],
  'an example by GET': ['data'],
  'an example by SSE': ['data'],
  'an example by WebSocket': ['data'],
  'a tiny question, connection kept': ['data'],
  'a tiny question, connection of its own': ['data'],
  "a guest's own partition": ['data'],
  "a guest's own partition by its socket": ['data'],
  'global ids': ['data'],
  'every counter of every processor': ['data'],
  'every page': ['data'],
  introspection: ['data'],
  'many questions over one WebSocket': ['data'],
  // watching.ts
  'events by SSE': ['data'],
  'events by WebSocket': ['data'],
  'events that are left before the first': [],
  'events that are never read': [],
  'many streams over one WebSocket': ['data'],
  'streams opened and completed in one breath': ['data'],
  'events of a partition that is not there': ['INVALID_PARTITION_ID'],
  // It may have ended before it was read.
  'events until the token ends': ['data', 'UNAUTHENTICATED', 'closed 4401', 'closed 4403'],
  // mistake.ts
  'a syntax error': unreadable,
  'an unknown field': invalid,
  'an unknown argument': invalid,
  'variables of wrong types': ['BAD_USER_INPUT'],
  'variables that are no object': [...badRequest, 'closed 4400'],
  'an operation that is not there': ['OPERATION_RESOLUTION_FAILURE'],
  'arguments out of range': ['INVALID_PARAMETER', 'INVALID_VP_INDEX', 'INVALID_PARTITION_ID'],
  'a subscription by POST or GET': ['NOT_ACCEPTABLE', 'METHOD_NOT_ALLOWED'],
  'a request without an operation': badRequest,
  // over-limit.ts
  'too many tokens': limit,
  'too deep': limit,
  'too many aliases': limit,
  'too many directives': limit,
  'too many values': limit,
  'too many pages': limit,
  'too many list items': limit,
  'the most errors that a guest can ask for': limit,
  'the most orders and totals': limit,
  'too large a page of a connection': ['INVALID_PARAMETER', 'LIMIT_EXCEEDED'],
  'growth over too long or too short a time': limit,
  'too short or too long an interval': limit,
  'too many values in an event': limit,
  'too many streams of one caller': ['data', ...limit],
  'too many operations on one WebSocket': ['data', ...limit],
  // unknown.ts
  'no token': unauthenticated,
  'a bad token': unauthenticated,
  'a guest asking for what is the root’s': refusedHost,
  'a guest asking for other partitions': refusedHost,
  'a guest asking by its socket, with the root’s token': refusedHost,
  'a guest asking for global ids of others': refusedHost,
  'a guest without privileges': refusedHost,
  'an unknown partition': refusedHost,
  'an unknown partition watching a partition': refusedHost,
  // hostile-document.ts
  'an alias bomb': limit,
  'a fragment bomb': ['LIMIT_EXCEEDED', 'GRAPHQL_VALIDATION_FAILED'],
  'fragments in a circle': invalid,
  'deep nesting': ['LIMIT_EXCEEDED', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED'],
  // graphql-js compares only a limited number of fields with each other.
  'one field a thousand times': ['data', ...limit],
  'nested values': ['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'LIMIT_EXCEEDED'],
  // A message over a WebSocket that is nested too deeply is not a message.
  'nested variables': ['BAD_USER_INPUT', ...badRequest, 'closed 4400'],
  'circular introspection': limit,
  'strange names and texts': [...unreadable, ...invalid, 'BAD_USER_INPUT', 'INVALID_PARAMETER', 'data'],
  // hostile-request.ts
  'a batch': badRequest,
  'a huge body': limit,
  'a huge body in chunks': limit,
  'a body that is no JSON': badRequest,
  'a wrong content type': ['UNSUPPORTED_MEDIA_TYPE'],
  'a wrong method': ['METHOD_NOT_ALLOWED', 'no body'],
  'a path that is not there': ['NOT_FOUND'],
  'a mutation': [...invalid, ...badRequest],
  // hostile-connection.ts
  'a slow body': ['data'],
  'half a head, held': ['HTTP 408'],
  'half a request, left': [],
  'random bytes': ['HTTP 400', 'cut'],
  'too long a head': ['HTTP 431'],
  // Where node takes two spaces for one, a question without a token stands before what is no request.
  'a request that two would read differently': ['HTTP 400', 'HTTP 401'],
  'requests in a row, answers unread': [],
  'large answers in a row, never read': ['cut'],
  'upgrades that are invalid': [
    'HTTP 200',
    'HTTP 400',
    'HTTP 401',
    'HTTP 404',
    'HTTP 405',
    'HTTP 426',
    'HTTP 101',
  ],
  // random-operation.ts
  'a random operation of any caller': [
    ...['data', 'ACCESS_DENIED', 'LIMIT_EXCEEDED'],
    ...['INVALID_PARAMETER', 'INVALID_PARTITION_ID', 'INVALID_VP_INDEX'],
  ],
  // outage/outage-traffic.ts
  'a question during outages': ['data'],
  'a denied question during outages': refusedHost,
  'events during outages': ['data'],
  // protocol-connection.ts
  'pieces of requests in any order, cut anywhere': [],
  // hostile-websocket.ts
  'WebSocket garbage': ['closed 4400'],
  'broken frames': ['closed 1002', 'closed 1007', 'closed 1009', 'closed 4400', 'cut'],
  'too long a message': ['closed 1009'],
  // ws cuts clients that send pings faster than they take their answers.
  'a flood of pings': ['data', 'closed 1006'],
  'an id used twice': ['data', 'closed 4409'],
  'connection_init twice': ['closed 4429'],
  'a subscription before connection_init': ['closed 4401'],
  'no connection_init at all': ['closed 4408'],
  'another subprotocol': ['closed 4406'],
  // probe.ts
  '/health': ['ok'],
  '/ready': ['ok'],
  "GraphiQL's page": ['page'],
  "GraphiQL's files": ['file'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A kind of traffic. */
export type KindName = keyof typeof expectations;

/** What may come in addition while the source is in trouble, or has been a moment ago. */
const codesInTrouble = [
  'PAGE_MALFORMED',
  'PAGE_UNAVAILABLE',
  // While one host is put in the place of another, its folder has no processors for a moment.
  'INVALID_PARAMETER',
];

/** Limits that a host goes beyond by its size: while its folder is half written, it is too small to. */
const reachedBySize: ReadonlySet<KindName> = new Set<KindName>([
  'too many pages',
  'too many values',
  'too many values in an event',
]);

/** Kinds that come to the service that has outages, in which the source has no part. */
export const outageKinds: ReadonlySet<KindName> = new Set<KindName>([
  'a question during outages',
  'a denied question during outages',
  'events during outages',
]);

/** What may come in addition during an outage: no answer, or one that says to come again later. */
const codesInOutage = [
  'cut',
  'silence',
  'closed 1006',
  // Beyond the descriptors that there are.
  'OVERLOADED',
  'closed 1013',
  'IDENTITY_UNAVAILABLE',
  // By a key that was withdrawn meanwhile.
  'UNAUTHENTICATED',
  'closed 4401',
  'closed 4403',
];

/** The channels that each code may come by; HTTP statuses among them. One that is not here is expected nowhere. */
const channels: Readonly<Record<string, readonly string[]>> = {
  data: ['200', 'SSE', 'WebSocket'],
  ok: ['200'],
  page: ['200'],
  file: ['200'],
  GRAPHQL_PARSE_FAILED: ['400', 'SSE', 'WebSocket'],
  GRAPHQL_VALIDATION_FAILED: ['400', 'SSE', 'WebSocket'],
  BAD_USER_INPUT: ['400', 'SSE', 'WebSocket'],
  OPERATION_RESOLUTION_FAILURE: ['400', 'SSE', 'WebSocket'],
  // 405 is for a mutation by GET.
  BAD_REQUEST: ['400', '405', 'SSE', 'WebSocket'],
  NOT_FOUND: ['404'],
  METHOD_NOT_ALLOWED: ['405'],
  // The answer to HEAD.
  'no body': ['405'],
  NOT_ACCEPTABLE: ['406'],
  UNSUPPORTED_MEDIA_TYPE: ['415'],
  UNAUTHENTICATED: ['401', 'SSE', 'WebSocket'],
  LIMIT_EXCEEDED: ['200', '400', '413', '431', 'SSE', 'WebSocket'],
  ACCESS_DENIED: ['200', 'SSE', 'WebSocket'],
  INVALID_PARTITION_ID: ['200', 'SSE', 'WebSocket'],
  INVALID_VP_INDEX: ['200', 'SSE', 'WebSocket'],
  INVALID_PARAMETER: ['200', 'SSE', 'WebSocket'],
  PAGE_MALFORMED: ['200', 'SSE', 'WebSocket'],
  // 503 is /ready's.
  PAGE_UNAVAILABLE: ['200', '503', 'SSE', 'WebSocket'],
  OVERLOADED: ['503', 'SSE', 'WebSocket'],
  IDENTITY_UNAVAILABLE: ['503', 'SSE', 'WebSocket'],
  silence: ['any'],
  // Of requests that Node answers itself.
  cut: ['socket', 'SSE', 'WebSocket'],
};

/** A page of a partition that has just stopped: its writer removes it before the manifest is without the partition. */
const ofStopped = /^partition\/\d+\/\S+ is not there\.$/;

/** Whether this may be answered to that. */
export function isExpected(kind: KindName, answer: Answer, isInTrouble: boolean): boolean {
  const codes: readonly string[] = expectations[kind];
  const { channel, code, message = '' } = answer;
  const isOfTrouble = outageKinds.has(kind)
    ? codesInOutage.includes(code)
    : codesInTrouble.includes(code) || (code === 'data' && reachedBySize.has(kind));
  const isOfStopped = code === 'PAGE_UNAVAILABLE' && codes.includes('data') && ofStopped.test(message);
  if (!codes.includes(code) && !isOfStopped && !(isInTrouble && isOfTrouble)) return false;
  if (/^(?:closed|HTTP) /.test(code)) return channel === 'WebSocket' || channel === 'socket';
  return channels[code]?.includes(channel) ?? false;
}
