/** Memory that answers are written into, used again: for a large answer that alone saves a third of its time. */
import { ByteSink } from './byte-sink.ts';

/** Answers of which the bytes are on their way at the same time; more of them take memory of their own. */
const keptSinks = 16;
/** An answer that is larger is rare, and its memory is better given back. */
const largestKeptInBytes = 4_194_304;

const free: ByteSink[] = [];

/** An empty sink, which nobody else has. */
export function lendSink(): ByteSink {
  return free.pop() ?? new ByteSink();
}

/** Takes a sink back that nobody reads any more; one that never comes back is garbage. */
export function takeBack(sink: ByteSink): void {
  sink.length = 0;
  if (free.length < keptSinks && sink.sizeInBytes <= largestKeptInBytes) free.push(sink);
}
