/** The byte level of a WebSocket: sending, backpressure and pings. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { StallDetector, type HeartbeatListener } from '../heartbeat.ts';
import type { WriteCoalescer, WriteListener } from '../sse/write-coalescer.ts';

/** What a link reports. */
export interface LinkListener {
  /** Called at each heartbeat. */
  onHeartbeat(): void;
  /** Called when the client has been disconnected because it did not read or did not answer a ping. */
  onStall(): void;
}

/** With more unsent bytes, reading is paused, so that a client that sends without reading cannot exhaust the memory. */
const unsentLimitInBytes = 1_048_576;
/** Busy connections are pinged less often by this factor: pings for thousands of connections cost as much as events. */
const busyPingFactor = 5;

/** Sends over one WebSocket, pings it, and disconnects it when it stalls. */
export class WebSocketLink implements HeartbeatListener {
  // Copied to fields, which saves an indirection for each of thousands of events.
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #writeCoalescer: WriteCoalescer;
  readonly #listener: LinkListener;
  readonly #server: ServerContext;
  readonly #stall: StallDetector;
  /** The number of heartbeats since an unanswered ping; null if there is no such ping. */
  #unansweredHeartbeats: number | null = null;
  #quietHeartbeats = 0;
  #heartbeatsSincePing = 0;
  readonly #onDrained = (): void => this.drained();

  /** `socket` is the underlying socket of the WebSocket. */
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
   * Sends a complete frame, which may be shared with other connections. Returns false if this one is no longer open. If
   * the kernel does not accept the frame at once, `by` is notified with `blocked`, and with `drained` when it has. The
   * frame bypasses ws, which would write header and payload for each connection. Without compression, ws writes each frame
   * in one piece (ws, lib/sender.js, sendFrame), so this frame cannot split another one.
   */
  sendFrame(frame: Buffer, by: WriteListener): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return false;
    this.#quietHeartbeats = 0;
    this.#writeCoalescer.put(this.#socket, frame, by);
    return true;
  }

  /** Called when the kernel has not accepted a frame yet. */
  blocked(): void {
    this.#pauseWhereUnsent();
  }

  /** Called when the kernel has accepted all frames or never will. */
  drained(): void {
    const webSocket = this.#webSocket;
    if (webSocket.isPaused && webSocket.bufferedAmount <= unsentLimitInBytes) webSocket.resume();
  }

  /** Sends a close frame; ws disconnects a client that does not reply to it. */
  close(code: number, reason: string): void {
    const webSocket = this.#webSocket;
    this.#writeCoalescer.flush();
    this.#server.heartbeat.delete(this);
    // A paused socket would not read the reply.
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
    // While reading is paused, pongs are not read either: then only the unsent bytes count.
    if (!webSocket.isPaused && this.#unansweredHeartbeats !== null) this.#unansweredHeartbeats += 1;
    if (this.#stall.isStalled() || (this.#unansweredHeartbeats ?? 0) > stallHeartbeats) {
      webSocket.terminate();
      this.#listener.onStall();
      return;
    }
    this.#quietHeartbeats += 1;
    this.#heartbeatsSincePing += 1;
    // Events also keep the connection open, but only a pong shows that the client still reads.
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
