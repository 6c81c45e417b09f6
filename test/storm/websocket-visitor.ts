/** A client of graphql-transport-ws that may do anything. */
import { WebSocket } from 'ws';
import { answersOfResult, leaksIn, type Answer } from './answer.ts';
import type { Visit } from './kind.ts';
import { Inbox, type Departure, type Stream } from './stream.ts';
import type { Question } from './transport.ts';

/** What the service has sent, or the end of it. */
export type Received =
  | { readonly type: string; readonly id?: string; readonly payload?: unknown; readonly text: string }
  | { readonly type: 'closed'; readonly code: number; readonly text: string };

/** A WebSocket and the messages that it receives. */
export class WebSocketVisitor {
  readonly socket: WebSocket;
  readonly #inbox = new Inbox<Received>();
  readonly #visit: Visit;
  readonly #closed: Promise<void>;

  constructor(visit: Visit, protocols: readonly string[] = ['graphql-transport-ws']) {
    this.#visit = visit;
    this.socket = new WebSocket(`ws://127.0.0.1:${visit.port}/graphql`, [...protocols]);
    const cut = (): void => this.socket.terminate();
    visit.signal.addEventListener('abort', cut);
    // The close that follows says it.
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => {
      const text = data.toString();
      this.#inbox.put({ ...(JSON.parse(text) as { type: string }), text });
    });
    this.#closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.once('close', (code) => {
      visit.signal.removeEventListener('abort', cut);
      this.#inbox.put({ type: 'closed', code, text: '' });
      this.#inbox.end();
    });
  }

  /** false where it never opens. */
  get opened(): Promise<boolean> {
    return new Promise((resolve) => {
      this.socket.once('open', () => resolve(true));
      this.socket.once('close', () => resolve(false));
    });
  }

  send(message: unknown): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    );
  }

  /** The next message; null after the end. */
  receive(): Promise<Received | null> {
    return this.#inbox.take();
  }

  /** Sends its credentials and waits for the acknowledgement: null, or what was received instead. */
  async begin(token: string | null): Promise<readonly Answer[] | null> {
    await this.opened;
    this.send({
      type: 'connection_init',
      ...(token === null ? {} : { payload: { Authorization: `Bearer ${token}` } }),
    });
    const received = await this.receive();
    return received?.type === 'connection_ack' ? null : this.answersOf(received);
  }

  /** Resolves once the connection is closed. */
  async leave(how: Departure): Promise<void> {
    if (how === 'politely') this.socket.close(1000);
    else this.socket.terminate();
    await this.#closed;
  }

  subscribe(id: string, { query, variables, operationName }: Omit<Question, 'token'>): void {
    this.send({ id, type: 'subscribe', payload: { query, variables, operationName } });
  }

  /** The response in a message. */
  answersOf(received: Received | null): readonly Answer[] {
    const channel = 'WebSocket';
    if (received === null) return [];
    const leaks = leaksIn(received.text, this.#visit.unspeakable);
    if ('code' in received) return [{ channel, code: `closed ${received.code}` }];
    if (received.type === 'next') return [...answersOfResult(channel, received.payload), ...leaks];
    if (received.type === 'error')
      return [...answersOfResult(channel, { errors: received.payload }), ...leaks];
    return leaks;
  }
}

/** Sends an operation, over a separate WebSocket. */
export function openWebSocketStream(visit: Visit, { token, ...question }: Question): Stream {
  const visitor = new WebSocketVisitor(visit);
  const begun = visitor.begin(token).then((answers) => {
    if (answers === null) visitor.subscribe('a', question);
    return answers;
  });
  let isOver = false;
  return {
    receive: async () => {
      const instead = await begun;
      if (isOver) return null;
      const received = instead === null ? await visitor.receive() : null;
      isOver = received === null || received.type !== 'next';
      if (received?.type === 'complete') return null;
      return instead ?? visitor.answersOf(received);
    },
    stopReading: () => visitor.socket.pause(),
    leave: async (how: Departure) => {
      visitor.socket.resume();
      if (how === 'politely') visitor.send({ id: 'a', type: 'complete' });
      await visitor.leave(how);
    },
  };
}
