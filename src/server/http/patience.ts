/** How long a connection may be quiet, and how long a client may leave untaken what was sent to it. */
import type { Socket } from 'node:net';

/** How patient the service is with connections, counted in beats of its pulse. */
export interface ConnectionLimits {
  readonly beatMilliseconds: number;
  /** Beats of quiet after which something is sent, so that no proxy takes the connection for dead. */
  readonly pingBeats: number;
  readonly stallMilliseconds: number;
  /** Beats that a client may leave untaken what was sent to it. */
  readonly stallBeats: number;
}

/** More rarely than so the end of a token would be noticed late on connections without streams. */
const longestBeatMilliseconds = 3_000;

/** The limits in beats. A beat is three seconds, or less where the limits are short: it looks at each connection. */
export function connectionLimits(limits: {
  readonly pingMilliseconds: number;
  readonly stallMilliseconds: number;
}): ConnectionLimits {
  const { pingMilliseconds, stallMilliseconds } = limits;
  const beatMilliseconds = Math.max(
    1,
    Math.min(longestBeatMilliseconds, pingMilliseconds / 4, stallMilliseconds / 4),
  );
  return {
    beatMilliseconds,
    pingBeats: Math.floor(pingMilliseconds / beatMilliseconds),
    stallMilliseconds,
    stallBeats: Math.ceil(stallMilliseconds / beatMilliseconds),
  };
}

/**
 * How long a client leaves untaken what was sent to it, in beats: while this process itself stands still, nobody's
 * patience runs out. Each byte that the client takes starts the time again, so that a slow line gets large answers too.
 */
export class Patience {
  readonly #limitInBeats: number;
  readonly #connection: Socket | null;
  #takenBytes = 0;
  #pending = 0;
  #beats = 0;

  /** `connection` is what it was sent over; null where an answer is waited for and not that bytes are taken. */
  constructor(limitInBeats: number, connection: Socket | null) {
    this.#limitInBeats = limitInBeats;
    this.#connection = connection;
  }

  /** Whether all that was sent has been taken. */
  get isIdle(): boolean {
    return this.#pending === 0;
  }

  /** Something was sent. */
  sent(): void {
    if (this.#pending === 0) this.#beats = 0;
    this.#pending += 1;
  }

  /** Something was taken. */
  taken(): void {
    this.#pending -= 1;
    this.#beats = 0;
  }

  /** Counts a beat; true once nothing has been taken for too long. */
  beat(): boolean {
    if (this.#pending === 0) return false;
    this.#beats += 1;
    if (this.#connection !== null) {
      const taken = takenBytes(this.#connection);
      if (taken > this.#takenBytes) this.#beats = 0;
      this.#takenBytes = Math.max(this.#takenBytes, taken);
    }
    return this.#beats > this.#limitInBeats;
  }
}

/** What node's handle of a stream knows (`StreamBase` and `LibuvStreamWrap`); node's own timeouts go by it as well. */
interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  /** Of TLS: the handle of the connection below it. */
  readonly _parent?: StreamHandle;
}

/**
 * How many bytes of what was written the kernel has taken, on a connection that is open. No public property says so of a
 * write that is under way; where node has these by other names, only whole writes count.
 */
function takenBytes(connection: Socket): number {
  const own = (connection as { _handle?: StreamHandle | null })._handle;
  const { bytesWritten, writeQueueSize } = own?._parent ?? own ?? {};
  if (bytesWritten === undefined || writeQueueSize === undefined)
    return connection.bytesWritten - connection.writableLength;
  return bytesWritten - writeQueueSize;
}
