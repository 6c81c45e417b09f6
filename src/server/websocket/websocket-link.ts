/** One WebSocket as bytes: what is sent, whether the client takes it, and whether the client still answers. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { StallDetector, type HeartbeatListener } from '../heartbeat.ts';
import type { WriteCoalescer, WriteListener } from '../sse/write-coalescer.ts';

/** What a link reports. */
export interface LinkListener {
  /** Called at each heartbeat. */
  onHeartbeat(): void;
  /** Called once the client has been disconnected because it took nothing, or answered no ping. */
  onStall(): void;
}

/** With more unsent, nothing is read until less is: a client that sends without reading cannot fill the memory. */
const unsentLimitInBytes = 1_048_576;
/** A busy connection is pinged less often by this factor: pings for thousands cost as much as events. */
const busyPingFactor = 5;

/** Sends over one WebSocket, pings it, and cuts it when it stalls. */
export class WebSocketLink implements HeartbeatListener {
  // Fields of their own: one step less for each of thousands of events.
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #writeCoalescer: WriteCoalescer;
  readonly #listener: LinkListener;
  readonly #server: ServerContext;
  readonly #stall: StallDetector;
  /** Heartbeats since a ping that no pong has answered; null without one. */
  #unansweredHeartbeats: number | null = null;
  #quietHeartbeats = 0;
  #heartbeatsSincePing = 0;
  readonly #onDrained = (): void => this.drained();

  /** `socket` is what the WebSocket runs over. */
  constructor(
    webSocket: WebSocket,
    options: { readonly socket: Socket; readonly listener: LinkListener; readonly server: ServerContext },
  ) {
    const { socket, listener, server } = options;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#writeCoalescer = server.writeCoalescer;
    this.#listener = listener;
    this.#server = server;
    this.#stall = new StallDetector(socket, server.limits.stallHeartbeats);
    server.heartbeat.add(this);
    webSocket.on('pong', () => (this.#unansweredHeartbeats = null));
    webSocket.on('close', () => server.heartbeat.delete(this));
  }

  send(message: Buffer): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== webSocket.OPEN) return;
    this.#writeCoalescer.flush();
    webSocket.send(message, { binary: false }, this.#onDrained);
    this.#pauseWhereUnsent();
  }

  /**
   * Sends a whole frame, which may be shared with other connections; false where this one is no longer open. `by` learns
   * when the kernel does not have the frame at once, and when it has, and calls `blocked` and `drained`. The frame does
   * not pass through ws, which would write header and payload for each connection. Without compression ws writes each
   * frame whole and at once (ws, lib/sender.js, sendFrame), so this frame gets between no others.
   */
  sendFrame(frame: Buffer, by: WriteListener): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return false;
    this.#quietHeartbeats = 0;
    this.#writeCoalescer.put(this.#socket, frame, by);
    return true;
  }

  /** The kernel does not have a frame yet. */
  blocked(): void {
    this.#pauseWhereUnsent();
  }

  /** The kernel has what was sent, or never will. */
  drained(): void {
    const webSocket = this.#webSocket;
    if (webSocket.isPaused && webSocket.bufferedAmount <= unsentLimitInBytes) webSocket.resume();
  }

  /** Sends a close frame; ws cuts a client that does not answer it. */
  close(code: number, reason: string): void {
    const webSocket = this.#webSocket;
    this.#writeCoalescer.flush();
    this.#server.heartbeat.delete(this);
    // Paused, it would not read the answer.
    webSocket.resume();
    webSocket.close(code, reason);
  }

  #pauseWhereUnsent(): void {
    const webSocket = this.#webSocket;
    if (webSocket.bufferedAmount > unsentLimitInBytes) webSocket.pause();
  }

  onHeartbeat(): void {
    const webSocket = this.#webSocket;
    const { pingHeartbeats, stallHeartbeats } = this.#server.limits;
    // While nothing is read no pong is: then what is unsent counts.
    if (!webSocket.isPaused && this.#unansweredHeartbeats !== null) this.#unansweredHeartbeats += 1;
    if (this.#stall.isStalled() || (this.#unansweredHeartbeats ?? 0) > stallHeartbeats) {
      webSocket.terminate();
      this.#listener.onStall();
      return;
    }
    this.#quietHeartbeats += 1;
    this.#heartbeatsSincePing += 1;
    // Events keep the connection alive as well, but only a pong shows that the client still reads.
    const isDue =
      this.#quietHeartbeats >= pingHeartbeats || this.#heartbeatsSincePing >= pingHeartbeats * busyPingFactor;
    if (isDue && this.#unansweredHeartbeats === null && webSocket.readyState === webSocket.OPEN) {
      this.#quietHeartbeats = 0;
      this.#heartbeatsSincePing = 0;
      this.#unansweredHeartbeats = 0;
      webSocket.ping();
    }
    this.#listener.onHeartbeat();
  }
}
