/** Responses in parts: NATS rejects messages that are longer than its max_payload. */
import { HvqlError } from '../errors.ts';

/** One message of a response. */
export interface ReplyPart {
  readonly bytes: Uint8Array;
  /** "1/3"; null for a whole response. */
  readonly part: string | null;
}

/** Bytes left free in each message, because max_payload includes the headers. */
const headerBytes = 1_024;

/** The messages of a response, for a connection whose messages have at most `maxPayload` bytes. */
export function partsOf(bytes: Uint8Array, maxPayload: number): readonly ReplyPart[] {
  const size = Math.max(1, maxPayload - headerBytes);
  if (bytes.length <= size) return [{ bytes, part: null }];
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, n) => ({
    bytes: bytes.subarray(n * size, (n + 1) * size),
    part: `${n + 1}/${count}`,
  }));
}

/** Reassembles responses from their parts. NATS preserves the order of the messages of one connection. */
export class ReplyAssembler {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Longer responses are rejected. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The whole response if this message is its last part; null while parts are missing. Throws LIMIT_EXCEEDED for a response
   * that is too long, and a RangeError for a part that is out of order.
   */
  add({ bytes, part }: ReplyPart): Uint8Array | null {
    const [number, count] = part === null ? [1, 1] : numbersOf(part);
    if (number !== this.#parts.length + 1)
      throw new RangeError(`part ${number} follows ${this.#parts.length}`);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) {
      const message = `The response of one host has more than ${this.#maxBytes} bytes: request fewer fields or objects of it.`;
      throw new HvqlError('LIMIT_EXCEEDED', message, { limit: this.#maxBytes, actual: this.#bytes });
    }
    if (count === 1) return this.#take(bytes);
    // A copy: the NATS client reads into a buffer that other messages share.
    this.#parts.push(Uint8Array.from(bytes));
    return number < count ? null : this.#take(Buffer.concat(this.#parts, this.#bytes));
  }

  #take(whole: Uint8Array): Uint8Array {
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }
}

function numbersOf(part: string): readonly [number: number, count: number] {
  const { number, count } = /^(?<number>\d{1,6})\/(?<count>\d{1,6})$/.exec(part)?.groups ?? {};
  if (number === undefined || count === undefined || Number(number) > Number(count))
    throw new RangeError('a part without its number');
  return [Number(number), Number(count)];
}
