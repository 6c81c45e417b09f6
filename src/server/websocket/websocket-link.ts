/** One WebSocket as bytes: what is sent, whether the client takes it, and whether the client still answers. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { StallDetector } from '../http/stall-detector.ts';
import type { WriteCoalescer, WriteListener } from '../sse/write-coalescer.ts';

/** What a link needs. */
export interface LinkParts {
  readonly socket: WebSocket;
  /** What the WebSocket runs over. */
  readonly connection: Socket;
  readonly listener: LinkListener;
  readonly context: Pick<ServerContext, 'writeCoalescer' | 'heartbeat' | 'limits'>;
}

/** Hears of a link. */
export interface LinkListener {
  /** Called at each heartbeat. */
  onHeartbeat(): void;
  /** Called once the client has been cut because it took nothing, or answered no ping. */
  onStall(): void;
}

/** With more unsent, nothing is read until less is: a client that sends without reading cannot fill the memory. */
const unsentLimitInBytes = 1_048_576;
/** A busy connection is pinged so many times less often than a quiet one: pings for thousands cost as much as events. */
const busyPingFactor = 5;

/** Sends over one WebSocket, pings it, and cuts it when it stalls. */
export class WebSocketLink {
  // Fields of their own: one step less for each of thousands of events.
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #writeCoalescer: WriteCoalescer;
  readonly #listener: LinkListener;
  readonly #context: LinkParts['context'];
  readonly #stall: StallDetector;
  /** Heartbeats since a ping that no pong has answered; null where there is none. */
  #unansweredHeartbeats: number | null = null;
  #quietHeartbeats = 0;
  #heartbeatsSincePing = 0;
  readonly #onDrained = (): void => this.drained();

  constructor({ socket, connection, listener, context }: LinkParts) {
    this.#socket = socket;
    this.#connection = connection;
    this.#writeCoalescer = context.writeCoalescer;
    this.#listener = listener;
    this.#context = context;
    this.#stall = new StallDetector(connection, context.limits.stallHeartbeats);
    context.heartbeat.add(this);
    socket.on('pong', () => (this.#unansweredHeartbeats = null));
    socket.on('close', () => context.heartbeat.delete(this));
  }

  send(message: Buffer): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    this.#writeCoalescer.flush();
    socket.send(message, { binary: false }, this.#onDrained);
    this.#pauseWhereUnsent();
  }

  /**
   * Sends a whole frame, which may be shared with other connections; false where this one is no longer open. `by` hears
   * when the frame is not in the kernel's hands at once, and when it is, and tells the link by `untaken` and `taken`. The
   * frame goes past ws, which would write a header and a payload for each connection: without compression ws writes each
   * frame whole and at once (ws, lib/sender.js, sendFrame), so this frame gets between none.
   */
  sendFrame(frame: Buffer, by: WriteListener): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    this.#quietHeartbeats = 0;
    this.#writeCoalescer.put(this.#connection, frame, by);
    return true;
  }

  /** A frame waits to be taken. */
  blocked(): void {
    this.#pauseWhereUnsent();
  }

  /** What was sent is in the kernel's hands, or never will be. */
  drained(): void {
    const socket = this.#socket;
    if (socket.isPaused && socket.bufferedAmount <= unsentLimitInBytes) socket.resume();
  }

  /** Sends a close frame; ws cuts a client that does not answer it. */
  close(code: number, reason: string): void {
    const socket = this.#socket;
    this.#writeCoalescer.flush();
    this.#context.heartbeat.delete(this);
    // Paused, it would not read the answer.
    socket.resume();
    socket.close(code, reason);
  }

  #pauseWhereUnsent(): void {
    const socket = this.#socket;
    if (socket.bufferedAmount > unsentLimitInBytes) socket.pause();
  }

  onHeartbeat(): void {
    const socket = this.#socket;
    const { pingHeartbeats: pingBeats, stallHeartbeats: stallBeats } = this.#context.limits;
    // While nothing is read no pong is: then what is unsent counts.
    if (!socket.isPaused && this.#unansweredHeartbeats !== null) this.#unansweredHeartbeats += 1;
    if (this.#stall.isStalled() || (this.#unansweredHeartbeats ?? 0) > stallBeats) {
      socket.terminate();
      this.#listener.onStall();
      return;
    }
    this.#quietHeartbeats += 1;
    this.#heartbeatsSincePing += 1;
    // Events keep the connection alive as well, but only a pong shows that the client still reads.
    const isDue =
      this.#quietHeartbeats >= pingBeats || this.#heartbeatsSincePing >= pingBeats * busyPingFactor;
    if (isDue && this.#unansweredHeartbeats === null && socket.readyState === socket.OPEN) {
      this.#quietHeartbeats = 0;
      this.#heartbeatsSincePing = 0;
      this.#unansweredHeartbeats = 0;
      socket.ping();
    }
    this.#listener.onHeartbeat();
  }
}
