/** Messages on a stream of bytes: a length, a kind, the number of the question, and the rest. */

/** What a message is about. */
export const frameKinds = {
  /** Asks which objects exist; says which version of the answer is known already. */
  requestTopology: 1,
  /** Asks for readings. */
  requestReadings: 2,
  /** Nobody waits for the answer any more. */
  cancel: 3,
  topology: 4,
  /** The version that is known is still the one. */
  sameTopology: 5,
  /** Outcomes of some of the objects, in their order; more frames follow until there are as many as were asked for. */
  readings: 6,
  failed: 7,
  /** A layout that readings refer to by its number: they are told in the order of their numbers, and belong to no question. */
  layout: 8,
  /** What the source says of itself, where that has changed; belongs to no question. */
  facts: 9,
} as const;

/** One message. */
export interface Frame {
  readonly kind: number;
  /** The number of the question that it asks, cancels or answers. */
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

/** Finds messages in bytes as they come. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  /** The messages that are complete with this chunk. Throws a RangeError on a length that no message has. */
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

  /** The length of the next message; of the shortest while that is not there yet. */
  #nextLength(): number {
    if (this.#size < lengthInBytes) return headInBytes;
    const [first] = this.#chunks;
    const length = (first && first.length >= lengthInBytes ? first : this.#gather()).readUInt32LE(0);
    if (length >= headInBytes && length <= frameLimitInBytes) return length;
    throw new RangeError(`A message has ${length} bytes, but one has ${headInBytes} to ${frameLimitInBytes}`);
  }

  /** All bytes in one piece: put together once a message, not once a chunk. */
  #gather(): Buffer {
    const [first] = this.#chunks;
    const bytes = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}
