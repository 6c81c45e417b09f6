/** Results as bytes. A result for many clients is written once. */
import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import { writtenDataOf } from '../writer/written-data.ts';

/**
 * Values that are kept with a result. They are a property of it, not in a WeakMap: the values of an old WeakMap survive
 * each collection of young objects, and events are made by the hundred each second.
 */
export class KeptWithResult<Value> {
  readonly #key = Symbol('kept');

  of(result: ExecutionResult): Value | undefined {
    return (result as { readonly [key: symbol]: Value | undefined })[this.#key];
  }

  /** Returns the value. */
  keep(result: ExecutionResult, value: Value): Value {
    Object.defineProperty(result, this.#key, { value, writable: true });
    return value;
  }
}

/** The result as JSON in UTF-8; the same bytes for the same object, which must not change. */
export function resultBytes(result: ExecutionResult): Buffer {
  const written = result.errors === undefined ? writtenDataOf(result) : null;
  return written?.response ?? keptBytes(result);
}

const keptBytes = keepingBytes((result) => {
  const { errors, ...rest } = result;
  if (errors === undefined) return Buffer.from(JSON.stringify(result));
  const written = writtenDataOf(result);
  const formatted = formatErrors(errors);
  if (written === null) return Buffer.from(JSON.stringify({ errors: formatted, ...rest }));
  // In the order of graphql-js: the errors come first.
  const before = Buffer.from(`{"errors":${JSON.stringify(formatted)},"data":`);
  return Buffer.concat([before, written.bytes, objectEnd]);
});

const objectEnd = Buffer.from('}');

/** The result as an event of graphql-sse's protocol (PROTOCOL.md, "next event"). JSON has no line breaks in it. */
export const nextEventBytes = keepingBytes((result) =>
  Buffer.concat([nextEventStart, resultBytes(result), nextEventEnd]),
);

/** The same event as a chunk of an HTTP/1.1 body (RFC 9112, 7.1). */
export const nextEventChunk = keepingBytes((result) => {
  const bytes = resultBytes(result);
  const length = nextEventStart.length + bytes.length + nextEventEnd.length;
  const start = Buffer.concat([Buffer.from(`${length.toString(16)}\r\n`), nextEventStart]);
  const chunk = Buffer.concat([start, bytes, chunkEnd]);
  keepWithin(chunk, { result, start: start.length });
  return chunk;
});

/** Releases a result's own bytes, in place of which those in `whole` are used from now on. */
export function keepWithin(
  whole: Buffer,
  { result, start }: { readonly result: ExecutionResult; readonly start: number },
): void {
  const written = result.errors === undefined ? writtenDataOf(result) : null;
  written?.rebase(whole.subarray(start, start + written.response.length));
}

const nextEventStart = Buffer.from('event: next\ndata: ');
const nextEventEnd = Buffer.from('\n\n');
const chunkEnd = Buffer.from('\n\n\r\n');

/** The errors as JSON has them. */
export function formatErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
  return errors.map((error) => error.toJSON());
}

function keepingBytes(write: (result: ExecutionResult) => Buffer): (result: ExecutionResult) => Buffer {
  const kept = new KeptWithResult<Buffer>();
  return (result) => kept.of(result) ?? kept.keep(result, write(result));
}
