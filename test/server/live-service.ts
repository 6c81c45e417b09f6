/** A service whose streams are controlled by a test, and simple clients. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { getOperationAST, GraphQLObjectType, GraphQLSchema, GraphQLString, Kind } from 'graphql';
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { WebSocket } from 'ws';
import { HvqlError } from '../../src/errors.ts';
import type { Identified } from '../../src/server/auth/identity.ts';
import type { ServerOptions } from '../../src/server/server.ts';
import { eventStreamRequest } from '../raw-client.ts';
import { until } from '../until.ts';
import { secretText, send, startTestService, type TestService } from './test-service.ts';

/** A stream that emits what a test pushes, buffers one event at most, and counts calls. */
export class TestStream implements AsyncIterableIterator<ExecutionResult> {
  pulls = 0;
  returns = 0;
  isDone = false;
  /** Pulled while a pull was pending. */
  isRushed = false;
  #slot: ExecutionResult | null = null;
  #failure: Error | null = null;
  #waiting: { resolve: (step: IteratorResult<ExecutionResult>) => void; reject: (e: Error) => void } | null =
    null;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    this.pulls += 1;
    if (this.#waiting !== null) this.isRushed = true;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#settle();
    });
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.returns += 1;
    this.#slot = null;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The newest event, which replaces one that was not pulled. */
  push(event: ExecutionResult): void {
    this.#slot = event;
    this.#settle();
  }

  tick(value: string): void {
    this.push({ data: { tick: value } });
  }

  end(): void {
    this.isDone = true;
    this.#settle();
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#settle();
  }

  #settle(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    if (this.#failure === null && this.#slot === null && !this.isDone) return;
    this.#waiting = null;
    const event = this.#slot;
    this.#slot = null;
    if (this.#failure !== null) waiting.reject(this.#failure);
    else if (event !== null) waiting.resolve({ done: false, value: event });
    else waiting.resolve({ done: true, value: undefined });
  }
}

interface LiveContext {
  readonly onWait?: () => Promise<string>;
}
const text = { type: GraphQLString, args: { pad: { type: GraphQLString } } };
const liveSchema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: { ...text, resolve: () => 'world' },
      wait: { ...text, resolve: (_: unknown, __: unknown, context: LiveContext) => context.onWait?.() },
      denied: {
        ...text,
        resolve: () => {
          throw new HvqlError('ACCESS_DENIED', 'Not yours.', { reason: 'NOT_ROOT' });
        },
      },
      broken: {
        ...text,
        resolve: () => {
          throw new Error(secretText);
        },
      },
    },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { tick: text, refused: text, broken: text },
  }),
});

/** A service with streams that a test controls. */
export interface LiveService extends TestService {
  /** Streams in the order of their subscriptions. */
  readonly streams: readonly TestStream[];
  /** The next stream that no test has taken yet, except those of `unseenQuery`. */
  stream(): Promise<TestStream>;
  /** The identity that callers have from now on. */
  readonly clock: { now: number; expiresAt: number | null };
  /** Subscriptions wait for this before they have begun. */
  readonly gate: { until: Promise<void> };
  /** What the log has at level warn and above. */
  complaints(): Record<string, unknown>[];
}

/** A subscription that may or may not start: no test waits for its stream. */
export const unseenQuery = 'subscription { tick(pad: "unseen") }';

/** Starts it. By default its pings are far apart, and clients may stall for long. */
export async function startLiveService(
  options: Partial<ServerOptions> & { readonly first?: ExecutionResult } = {},
): Promise<LiveService> {
  const { first, ...serverOptions } = options;
  const streams: TestStream[] = [];
  const seen: TestStream[] = [];
  let taken = 0;
  const clock: LiveService['clock'] = { now: Date.now(), expiresAt: null };
  const gate = { until: Promise.resolve() };
  const subscribe = async ({ document, operationName }: ExecutionArgs) => {
    await gate.until;
    const [field] = getOperationAST(document, operationName)?.selectionSet.selections ?? [];
    const name = field?.kind === Kind.FIELD ? field.name.value : '';
    if (name === 'refused') {
      const originalError = new HvqlError('LIMIT_EXCEEDED', 'Too many streams.', { limit: 1 });
      return { errors: [new GraphQLError(originalError.message, { path: ['refused'], originalError })] };
    }
    if (name === 'broken') throw new Error(secretText);
    const stream = new TestStream();
    if (first !== undefined) stream.push(first);
    streams.push(stream);
    if (field?.kind !== Kind.FIELD || field.arguments?.length === 0) seen.push(stream);
    return stream;
  };
  // Development mode's, but with an end where the test wants one.
  const identity = {
    authenticate: async (authorization: string | null): Promise<Identified> => ({
      ...(await service.identity.authenticate(authorization)),
      expiresAt: clock.expiresAt,
    }),
  };
  const service: TestService = await startTestService({
    schema: liveSchema,
    subscribe,
    identity,
    now: () => clock.now,
    ...serverOptions,
  });
  return {
    ...service,
    streams,
    clock,
    gate,
    stream: async () => {
      const index = taken++;
      await until(() => seen.length > index);
      return seen[index] as TestStream;
    },
    complaints: () =>
      service.lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ level }) => Number(level) >= 40),
  };
}

/** A connection on which an event stream was requested, in bytes; `write` sends another request. */
export async function openRawStream(
  service: TestService,
  parts: { query?: string; token?: string; headers?: readonly string[] } = {},
): Promise<{ socket: Socket; text: () => string; write: () => void }> {
  const { query = 'subscription { tick }', token = service.rootToken, headers = [] } = parts;
  const socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await once(socket, 'connect');
  const bytes = eventStreamRequest({ query, token, headers });
  const write = (): void => void socket.write(bytes);
  write();
  return { socket, text: () => text, write };
}

/** A WebSocket and all that was received over it. */
export interface RawWebSocket {
  readonly socket: WebSocket;
  readonly messages: readonly Record<string, unknown>[];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly send: (message: unknown) => void;
}

/** Opens a WebSocket; resolves once it is open. */
export async function openRawWebSocket(
  service: Pick<TestService, 'port'>,
  options: { protocols?: string[]; headers?: Record<string, string>; path?: string } = {},
): Promise<RawWebSocket> {
  const { protocols = ['graphql-transport-ws'], headers = {}, path = '/graphql' } = options;
  const address = `ws://127.0.0.1:${service.port}${path}`;
  const socket = new WebSocket(address, protocols, { headers, perMessageDeflate: true });
  const messages: Record<string, unknown>[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const send = (message: unknown): void =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return { socket, messages, closed, send };
}

/** A WebSocket whose caller has been acknowledged. */
export async function openAcknowledged(
  service: Pick<TestService, 'port' | 'rootToken'>,
  token = service.rootToken,
): Promise<RawWebSocket> {
  const client = await openRawWebSocket(service);
  client.send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
  await until(() => client.messages.length > 0);
  return client;
}

/** A subscribe message. */
export const subscribeMessage = (id: string, query = 'subscription { tick }'): object => ({
  id,
  type: 'subscribe',
  payload: { query },
});

/** The response to an upgrade to a WebSocket that is refused. */
export async function upgrade(
  service: TestService,
  headers: Record<string, string>,
  path = '/graphql',
): Promise<{ status: number; text: string }> {
  const { status, body } = await send(service.url, {
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    },
  });
  return { status, text: body.toString() };
}
