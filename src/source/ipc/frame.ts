/** Messages on a stream of bytes: length, kind, number of the request, body. */

/** The kinds of messages. */
export const frameKinds = {
  /** Requests the topology; names the version that is known already. */
  requestTopology: 1,
  /** Requests readings. */
  requestReadings: 2,
  /** The caller no longer waits for the response. */
  cancel: 3,
  topology: 4,
  /** The known version is still current. */
  sameTopology: 5,
  /** Outcomes of some of the objects, in their order; more frames follow until there is one for each object. */
  readings: 6,
  failed: 7,
  /** A layout that readings refer to by its number: layouts are sent in the order of their numbers, outside of requests. */
  layout: 8,
  /** Properties of the source that have changed; outside of requests. */
  facts: 9,
  /** Requests the history. */
  requestPast: 10,
  /** A part of the response; more frames follow until there is a history for each object. */
  past: 11,
  /** Readings of a process, for the history that the other end keeps; outside of requests. */
  hold: 12,
} as const;

/** One message. */
export interface Frame {
  readonly kind: number;
  /** The number of the request that it starts, cancels or responds to. */
  readonly request: number;
  readonly body: Buffer;
}

const lengthInBytes = 4;
const headInBytes = 5;
/** Above what the largest host's topology takes; readings come in parts. */
const frameLimitInBytes = 64 * 1_048_576;

/** The bytes of a message, in order. */
export function encodeFrame({ kind, request, body }: Frame): Buffer {
  const frame = Buffer.allocUnsafe(lengthInBytes + headInBytes + body.length);
  frame.writeUInt32LE(headInBytes + body.length, 0);
  frame.writeUInt8(kind, lengthInBytes);
  frame.writeUInt32LE(request, lengthInBytes + 1);
  body.copy(frame, lengthInBytes + headInBytes);
  return frame;
}

/** Finds messages in chunks of bytes. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  /** The messages that this chunk completes. Throws a RangeError on an invalid length. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const frames: Frame[] = [];
    for (;;) {
      const needed = lengthInBytes + this.#nextLength();
      if (this.#size < needed) return frames;
      const bytes = this.#gather();
      frames.push({
        kind: bytes.readUInt8(lengthInBytes),
        request: bytes.readUInt32LE(lengthInBytes + 1),
        body: bytes.subarray(lengthInBytes + headInBytes, needed),
      });
      this.#chunks = [bytes.subarray(needed)];
      this.#size -= needed;
    }
  }

  /** The length of the next message; that of the shortest message until its length has arrived. */
  #nextLength(): number {
    if (this.#size < lengthInBytes) return headInBytes;
    const [first] = this.#chunks;
    const length = (first && first.length >= lengthInBytes ? first : this.#gather()).readUInt32LE(0);
    if (length >= headInBytes && length <= frameLimitInBytes) return length;
    throw new RangeError(`A message has ${length} bytes, but one has ${headInBytes} to ${frameLimitInBytes}`);
  }

  /** All bytes in one buffer: concatenated once for each message, not for each chunk. */
  #gather(): Buffer {
    const [first] = this.#chunks;
    const bytes = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}
