/** One WebSocket as bytes: what is sent, whether it is taken, and whether there is still somebody. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { EventWrites, WrittenFor } from '../sse/event-writes.ts';
import { Patience, type ConnectionLimits } from '../http/patience.ts';
import type { Pulse } from '../pulse.ts';

/** What a link needs. */
export interface LinkParts {
  readonly socket: WebSocket;
  /** What the WebSocket stands on. */
  readonly connection: Socket;
  readonly watcher: LinkWatcher;
  readonly world: LinkWorld;
}

/** What all links share. */
export interface LinkWorld {
  readonly writes: EventWrites;
  readonly pulse: Pulse;
  readonly limits: ConnectionLimits;
}

/** Who is told how a link does. */
export interface LinkWatcher {
  /** One beat of the pulse. */
  onBeat(): void;
  /** The client takes nothing, or answers no ping; by then it has been cut. */
  onStall(): void;
}

/** More that is unsent, and nothing is read until less is: nobody can fill the memory by asking without listening. */
const unsentLimitInBytes = 1_048_576;
/** So many times longer goes a busy connection without a ping than a quiet one: pings for thousands cost as much as events. */
const busyPingFactor = 5;

/** Sends over one WebSocket and watches over it. */
export class WebSocketLink {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #watcher: LinkWatcher;
  readonly #world: LinkWorld;
  readonly #unsent: Patience;
  readonly #unanswered: Patience;
  #quietBeats = 0;
  #beatsSincePing = 0;
  readonly #onTaken = (): void => this.taken();

  constructor({ socket, connection, watcher, world }: LinkParts) {
    this.#socket = socket;
    this.#connection = connection;
    this.#watcher = watcher;
    this.#world = world;
    this.#unsent = new Patience(world.limits.stallBeats, connection);
    this.#unanswered = new Patience(world.limits.stallBeats, null);
    world.pulse.join(this);
    socket.on('pong', () => {
      if (!this.#unanswered.isIdle) this.#unanswered.taken();
    });
    socket.on('close', () => world.pulse.leave(this));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(message: Buffer): void {
    if (!this.isOpen) return;
    this.#world.writes.flush();
    this.#unsent.sent();
    this.#socket.send(message, { binary: false }, this.#onTaken);
    this.#pauseWhereUnsent();
  }

  /**
   * Sends a whole frame, which others may be sent as well; false where nobody is there any more. Whoever is told that it
   * is not in the kernel's hands, and when it is, tells the link, by `untaken` and `taken`. It goes past ws, which would
   * write a head and a payload for each of them: without compression ws writes each frame whole and at once (ws,
   * lib/sender.js, sendFrame), so this gets between none.
   */
  sendFrame(frame: Buffer, by: WrittenFor): boolean {
    if (!this.isOpen) return false;
    this.#quietBeats = 0;
    this.#world.writes.put(this.#connection, frame, by);
    return true;
  }

  /** A frame waits to be taken. */
  untaken(): void {
    this.#unsent.sent();
    this.#pauseWhereUnsent();
  }

  /** What was sent is in the kernel's hands, or will never be. */
  taken(): void {
    const socket = this.#socket;
    this.#unsent.taken();
    if (socket.isPaused && socket.bufferedAmount <= unsentLimitInBytes) socket.resume();
  }

  /** Says good-bye; ws itself cuts who does not answer that. */
  close(code: number, reason: string): void {
    this.#world.writes.flush();
    this.#world.pulse.leave(this);
    // Paused, it would not hear the answer.
    this.#socket.resume();
    this.#socket.close(code, reason);
  }

  /** Events keep the connection alive as well, but only an answer shows that there is still somebody. */
  get #needsPing(): boolean {
    const { pingBeats } = this.#world.limits;
    return this.#quietBeats >= pingBeats || this.#beatsSincePing >= pingBeats * busyPingFactor;
  }

  #pauseWhereUnsent(): void {
    if (this.#socket.bufferedAmount > unsentLimitInBytes) this.#socket.pause();
  }

  /** One beat of the pulse. */
  beat(): void {
    const socket = this.#socket;
    // Where nothing is read no answer is heard: then it is the unsent that counts.
    if (this.#unsent.beat() || (!socket.isPaused && this.#unanswered.beat())) {
      socket.terminate();
      this.#watcher.onStall();
      return;
    }
    this.#quietBeats += 1;
    this.#beatsSincePing += 1;
    if (this.#needsPing && this.#unanswered.isIdle && this.isOpen) {
      this.#quietBeats = 0;
      this.#beatsSincePing = 0;
      this.#unanswered.sent();
      socket.ping();
    }
    this.#watcher.onBeat();
  }
}
