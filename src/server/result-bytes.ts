/** Serializes results. A result for many clients is serialized once. */
import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import { writtenDataOf } from '../writer/written-data.ts';

/**
 * Memoizes a function on its result object, and computes the value again if it does not match the argument. The value is a
 * property of the result, because the values of a WeakMap in the old space survive each collection of young objects.
 */
export function memoizeOnResult<Value, Argument = void>(
  make: (result: ExecutionResult, argument: Argument) => Value,
  fits: (value: Value, argument: Argument) => boolean = () => true,
): (result: ExecutionResult, argument: Argument) => Value {
  const key = Symbol('memoized');
  return (result, argument) => {
    const known = (result as { readonly [key: symbol]: Value | undefined })[key];
    if (known !== undefined && fits(known, argument)) return known;
    const value = make(result, argument);
    Object.defineProperty(result, key, { value, writable: true });
    return value;
  };
}

/** The result as JSON in UTF-8; the same bytes for the same object, which must not change. */
export function resultBytes(result: ExecutionResult): Buffer {
  const written = result.errors === undefined ? writtenDataOf(result) : null;
  return written?.response ?? memoizedBytes(result);
}

const memoizedBytes = memoizeOnResult((result) => {
  const { errors, ...rest } = result;
  if (errors === undefined) return Buffer.from(JSON.stringify(result));
  const written = writtenDataOf(result);
  const formatted = formatErrors(errors);
  if (written === null) return Buffer.from(JSON.stringify({ errors: formatted, ...rest }));
  // The order of graphql-js: errors first.
  const before = Buffer.from(`{"errors":${JSON.stringify(formatted)},"data":`);
  return Buffer.concat([before, written.bytes, objectEnd]);
});

const objectEnd = Buffer.from('}');

/** The result as an event of graphql-sse's protocol (PROTOCOL.md, "next event"). JSON has no line breaks in it. */
export const nextEventBytes = memoizeOnResult((result) =>
  Buffer.concat([nextEventStart, resultBytes(result), nextEventEnd]),
);

/** The same event as a chunk of an HTTP/1.1 body (RFC 9112, 7.1). */
export const nextEventChunk = memoizeOnResult((result) => {
  const bytes = resultBytes(result);
  const length = nextEventStart.length + bytes.length + nextEventEnd.length;
  const start = Buffer.concat([Buffer.from(`${length.toString(16)}\r\n`), nextEventStart]);
  const chunk = Buffer.concat([start, bytes, chunkEnd]);
  rebaseWithin(chunk, { result, start: start.length });
  return chunk;
});

/** Replaces a result's own bytes by those in `whole`, and releases the former. */
export function rebaseWithin(
  whole: Buffer,
  { result, start }: { readonly result: ExecutionResult; readonly start: number },
): void {
  const written = result.errors === undefined ? writtenDataOf(result) : null;
  written?.rebase(whole.subarray(start, start + written.response.length));
}

const nextEventStart = Buffer.from('event: next\ndata: ');
const nextEventEnd = Buffer.from('\n\n');
const chunkEnd = Buffer.from('\n\n\r\n');

/** The errors as in JSON. */
export function formatErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
  return errors.map((error) => error.toJSON());
}
