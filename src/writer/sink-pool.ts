/** Memory that answers are written into, used again: for a large answer that alone saves a third of its time. */
import { ByteSink } from './byte-sink.ts';

/** Answers that leave together; more of them take memory of their own. */
const maxSinks = 64;
const maxBytes = 16_777_216;

const free: ByteSink[] = [];
let freeBytes = 0;

/** An empty sink, which nobody else has. */
export function acquireSink(): ByteSink {
  const sink = free.pop();
  if (sink === undefined) return new ByteSink();
  freeBytes -= sink.sizeInBytes;
  return sink;
}

/** Takes a sink back that nobody reads any more; one that never comes back is garbage. */
export function releaseSink(sink: ByteSink): void {
  if (free.length >= maxSinks || freeBytes + sink.sizeInBytes > maxBytes) return;
  sink.length = 0;
  freeBytes += sink.sizeInBytes;
  free.push(sink);
}
