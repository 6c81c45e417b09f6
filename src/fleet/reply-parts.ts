/** Answers in parts: NATS refuses messages that are longer than its max_payload. */
import { HvqlError } from '../errors.ts';

/** One message of an answer. */
export interface ReplyPart {
  readonly bytes: Uint8Array;
  /** "1/3"; null for a whole answer. */
  readonly part: string | null;
}

/** Bytes left free in each message, because max_payload includes the headers. */
const headerBytes = 1_024;

/** The messages of an answer, for a connection whose messages have at most `maxPayload` bytes. */
export function partsOf(bytes: Uint8Array, maxPayload: number): readonly ReplyPart[] {
  const size = Math.max(1, maxPayload - headerBytes);
  if (bytes.length <= size) return [{ bytes, part: null }];
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, n) => ({
    bytes: bytes.subarray(n * size, (n + 1) * size),
    part: `${n + 1}/${count}`,
  }));
}

/** Puts the parts of answers together. NATS keeps the order of what one connection publishes. */
export class ReplyAssembler {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Longer answers are refused. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The whole answer with this message as its last part; null while parts are missing. Throws LIMIT_EXCEEDED for an answer
   * that is too long, and a RangeError for a part that does not follow the one before.
   */
  add({ bytes, part }: ReplyPart): Uint8Array | null {
    const [number, count] = part === null ? [1, 1] : numbersOf(part);
    if (number !== this.#parts.length + 1)
      throw new RangeError(`part ${number} follows ${this.#parts.length}`);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) {
      const message = `The answer of one host has more than ${this.#maxBytes} bytes: ask for less of it.`;
      throw new HvqlError('LIMIT_EXCEEDED', message, { limit: this.#maxBytes, actual: this.#bytes });
    }
    if (count === 1) return this.#take(bytes);
    // A copy: the client of NATS reads into a buffer that other messages share.
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
