/** Every way to connect and disconnect. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ServiceHere } from './service-here.ts';
import { eventStreamRequest } from '../raw-client.ts';
import { until } from '../until.ts';

/** A stream whose first event is immediate, and whose next one is long after the visitor has left. */
const quiet = 'subscription { partition(every: "1h") { name } }';
const busy =
  'subscription { hypervisor(every: "100ms") { sampledAt logicalProcessors(first: 16) { rates { totalRunTime } } } }';
/** 200 KB an event: more than arrives in one piece. */
const large =
  'subscription { hypervisor(every: "200ms") { partitions { nodes { virtualProcessors { page { bytes } } } } } }';
/** It may ask for one thing only. */
const invalid = 'subscription { hypervisor(every: "1h") { sampledAt } partition { name } }';
const foreign = 'subscription { partition(id: 99, every: "1h") { name } }';
const growing = 'subscription { partition(every: "100ms") { rates(over: "1s") { gpaSpaceModifications } } }';

type Visit = (service: ServiceHere) => Promise<void>;

/** What a visitor of an event stream does, once its bytes are on their way. */
function bySse(query: string, leave: (stream: EventStreamVisitor) => Promise<void>): Visit {
  return async (service) => {
    const stream = new EventStreamVisitor(service.port);
    await stream.connected;
    stream.ask(query, service.token);
    await leave(stream);
    stream.socket.destroy();
    await stream.closed;
  };
}

/** What a visitor by WebSocket does, once it is open. */
function byWebSocket(leave: (visitor: WebSocketVisitor, service: ServiceHere) => Promise<void>): Visit {
  return async (service) => {
    const visitor = new WebSocketVisitor(service.port);
    await Promise.race([visitor.opened, visitor.closed]);
    if (visitor.socket.readyState === WebSocket.OPEN) await leave(visitor, service);
    visitor.socket.terminate();
    await visitor.closed;
  };
}

/** The same, once it has sent its token and received the acknowledgement. */
function acknowledged(leave: (visitor: WebSocketVisitor) => Promise<void>): Visit {
  return byWebSocket(async (visitor, { token }) => {
    visitor.send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
    await visitor.until('connection_ack');
    await leave(visitor);
  });
}

const nothing = async (): Promise<void> => undefined;

const visits: Readonly<Record<string, Visit>> = {
  'leaves an event stream before it has begun': bySse(quiet, nothing),
  'leaves an event stream before its first event': bySse(large, (stream) => stream.until('HTTP/1.1')),
  'leaves an event stream while it is quiet': bySse(quiet, (stream) => stream.until('event: next')),
  'leaves an event stream between its events': bySse(busy, (stream) => stream.until('event: next', 2)),
  'leaves an event stream of growth over a time': bySse(growing, (stream) => stream.until('event: next')),
  'leaves an event stream in the middle of an event': bySse(large, (stream) => stream.until('"bytes"')),
  'leaves an event stream without having read it': bySse(large, async (stream) => {
    stream.socket.pause();
    await wait(150);
  }),
  'leaves an event stream by ending its side': bySse(quiet, async (stream) => {
    await stream.until('event: next');
    stream.socket.end();
    await stream.closed;
  }),
  'stays to the end of an event stream': bySse(foreign, (stream) => stream.until('event: complete')),
  'asks for an event stream of what cannot be asked': bySse(invalid, (stream) =>
    stream.until('event: complete'),
  ),
  'asks for an event stream without a token': async ({ port }) => {
    const stream = new EventStreamVisitor(port);
    await stream.connected;
    stream.ask(quiet, 'none');
    await stream.until('401');
    stream.socket.destroy();
    await stream.closed;
  },
  'leaves in the middle of its question': async ({ port, token }) => {
    const stream = new EventStreamVisitor(port);
    await stream.connected;
    stream.socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: 99\r\n\r\n{`,
    );
    await wait(2);
    stream.socket.destroy();
    await stream.closed;
  },
  'leaves in the middle of an upgrade': async ({ port }) => {
    const stream = new EventStreamVisitor(port);
    await stream.connected;
    stream.socket.write('GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: webs');
    await wait(2);
    stream.socket.destroy();
    await stream.closed;
  },
  'leaves a WebSocket before it says who it is': byWebSocket(nothing),
  'leaves a WebSocket before it is acknowledged': byWebSocket(async (visitor, { token }) => {
    visitor.send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
  }),
  'sends no token over a WebSocket': byWebSocket(async (visitor) => {
    visitor.send({ type: 'connection_init' });
    await visitor.closed;
  }),
  'leaves a WebSocket before its first event': acknowledged(async (visitor) => visitor.watch('a', large)),
  'leaves a WebSocket while it is quiet': acknowledged(async (visitor) => {
    visitor.watch('a', quiet);
    await visitor.until('next');
  }),
  'leaves a WebSocket between its events': acknowledged(async (visitor) => {
    visitor.watch('a', busy);
    visitor.watch('b', growing);
    await visitor.until('next', 4);
  }),
  'leaves a WebSocket in the middle of an event': acknowledged(async (visitor) => {
    visitor.watch('a', large);
    await visitor.untilSome();
  }),
  'leaves a WebSocket without having read it': acknowledged(async (visitor) => {
    visitor.watch('a', large);
    visitor.socket.pause();
    await wait(150);
  }),
  'completes its streams and closes its WebSocket': acknowledged(async (visitor) => {
    visitor.watch('a', busy);
    visitor.watch('b', quiet);
    await visitor.until('next', 2);
    visitor.send({ type: 'complete', id: 'a' });
    visitor.send({ type: 'complete', id: 'b' });
    visitor.watch('a', quiet);
    visitor.socket.close();
    await visitor.closed;
  }),
  'stays to the end of a stream over its WebSocket': acknowledged(async (visitor) => {
    visitor.watch('a', foreign);
    await visitor.until('complete');
    visitor.socket.close();
    await visitor.closed;
  }),
  'has its WebSocket closed by the service': acknowledged(async (visitor) => {
    visitor.watch('a', busy);
    visitor.send({ type: 'unknown' });
    await visitor.closed;
  }),
};

/** The actions of each kind of visitor. */
export const visitNames = Object.keys(visits);

/** One visit; its number says of which sort. Ends once its connection is closed. */
export async function visit(service: ServiceHere, number: number): Promise<void> {
  const name = visitNames[number % visitNames.length] ?? '';
  await visits[name]?.(service);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A bare socket. */
class EventStreamVisitor {
  readonly socket: Socket;
  readonly connected: Promise<unknown>;
  readonly closed: Promise<unknown>;
  #text = '';
  #isClosed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    void this.closed.then(() => (this.#isClosed = true));
    // The service may have ended already.
    this.connected = Promise.race([once(this.socket, 'connect').catch(() => undefined), this.closed]);
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.#text += text));
  }

  ask(query: string, token: string): void {
    this.socket.write(eventStreamRequest({ query, token }));
  }

  /** Until this many bytes have been received, or the service has closed the connection. */
  async until(part: string, times = 1): Promise<void> {
    await eventually(() => this.#isClosed || this.#text.split(part).length > times, part);
  }
}

class WebSocketVisitor {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<unknown>;
  readonly #types: string[] = [];
  #hasSome = false;
  #isClosed = false;

  constructor(port: number) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, ['graphql-transport-ws']);
    this.closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    void this.closed.then(() => (this.#isClosed = true));
    this.opened = once(this.socket, 'open').catch(() => undefined);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      this.#types.push((JSON.parse(data.toString()) as { type: string }).type);
    });
    this.socket.on('upgrade', ({ socket }) => {
      socket.on('data', () => (this.#hasSome = this.#types.length > 0));
    });
  }

  send(message: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  watch(id: string, query: string): void {
    this.send({ id, type: 'subscribe', payload: { query } });
  }

  /** Until this many messages of this type have come, or the service has closed the connection. */
  async until(type: string, times = 1): Promise<void> {
    await eventually(
      () => this.#isClosed || this.#types.filter((each) => each === type).length >= times,
      type,
    );
  }

  /** Until some bytes have come after the acknowledgement. */
  async untilSome(): Promise<void> {
    this.#hasSome = false;
    await eventually(() => this.#isClosed || this.#hasSome, 'anything');
  }
}

async function eventually(condition: () => boolean, what: string): Promise<void> {
  await until(condition, () => `waited for ${what}`);
}
