/** One WebSocket as bytes: what is sent, whether the client takes it, and whether the client still answers. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ServerContext } from '../context.ts';
import { StallDetector } from '../http/stall-detector.ts';
import type { EventWrites, WrittenFor } from '../sse/event-writes.ts';

/** What a link needs. */
export interface LinkParts {
  readonly socket: WebSocket;
  /** What the WebSocket runs over. */
  readonly connection: Socket;
  readonly listener: LinkListener;
  readonly context: Pick<ServerContext, 'writes' | 'heartbeat' | 'limits'>;
}

/** Hears of a link. */
export interface LinkListener {
  /** Called at each heartbeat. */
  onBeat(): void;
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
  readonly #writes: EventWrites;
  readonly #listener: LinkListener;
  readonly #context: LinkParts['context'];
  readonly #stall: StallDetector;
  /** Heartbeats since a ping that no pong has answered; null where there is none. */
  #unansweredBeats: number | null = null;
  #quietBeats = 0;
  #beatsSincePing = 0;
  readonly #onTaken = (): void => this.taken();

  constructor({ socket, connection, listener, context }: LinkParts) {
    this.#socket = socket;
    this.#connection = connection;
    this.#writes = context.writes;
    this.#listener = listener;
    this.#context = context;
    this.#stall = new StallDetector(connection, context.limits.stallBeats);
    context.heartbeat.add(this);
    socket.on('pong', () => (this.#unansweredBeats = null));
    socket.on('close', () => context.heartbeat.delete(this));
  }

  send(message: Buffer): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    this.#writes.flush();
    socket.send(message, { binary: false }, this.#onTaken);
    this.#pauseWhereUnsent();
  }

  /**
   * Sends a whole frame, which may be shared with other connections; false where this one is no longer open. `by` hears
   * when the frame is not in the kernel's hands at once, and when it is, and tells the link by `untaken` and `taken`. The
   * frame goes past ws, which would write a header and a payload for each connection: without compression ws writes each
   * frame whole and at once (ws, lib/sender.js, sendFrame), so this frame gets between none.
   */
  sendFrame(frame: Buffer, by: WrittenFor): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    this.#quietBeats = 0;
    this.#writes.put(this.#connection, frame, by);
    return true;
  }

  /** A frame waits to be taken. */
  untaken(): void {
    this.#pauseWhereUnsent();
  }

  /** What was sent is in the kernel's hands, or never will be. */
  taken(): void {
    const socket = this.#socket;
    if (socket.isPaused && socket.bufferedAmount <= unsentLimitInBytes) socket.resume();
  }

  /** Sends a close frame; ws cuts a client that does not answer it. */
  close(code: number, reason: string): void {
    const socket = this.#socket;
    this.#writes.flush();
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
    const { pingBeats, stallBeats } = this.#context.limits;
    // While nothing is read no pong is: then what is unsent counts.
    if (!socket.isPaused && this.#unansweredBeats !== null) this.#unansweredBeats += 1;
    if (this.#stall.isStalled() || (this.#unansweredBeats ?? 0) > stallBeats) {
      socket.terminate();
      this.#listener.onStall();
      return;
    }
    this.#quietBeats += 1;
    this.#beatsSincePing += 1;
    // Events keep the connection alive as well, but only a pong shows that the client still reads.
    const isDue = this.#quietBeats >= pingBeats || this.#beatsSincePing >= pingBeats * busyPingFactor;
    if (isDue && this.#unansweredBeats === null && socket.readyState === socket.OPEN) {
      this.#quietBeats = 0;
      this.#beatsSincePing = 0;
      this.#unansweredBeats = 0;
      socket.ping();
    }
    this.#listener.onBeat();
  }
}
