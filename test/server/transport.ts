/** Every transport: how an operation is sent, by which listener, and what is received. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { WebSocket } from 'ws';
import type { HostQuestions } from '../../src/fleet/gateway/host-questions.ts';

/** A listener: its address, and the token of the caller. */
export interface ListenerToTry {
  /** The address of the endpoint, or the path of a guest socket. */
  readonly place: { readonly url: string } | { readonly socketPath: string } | AskedHost;
  /** null where the listener itself identifies the caller. */
  readonly token: string | null;
}

/** A host of a fleet, and what asks it. */
export interface AskedHost {
  readonly questions: HostQuestions;
  readonly host: string;
}

/** The first response; the first event of a stream. */
export interface TransportAnswer {
  /** The HTTP status, the code that a WebSocket was closed with, or null for an answer by an open WebSocket. */
  readonly status: number | null;
  /** The header Retry-After. */
  readonly retryAfter?: string | undefined;
  readonly data?: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  /** Ends a stream that has not ended. */
  readonly end: () => void;
}

/** What is sent: parameters as a client has them, or a body of any kind; headers go with it. */
export interface TransportRequest {
  readonly parameters: Readonly<Record<string, unknown>> | readonly unknown[];
  readonly headers?: Readonly<Record<string, string>>;
}

export type SendByTransport = (
  listener: ListenerToTry,
  question: TransportRequest,
) => Promise<TransportAnswer>;

const json = 'application/graphql-response+json, application/json';

/** All transports. One that is missing here is missing from every test of all transports. */
export const transports: Readonly<Record<string, SendByTransport>> = {
  POST: byHttp('POST', json),
  GET: byHttp('GET', json),
  // The same bytes by the same credentials: the second time they are answered by the hot path.
  'POST again': again(byHttp('POST', json)),
  'GET again': again(byHttp('GET', json)),
  'SSE by POST': byHttp('POST', 'text/event-stream'),
  'SSE by GET': byHttp('GET', 'text/event-stream'),
  WebSocket: byWebSocket,
  NATS: byNats,
};

/** Those of a listener: NATS is a fleet's. */
export const listenerTransports: typeof transports = Object.fromEntries(
  Object.entries(transports).filter(([name]) => name !== 'NATS'),
);

function byHttp(method: 'GET' | 'POST', accept: string): SendByTransport {
  return ({ place, token }, { parameters, headers = {} }) => {
    const path = method === 'GET' ? `/graphql?${searchOf(parameters)}` : '/graphql';
    if ('host' in place) throw new TypeError('a fleet is not asked by HTTP');
    const target = 'url' in place ? { port: new URL(place.url).port, host: '127.0.0.1' } : place;
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        {
          ...target,
          path,
          method,
          agent: false,
          headers: {
            accept,
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
            ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
        },
        (response) => {
          const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
          let text = '';
          const finish = (body: string): void =>
            resolve({
              ...(body === '' ? {} : JSON.parse(body)),
              status: response.statusCode ?? 0,
              retryAfter: response.headers['retry-after'],
              end: () => sent.destroy(),
            });
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
            const [, event] = isStream ? (/^event: next\ndata: (.*)\n\n/m.exec(text) ?? []) : [];
            if (event !== undefined) finish(event);
          });
          response.on('end', () => finish(isStream ? '' : text));
          response.on('error', () => undefined);
        },
      );
      sent.on('error', reject);
      sent.end(method === 'POST' ? JSON.stringify(parameters) : undefined);
    });
  };
}

/** Asks twice and gives the second answer. */
function again(way: SendByTransport): SendByTransport {
  return async (listener, question) => {
    const first = await way(listener, question);
    first.end();
    return way(listener, question);
  };
}

/** A batch has no form in an address; it goes where a document goes. */
function searchOf(parameters: TransportRequest['parameters']): string {
  if (Array.isArray(parameters)) return String(new URLSearchParams({ query: JSON.stringify(parameters) }));
  const texts = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return String(new URLSearchParams(texts));
}

async function byWebSocket(
  { place, token }: ListenerToTry,
  question: TransportRequest,
): Promise<TransportAnswer> {
  const { parameters, headers = {} } = question;
  if ('host' in place) throw new TypeError('a fleet is not asked by WebSocket');
  const address = 'url' in place ? place.url.replace('http', 'ws') : `ws+unix:${place.socketPath}:/graphql`;
  const socket = new WebSocket(address, 'graphql-transport-ws', { headers });
  const end = (): void => socket.terminate();
  const refused = new Promise<TransportAnswer>((resolve) => {
    socket.on('unexpected-response', (_, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ ...JSON.parse(text), status: response.statusCode ?? 0, end }));
    });
    socket.on('close', (code, reason) =>
      resolve({ status: code, errors: [{ message: reason.toString(), extensions: {} }], end }),
    );
  });
  socket.on('error', () => undefined);
  const message = async (): Promise<any> => {
    const came = once(socket, 'message').then(([data]) => JSON.parse(String(data)));
    return Promise.race([came, refused]);
  };
  const opened = await Promise.race([once(socket, 'open'), refused]);
  if ('status' in opened) return opened;
  const payload = token === null ? undefined : { Authorization: `Bearer ${token}` };
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  const acknowledged = await message();
  if (acknowledged.type !== 'connection_ack') return acknowledged as TransportAnswer;
  socket.send(
    JSON.stringify(
      Array.isArray(parameters)
        ? parameters.map((one: unknown, n) => ({ id: String(n), type: 'subscribe', payload: one }))
        : { id: '1', type: 'subscribe', payload: parameters },
    ),
  );
  const answer = await message();
  if ('status' in answer) return answer as TransportAnswer;
  const result = answer.type === 'error' ? { errors: answer.payload } : answer.payload;
  return { ...result, status: null, end };
}

/** A message of NATS has no place for the headers of HTTP. */
function byNats({ place, token }: ListenerToTry, { parameters }: TransportRequest): Promise<TransportAnswer> {
  if (!('host' in place)) throw new TypeError('only a fleet is asked by NATS');
  const { questions, host } = place;
  const body = Buffer.from(JSON.stringify(parameters));
  const authorization = token === null ? '' : `Bearer ${token}`;
  return new Promise((resolve, reject) => {
    const stream = questions.watch(
      { host, body, authorization },
      {
        event: (bytes) =>
          resolve({ ...JSON.parse(bytes.toString()), status: null, end: () => stream.cancel() }),
        end: (kind) => reject(new Error(`no answer: ${kind}`)),
      },
    );
  });
}
