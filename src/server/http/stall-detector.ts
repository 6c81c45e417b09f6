/** Clients that take nothing of what was sent to them. */
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

/** With a longer interval the end of a token would be noticed late on connections without streams. */
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
    heartbeatMilliseconds: heartbeatMilliseconds,
    pingHeartbeats: Math.floor(pingMilliseconds / heartbeatMilliseconds),
    stallMilliseconds,
    stallHeartbeats: Math.ceil(stallMilliseconds / heartbeatMilliseconds),
  };
}

/**
 * Counts heartbeats in which the client of a connection takes nothing although bytes wait for it; not time, so that no
 * client is cut because this process stood still. Each byte taken starts the count again: a slow line gets large
 * responses too.
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

  /** To be called at each heartbeat. */
  isStalled(): boolean {
    if (this.#socket.writableLength === 0) {
      this.#heartbeats = 0;
      return false;
    }
    this.#heartbeats += 1;
    const taken = takenBytes(this.#socket);
    if (taken > this.#takenBytes) this.#heartbeats = 0;
    this.#takenBytes = Math.max(this.#takenBytes, taken);
    return this.#heartbeats > this.#limitInHeartbeats;
  }
}

/** What node's stream handle knows (`StreamBase`, `LibuvStreamWrap`); node's own timeouts use it as well. */
interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  /** Of TLS: the handle of the connection below it. */
  readonly _parent?: StreamHandle;
}

/**
 * The bytes that the kernel has taken. No public property has this of a write that is under way; where node renames
 * these, only whole writes count.
 */
function takenBytes(socket: Socket): number {
  const own = (socket as { _handle?: StreamHandle | null })._handle;
  const { bytesWritten, writeQueueSize } = own?._parent ?? own ?? {};
  if (bytesWritten === undefined || writeQueueSize === undefined)
    return socket.bytesWritten - socket.writableLength;
  return bytesWritten - writeQueueSize;
}
