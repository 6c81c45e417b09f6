/** One timer for all connections. Pings and stalled clients are counted in its ticks. */
import type { Socket } from 'node:net';

/** The limits of connections, counted in heartbeats. */
export interface ConnectionLimits {
  readonly heartbeatMilliseconds: number;
  /** The number of heartbeats without traffic after which a ping is sent, so that proxies keep the connection open. */
  readonly pingHeartbeats: number;
  readonly stallMilliseconds: number;
  /** The number of heartbeats for which a client may read nothing of the pending data. */
  readonly stallHeartbeats: number;
}

/** With a longer interval, connections without streams would notice an expired token too late. */
const longestHeartbeatMilliseconds = 3_000;

/** Converts the limits to heartbeats of at most three seconds. Each heartbeat visits every connection. */
export function connectionLimits(limits: {
  readonly pingMilliseconds: number;
  readonly stallMilliseconds: number;
}): ConnectionLimits {
  const { pingMilliseconds, stallMilliseconds } = limits;
  const shortest = Math.min(longestHeartbeatMilliseconds, pingMilliseconds / 4, stallMilliseconds / 4);
  const heartbeatMilliseconds = Math.max(1, shortest);
  return {
    heartbeatMilliseconds,
    pingHeartbeats: Math.floor(pingMilliseconds / heartbeatMilliseconds),
    stallMilliseconds,
    stallHeartbeats: Math.ceil(stallMilliseconds / heartbeatMilliseconds),
  };
}

/** Called at each heartbeat. */
export interface HeartbeatListener {
  onHeartbeat(): void;
}

/** Calls its listeners at an interval. Without listeners, no timer runs. */
export class Heartbeat {
  readonly #milliseconds: number;
  readonly #listeners = new Set<HeartbeatListener>();
  #timer: NodeJS.Timeout | null = null;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  add(listener: HeartbeatListener): void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      for (const each of this.#listeners) each.onHeartbeat();
    }, this.#milliseconds);
  }

  delete(listener: HeartbeatListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

/**
 * Counts heartbeats in which a client reads none of the pending bytes. Elapsed time is not used, because this process may
 * be suspended. Each byte read resets the count.
 */
export class StallDetector {
  readonly #socket: Socket;
  readonly #limitInHeartbeats: number;
  #takenBytes = 0;
  #heartbeats = 0;

  constructor(socket: Socket, limitInHeartbeats: number) {
    this.#socket = socket;
    this.#limitInHeartbeats = limitInHeartbeats;
  }

  /** Call it at each heartbeat. */
  isStalled(): boolean {
    if (this.#socket.writableLength === 0) {
      this.#heartbeats = 0;
      return false;
    }
    this.#heartbeats += 1;
    const bytes = takenBytes(this.#socket);
    if (bytes > this.#takenBytes) this.#heartbeats = 0;
    this.#takenBytes = Math.max(this.#takenBytes, bytes);
    return this.#heartbeats > this.#limitInHeartbeats;
  }
}

/** Fields of Node's stream handle (`StreamBase`, `LibuvStreamWrap`); with TLS, `_parent` is the underlying connection. */
interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  readonly _parent?: StreamHandle;
}

/** The bytes that the kernel has accepted. If Node renames these internals, only complete writes count. */
function takenBytes(socket: Socket): number {
  const own = (socket as { _handle?: StreamHandle | null })._handle;
  const { bytesWritten, writeQueueSize } = own?._parent ?? own ?? {};
  if (bytesWritten === undefined || writeQueueSize === undefined)
    return socket.bytesWritten - socket.writableLength;
  return bytesWritten - writeQueueSize;
}
