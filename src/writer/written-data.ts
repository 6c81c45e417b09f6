/** The data of a response as bytes instead of an object. */
import type { ExecutionResult } from 'graphql';

/** A response without errors is `{"data":` … `}`. */
const dataStart = '{"data":'.length;

/** The data as JSON in UTF-8. `JSON.stringify` works on it too, because `toJSON` parses the bytes. */
export class WrittenData {
  #response: Buffer;
  #recycle: (() => void) | null;
  #references = 1;

  /**
   * The creator owns one reference. `recycle` is called when the last reference is released; if one is never released,
   * the memory is garbage-collected.
   */
  constructor(response: Buffer, recycle: (() => void) | null = null) {
    this.#response = response;
    this.#recycle = recycle;
  }

  /** The whole response without errors: `{"data":…}`. */
  get response(): Buffer {
    return this.#response;
  }

  /** The data alone. */
  get bytes(): Buffer {
    return this.response.subarray(dataStart, -1);
  }

  /** The memory of the response, including unused space of its buffer. */
  get memoryInBytes(): number {
    return this.#response.buffer.byteLength;
  }

  /** Adds a reference, to be released by its owner or never. */
  retain(): void {
    this.#references += 1;
  }

  /** Removes a reference. After the last one the memory may be reused for another response. */
  release(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    this.#recycle?.();
    this.#recycle = null;
  }

  /** Copies the bytes to memory that is never reused. Call it before the bytes are shared. */
  detach(): void {
    if (this.#recycle === null) return;
    this.#response = Buffer.from(this.#response);
    this.release();
  }

  /** Refers to a copy of the same bytes in a longer-lived buffer, and releases its own. */
  rebase(response: Buffer): void {
    this.#response = response;
    this.release();
  }

  toJSON(): unknown {
    return JSON.parse(this.bytes.toString());
  }
}

/** A result in the type of graphql-js. */
export function writtenResult(
  data: WrittenData | null,
  errors: NonNullable<ExecutionResult['errors']>,
): ExecutionResult {
  // A class has no index signature, so the type needs a cast.
  const result = data as unknown as Record<string, unknown> | null;
  return errors.length === 0 ? { data: result } : { errors, data: result };
}

/** The data of a result if it is bytes; null if it is an object or absent. */
export function writtenDataOf({ data }: ExecutionResult): WrittenData | null {
  return (data as unknown) instanceof WrittenData ? (data as unknown as WrittenData) : null;
}
