/** A small schema behind a real socket, with every kind of error that a resolver can cause. */
import { request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import {
  GraphQLError,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { pino, type Logger } from 'pino';
import { HvqlError } from '../../src/errors.ts';
import { testLimits } from '../ask.ts';
import { ConnectionQuota, unlimitedConnections } from '../../src/limits/connection-quota.ts';
import { TrustedProxies } from '../../src/server/auth/remote-address.ts';
import { developmentIdentity, type DevelopmentIdentity } from '../../src/server/auth/identity.ts';
import { Heartbeat } from '../../src/server/heartbeat.ts';
import { Connections } from '../../src/server/http/connections.ts';
import { connectionLimits } from '../../src/server/heartbeat.ts';
import type { Requester } from '../../src/server/context.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/server.ts';

/** Whether the suites run without the hot path (vitest.config.ts). */
export const isHotPathOff = process.env['HVQL_TEST_HOT_PATH'] === 'off';

/** A text that the service must never send. */
export const secretText = 'the password is swordfish';

/** A log that a test can read. */
export function readableLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log: Logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  return { log, lines };
}

/** The connections of a server that belongs to no service. */
export function connectionsOf(server: Server): Connections {
  const limits = connectionLimits({ pingMilliseconds: 12_000, stallMilliseconds: 30_000 });
  const heartbeat = new Heartbeat(limits.heartbeatMilliseconds);
  return new Connections(server, {
    heartbeat,
    limits,
    log: readableLog().log,
    proxies: new TrustedProxies([]),
    connectionQuota: new ConnectionQuota(unlimitedConnections),
  });
}

const grumpy = new GraphQLScalarType({
  name: 'Grumpy',
  serialize: () => {
    throw new Error(secretText);
  },
});
const thing = new GraphQLInterfaceType({
  name: 'Thing',
  fields: { id: { type: GraphQLString } },
  resolveType: () => {
    throw new Error(secretText);
  },
});
const even = new GraphQLScalarType({
  name: 'Even',
  parseValue: (value) => {
    if (typeof value === 'number' && value % 2 === 0) return value;
    throw new GraphQLError(`Even needs an even number, but got ${String(value)}.`);
  },
});

interface TestContext extends Requester {
  readonly onWait?: (signal: AbortSignal) => Promise<string>;
}
const fail = (thrown: unknown): never => {
  throw thrown;
};
const field = (resolve: (context: TestContext) => unknown) => ({
  type: GraphQLString,
  resolve: (_: unknown, __: unknown, context: TestContext) => resolve(context),
});

export const testSchema = new GraphQLSchema({
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      tick: {
        type: GraphQLString,
        subscribe: async function* () {
          yield* [1, 2];
          throw new Error(secretText);
        },
        resolve: (n: unknown) => (n === 1 ? 'one' : fail(new Error(secretText))),
      },
    },
  }),
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: field(() => 'world'),
      partition: field(({ caller }) => caller.partitionId.toString()),
      privileges: field(({ caller }) => [...caller.privileges].join()),
      requestId: field(({ requestId }) => requestId),
      keys: field((context) => Object.keys(context).sort().join()),
      wait: field(({ onWait, signal }) => onWait?.(signal)),
      denied: field(() => fail(new HvqlError('ACCESS_DENIED', 'Not yours.', { reason: 'NOT_ROOT' }))),
      throwsError: field(() => fail(new Error(secretText))),
      rejects: field(() => Promise.reject(new Error(secretText))),
      throwsText: field(() => fail(secretText)),
      throwsNull: field(() => fail(null)),
      throwsGraphqlError: field(() => fail(new GraphQLError(secretText))),
      wrapsError: field(() => fail(new GraphQLError(secretText, { originalError: new Error(secretText) }))),
      grumpy: { type: grumpy, resolve: () => 1 },
      notInteger: { type: GraphQLInt, resolve: () => secretText },
      nothing: { type: new GraphQLNonNull(GraphQLString), resolve: () => null },
      thing: { type: thing, resolve: () => ({}) },
      even: { type: GraphQLInt, args: { n: { type: even } }, resolve: (_, { n }: { n?: number }) => n },
      length: {
        type: GraphQLInt,
        args: { text: { type: new GraphQLNonNull(GraphQLString) } },
        resolve: (_, { text }: { text: string }) => text.length,
      },
    },
  }),
});

/** A running server, and functions for tests to send requests to it. */
export interface TestService extends RunningServer {
  readonly lines: string[];
  readonly identity: DevelopmentIdentity;
  readonly rootToken: string;
  /** A POST of an operation as the root; `init` overrides. */
  post(body: unknown, init?: RequestInit): Promise<Response>;
}

/** The requester, and no more of the request. */
export function requesterOf(requester: Requester): Requester {
  const { caller, by, expiresAt, credential, budget, requestId, signal } = requester;
  return { caller, by, expiresAt, credential, budget, requestId, signal };
}

/** Starts a service in development mode on any free port of loopback, with `options`. */
export async function startTestService(options: Partial<ServerOptions> = {}): Promise<TestService> {
  const { log, lines } = readableLog();
  const now = Date.now;
  const secret = new Uint8Array(32).fill(7);
  const identity = await developmentIdentity({ host: '127.0.0.1', log, now, secret });
  const rootToken = await identity.sign(1n);
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    schema: testSchema,
    limits: testLimits,
    introspection: 'on',
    identity,
    contextOf: requesterOf,
    ready: () => Promise.resolve(),
    log,
    graphiql: {
      tabs: [{ name: 'Hello', query: 'query Hello { hello }' }],
      tokens: [{ title: 'the root', token: rootToken }],
    },
    now,
    hotPath: !isHotPathOff,
    ...options,
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${rootToken}` };
  const post = (body: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(server.url, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    });
  return { ...server, lines, identity, rootToken, post };
}

/** What a plain HTTP client sees, for what fetch does not allow to be sent or seen. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string>; path?: string; body?: Iterable<string> },
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { body, path, ...rest } = options;
    const request = httpRequest(url, { ...rest, ...(path === undefined ? {} : { path }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    for (const chunk of body ?? []) request.write(chunk);
    request.end();
  });
}
