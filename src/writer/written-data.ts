/** The data of an answer as the bytes that it is sent as, in place of an object. */
import type { ExecutionResult } from 'graphql';

/** `{"data":` and what ends it again: the whole of an answer without errors. */
const dataStart = '{"data":'.length;

/**
 * JSON in UTF-8. Whoever does not know of it sees the data all the same: `JSON.stringify` asks `toJSON`, which reads
 * the bytes again.
 */
export class WrittenData {
  #answer: Buffer;
  #release: (() => void) | null;

  /** `release` is called once nobody needs the bytes any more, where whoever takes them says so. */
  constructor(answer: Buffer, release: (() => void) | null = null) {
    this.#answer = answer;
    this.#release = release;
  }

  /** The whole answer, as it is sent where there is no error: `{"data":…}`. */
  get answer(): Buffer {
    return this.#answer;
  }

  /** The data alone. */
  get bytes(): Buffer {
    return this.answer.subarray(dataStart, -1);
  }

  /** The bytes are not needed any more, and may be another answer's from now on. */
  release(): void {
    this.#release?.();
    this.#release = null;
  }

  /** The bytes are for more than one: they stay as they are, whoever releases them, in memory of their own. */
  keep(): void {
    if (this.#release === null) return;
    this.#answer = Buffer.from(this.#answer);
    this.release();
  }

  /** The same bytes stand there as well, as a part of what is kept longer than these. */
  moveTo(answer: Buffer): void {
    this.#answer = answer;
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
