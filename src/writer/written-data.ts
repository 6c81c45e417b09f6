/** The data of an answer as the bytes that it is sent as, in place of an object. */
import type { ExecutionResult } from 'graphql';

/** `{"data":` and what ends it again: the whole of an answer without errors. */
const dataStart = '{"data":'.length;

/**
 * JSON in UTF-8. Whoever does not know of it sees the data all the same: `JSON.stringify` asks `toJSON`, which reads
 * the bytes again.
 */
export class WrittenData {
  #response: Buffer;
  #recycle: (() => void) | null;
  #references = 1;

  /**
   * Held once, by whoever it is made for. `takeBack` gets the memory once all who hold the bytes have released them; of
   * those who never do, it becomes garbage.
   */
  constructor(response: Buffer, recycle: (() => void) | null = null) {
    this.#response = response;
    this.#recycle = recycle;
  }

  /** The whole answer, as it is sent where there is no error: `{"data":…}`. */
  get response(): Buffer {
    return this.#response;
  }

  /** The data alone. */
  get bytes(): Buffer {
    return this.response.subarray(dataStart, -1);
  }

  /** What the answer takes, with the room that it was written into. */
  get memoryInBytes(): number {
    return this.#response.buffer.byteLength;
  }

  /** The bytes are for one more, who either releases them as well or never does. */
  retain(): void {
    this.#references += 1;
  }

  /** One of those who hold the bytes needs them no more: after the last one they may be another answer's. */
  release(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    this.#recycle?.();
    this.#recycle = null;
  }

  /**
   * The bytes are for anybody, and stay as they are, in memory of their own. To be called before anybody else has them.
   */
  detach(): void {
    if (this.#recycle === null) return;
    this.#response = Buffer.from(this.#response);
    this.release();
  }

  /** The same bytes stand there as well, as a part of what is kept longer than these. */
  rebase(response: Buffer): void {
    this.#response = response;
    this.release();
  }

  toJSON(): unknown {
    return JSON.parse(this.bytes.toString());
  }
}

/** A result in the type that graphql-js has for results. */
export function writtenResult(
  data: WrittenData | null,
  errors: NonNullable<ExecutionResult['errors']>,
): ExecutionResult {
  // A class has no index signature, though it is an object like any other.
  const result = data as unknown as Record<string, unknown> | null;
  return errors.length === 0 ? { data: result } : { errors, data: result };
}

/** The data of a result where it is bytes; null where it is an object, or there is none. */
export function writtenDataOf({ data }: ExecutionResult): WrittenData | null {
  return (data as unknown) instanceof WrittenData ? (data as unknown as WrittenData) : null;
}
