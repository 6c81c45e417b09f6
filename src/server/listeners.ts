/** The listeners of a service: node servers whose requests are answered, and their end. */
import type { Server } from 'node:http';
import type { ListenerEnd, ListenerOptions, ServerContext } from './context.ts';
import { Connections } from './http/connections.ts';
import { listenToRequests } from './http/request-listener.ts';
import { route } from './http/route.ts';
import { EventStreams } from './sse/event-stream.ts';
import { webSockets } from './websocket/websockets.ts';

/** An open listener. */
export interface OpenListener {
  /**
   * Takes no more requests, completes subscriptions, and cuts the responses that outlast the grace time. May be called
   * again.
   */
  close(): Promise<void>;
}

/** The listeners of one service. */
export class Listeners {
  readonly #context: ServerContext;
  readonly #graceMilliseconds: number;
  readonly #open = new Set<(end: ListenerEnd) => Promise<void>>();
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
    const end = async (how: ListenerEnd): Promise<void> => {
      streams.endAll(how);
      sockets.endAll(how);
      await connections.close(this.#graceMilliseconds);
      this.#open.delete(close);
    };
    const close = (how: ListenerEnd): Promise<void> => (closing ??= end(how));
    this.#open.add(close);
    if (this.#isClosed) void close({ mayResume: true });
    return { close: () => close({ mayResume: false }) };
  }

  /** Closes all, for another process to take their place: connections end, and subscriptions are not completed. */
  async closeAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((close) => close({ mayResume: true })));
  }
}
