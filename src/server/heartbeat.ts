/** One timer for all connections, and what is counted in its beats: pings, and clients that take nothing. */
import type { Socket } from 'node:net';

/** The limits of connections, counted in heartbeats. */
export interface ConnectionLimits {
  readonly heartbeatMilliseconds: number;
  /** Quiet heartbeats after which a ping is sent, so that no proxy takes the connection for dead. */
  readonly pingHeartbeats: number;
  readonly stallMilliseconds: number;
  /** Heartbeats in which a client may take nothing of what was sent to it. */
  readonly stallHeartbeats: number;
}

/** With a longer interval, connections without streams would notice the end of a token late. */
const longestHeartbeatMilliseconds = 3_000;

/** The limits in heartbeats, of three seconds at most: each one visits every connection. */
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

/** Calls its listeners at an interval. Without listeners there is no timer. */
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
 * Counts heartbeats in which a client takes none of the bytes that wait for it. Time does not count: this process may
 * stand still. Each byte taken starts the count again.
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

/** What node's stream handle knows (`StreamBase`, `LibuvStreamWrap`); of TLS, `_parent` is the connection below. */
interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  readonly _parent?: StreamHandle;
}

/** The bytes that the kernel has taken. Where node renames these internals, only whole writes count. */
function takenBytes(socket: Socket): number {
  const own = (socket as { _handle?: StreamHandle | null })._handle;
  const { bytesWritten, writeQueueSize } = own?._parent ?? own ?? {};
  if (bytesWritten === undefined || writeQueueSize === undefined)
    return socket.bytesWritten - socket.writableLength;
  return bytesWritten - writeQueueSize;
}
