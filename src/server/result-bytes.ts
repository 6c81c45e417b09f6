/** Results as bytes. A result that goes to many is written once. */
import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import { writtenDataOf } from '../writer/written-data.ts';
import { KeptWithResult } from './kept-with-result.ts';

/** The result as JSON in UTF-8; the same bytes for the same object, which must not change. */
export function resultBytes(result: ExecutionResult): Buffer {
  // They are there already: nothing is to be kept, nor looked for.
  if (result.errors === undefined) {
    const written = writtenDataOf(result);
    if (written !== null) return written.answer;
  }
  return keptBytes(result);
}

const keptBytes = keepingBytes((result) => {
  const written = writtenDataOf(result);
  const { errors, ...rest } = result;
  if (errors === undefined) return Buffer.from(JSON.stringify(result));
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
  const chunk = Buffer.concat([start, bytes, lastChunkEnd]);
  keepWithin(chunk, { result, start: start.length });
  return chunk;
});

/** Lets go of a result's own bytes: what they became part of is there for as long. */
export function keepWithin(
  whole: Buffer,
  { result, start }: { readonly result: ExecutionResult; readonly start: number },
): void {
  const written = result.errors === undefined ? writtenDataOf(result) : null;
  written?.moveTo(whole.subarray(start, start + written.answer.length));
}

const nextEventStart = Buffer.from('event: next\ndata: ');
const nextEventEnd = Buffer.from('\n\n');
const lastChunkEnd = Buffer.from('\n\n\r\n');

/** The errors as JSON has them. */
export function formatErrors(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
  return errors.map((error) => error.toJSON());
}

function keepingBytes(write: (result: ExecutionResult) => Buffer): (result: ExecutionResult) => Buffer {
  const kept = new KeptWithResult<Buffer>();
  return (result) => kept.of(result) ?? kept.keep(result, write(result));
}
