/**
 * Events are written where all of a turn have been made: one write right after the other. What is kept of a stream and
 * what node keeps of its socket do not drive each other out of the processor's memory then, and a client that is woken
 * by the first write is still busy with it at the next, and need not be woken again: a tenth of the time of ten thousand.
 */
import type { Socket } from 'node:net';

/** For whom bytes are written. */
export interface WrittenFor {
  /** Not all of them are in the kernel's hands, as they nearly always are at once: `onTaken` will be called. */
  untaken(): void;
  /** They are now, or never will be. */
  readonly onTaken: (problem?: Error | null) => void;
}

interface Waiting {
  readonly socket: Socket;
  readonly bytes: Buffer;
  readonly by: WrittenFor;
}

/** More do not wait: the first ones would rather be on their way. */
const mostWaiting = 1_000;
const nothing = Buffer.alloc(0);

/** What is to be written in this turn. */
export class EventWrites {
  #waiting: Waiting[] = [];

  /**
   * Writes before the turn ends. Whoever writes to the same socket in another way has all that waits written first, by
   * `flush`.
   */
  put(socket: Socket, bytes: Buffer, by: WrittenFor): void {
    if (this.#waiting.length === 0) queueMicrotask(this.#onTurnEnd);
    this.#waiting.push({ socket, bytes, by });
    if (this.#waiting.length >= mostWaiting) this.flush();
  }

  /** Writes all that waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) write(each);
  }

  readonly #onTurnEnd = (): void => this.flush();
}

/**
 * To be called back by node would cost a turn and some objects for each of thousands (lib/internal/streams/writable.js,
 * onwrite). A TLS connection always takes its time.
 */
function write({ socket, bytes, by }: Waiting): void {
  if (socket.writableLength > 0 || 'encrypted' in socket) {
    by.untaken();
    socket.write(bytes, by.onTaken);
    return;
  }
  socket.write(bytes);
  if (socket.writableLength === 0) return;
  by.untaken();
  // Calls back behind what is left.
  socket.write(nothing, by.onTaken);
}
