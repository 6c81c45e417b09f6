/** One WebSocket as bytes: what is sent, whether it is taken, and whether there is still somebody. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Patience, type ConnectionLimits } from './patience.ts';
import type { Pulse } from './pulse.ts';

/** What a link needs. */
export interface LinkParts {
  readonly socket: WebSocket;
  /** What the WebSocket stands on. */
  readonly connection: Socket;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
  /** Called at each beat of the pulse. */
  readonly onBeat: () => void;
  /** The client takes nothing, or answers no ping; by then it has been cut. */
  readonly onStall: () => void;
}

/** More that is unsent, and nothing is read until less is: nobody can fill the memory by asking without listening. */
const unsentLimitInBytes = 1_048_576;

/** Sends over one WebSocket and watches over it. */
export class WebSocketLink {
  readonly #parts: LinkParts;
  readonly #unsent: Patience;
  readonly #unanswered: Patience;
  readonly #leave: () => void;
  #quietBeats = 0;
  readonly #onTaken = (): void => {
    const { socket } = this.#parts;
    this.#unsent.taken();
    if (socket.isPaused && socket.bufferedAmount <= unsentLimitInBytes) socket.resume();
  };

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#unsent = new Patience(parts.limits.stallBeats);
    this.#unanswered = new Patience(parts.limits.stallBeats);
    this.#leave = parts.pulse.join(() => this.#beat());
    parts.socket.on('pong', () => {
      if (!this.#unanswered.isIdle) this.#unanswered.taken();
    });
    parts.socket.once('close', this.#leave);
  }

  get isOpen(): boolean {
    return this.#parts.socket.readyState === this.#parts.socket.OPEN;
  }

  send(message: Buffer): void {
    const { socket } = this.#parts;
    if (!this.isOpen) return;
    this.#unsent.sent();
    socket.send(message, { binary: false }, this.#onTaken);
    this.#pauseWhereUnsent();
  }

  /**
   * Sends a whole frame, which others may be sent as well, and calls back once it is in the kernel's hands; never where
   * the connection is gone. It goes past ws, which would write a head and a payload for each of them: without
   * compression ws writes each frame whole and at once (ws, lib/sender.js, sendFrame), so this gets between none.
   */
  sendFrame(frame: Buffer, onTaken: () => void): void {
    if (!this.isOpen) return;
    this.#unsent.sent();
    this.#parts.connection.write(frame, (error) => {
      this.#onTaken();
      if (error == null) onTaken();
    });
    this.#pauseWhereUnsent();
  }

  /** Says good-bye; ws itself cuts who does not answer that. */
  close(code: number, reason: string): void {
    this.#leave();
    // Paused, it would not hear the answer.
    this.#parts.socket.resume();
    this.#parts.socket.close(code, reason);
  }

  #pauseWhereUnsent(): void {
    const { socket } = this.#parts;
    if (socket.bufferedAmount > unsentLimitInBytes) socket.pause();
  }

  #beat(): void {
    const { socket, limits, onBeat, onStall } = this.#parts;
    // Where nothing is read no answer is heard: then it is the unsent that counts.
    if (this.#unsent.beat() || (!socket.isPaused && this.#unanswered.beat())) {
      socket.terminate();
      onStall();
      return;
    }
    this.#quietBeats += 1;
    if (this.#quietBeats >= limits.pingBeats && this.#unanswered.isIdle && this.isOpen) {
      this.#quietBeats = 0;
      this.#unanswered.sent();
      socket.ping();
    }
    onBeat();
  }
}
