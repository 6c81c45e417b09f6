/** The listeners of a service: node servers whose requests are answered, and their end. */
import type { Server } from 'node:http';
import type { ListenerOptions, ServerContext } from './context.ts';
import { Connections } from './http/connections.ts';
import { listenToRequests } from './http/request-listener.ts';
import { route } from './http/route.ts';
import { EventStreams } from './sse/event-stream.ts';
import { webSockets } from './websocket/websockets.ts';

/** An open listener. */
export interface OpenListener {
  /** Takes no more requests, ends streams, and cuts the responses that outlast the grace time. May be called again. */
  close(): Promise<void>;
}

/** The listeners of one service. */
export class Listeners {
  readonly #context: ServerContext;
  readonly #graceMilliseconds: number;
  readonly #open = new Set<OpenListener>();
  #isClosed = false;

  constructor(context: ServerContext, graceMilliseconds: number) {
    this.#context = context;
    this.#graceMilliseconds = graceMilliseconds;
  }

  /** Adds a server, which may listen already or later. Once all are closed, it is closed at once. */
  add(server: Server, options: ListenerOptions): OpenListener {
    const context = this.#context;
    const connections = new Connections(server, context);
    const streams = new EventStreams(context);
    const sockets = webSockets(server, { ...context, ...options, connections });
    const contexts = { listener: { ...options, eventStreams: streams }, server: context };
    listenToRequests(server, route(contexts), { ...context, connections });
    let closing: Promise<void> | null = null;
    const close = async (): Promise<void> => {
      streams.endAll();
      sockets.endAll();
      await connections.close(this.#graceMilliseconds);
      this.#open.delete(listener);
    };
    const listener: OpenListener = { close: () => (closing ??= close()) };
    this.#open.add(listener);
    if (this.#isClosed) void listener.close();
    return listener;
  }

  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((listener) => listener.close()));
  }
}
