/**
 * History queries and their results as bytes for another process. One reading of an object is sent whole, and the
 * others as their differences from it: a tenth of the bytes.
 */
import { applyDelta, mostDeltaBytes, wordSizeInBytes, writeDelta } from '../../snapshot/cell-delta.ts';
import { readingInCells } from '../../snapshot/cell-reading.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import { packed } from '../../snapshot/packed-reading.ts';
import type { Past, PastMoment, PastQuestion, PastSample } from '../../snapshot/past.ts';
import type { NamedLayout, Reading } from '../../snapshot/reading.ts';
import { HvqlError } from '../../errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { ReceivedLayouts, SentLayouts } from './layout-bytes.ts';
import { decodeNames, encodeNames } from './name-bytes.ts';
import { namedLayoutOf, readMoment, readOutcome, writeMoment, writeOutcome } from './outcome-bytes.ts';

const sampleKinds = { whole: 0, difference: 1 } as const;
/** In place of a time that is absent in a query. */
const noTime = -1;
/** Above this size, further objects are in another frame. */
const frameBytes = 1_048_576;

/** Queries, and the maximum number of samples in their results. */
export interface AskedPast {
  readonly questions: readonly PastQuestion[];
  readonly most: number;
}

export function encodeQuestions({ questions, most }: AskedPast): Buffer {
  const bytes = new ByteWriter();
  bytes.double(most);
  for (const { objects, last, step } of questions) {
    bytes.double(last ?? noTime);
    bytes.double(step ?? noTime);
    const names = encodeNames(objects);
    bytes.u32(names.length);
    bytes.bytes(names);
  }
  return bytes.finish();
}

export function decodeQuestions(body: Buffer): AskedPast {
  const bytes = new ByteReader(body);
  const most = bytes.double();
  const questions: PastQuestion[] = [];
  while (!bytes.isAtEnd) {
    const [last, step] = [bytes.double(), bytes.double()];
    const objects = decodeNames(bytes.bytes(bytes.u32()));
    questions.push({ objects, last: timeOf(last), step: timeOf(step) });
  }
  return { questions, most };
}

function timeOf(milliseconds: number): number | null {
  return milliseconds === noTime ? null : milliseconds;
}

/** The bodies of the response frames: the times first, and then the objects in their order. */
export function* pastBodies(
  { objects }: PastQuestion,
  { pasts, layouts }: { readonly pasts: readonly Past[]; readonly layouts: SentLayouts },
): Iterable<Buffer> {
  const numbers = new Map<PastMoment, number>();
  for (const past of pasts)
    for (const { snapshot } of samplesOf(past))
      if (!numbers.has(snapshot)) numbers.set(snapshot, numbers.size);
  let bytes = new ByteWriter();
  bytes.u32(numbers.size);
  for (const { at } of numbers.keys()) {
    bytes.double(at.wallMilliseconds);
    bytes.i64(at.monotonicNanoseconds);
  }
  for (const [n, past] of pasts.entries()) {
    const name = objects[n];
    if (name === undefined) break;
    if (bytes.length > frameBytes) {
      yield bytes.finish();
      bytes = new ByteWriter();
    }
    bytes.u8(past.before === null ? 0 : 1);
    bytes.u32(samplesOf(past).length);
    writeSamples({ bytes, layouts, numbers }, { name, samples: samplesOf(past) });
  }
  yield bytes.finish();
}

function samplesOf({ before, samples }: Past): readonly PastSample[] {
  return before === null ? samples : [before, ...samples];
}

interface PastWriter {
  readonly bytes: ByteWriter;
  readonly layouts: SentLayouts;
  readonly numbers: ReadonlyMap<PastMoment, number>;
}

function writeSamples(
  { bytes, layouts, numbers }: PastWriter,
  { name, samples }: { readonly name: ObjectName; readonly samples: readonly PastSample[] },
): void {
  let base: Reading['cells'] | null = null;
  for (const sample of samples) {
    bytes.u32(numbers.get(sample.snapshot) ?? 0);
    const small = packed(sample.reading(), name.object);
    const { cells, at } = small;
    if (cells !== undefined && base?.layout === cells.layout && isLike(base.view, cells.view)) {
      bytes.u8(sampleKinds.difference);
      const difference = differenceOf(base.view, cells.view);
      bytes.u16(difference.length);
      bytes.bytes(difference);
      writeMoment(bytes, at);
      continue;
    }
    bytes.u8(sampleKinds.whole);
    writeOutcome({ bytes, layouts }, { name, outcome: small });
    base = cells !== undefined && small.page === null ? cells : null;
  }
}

function isLike({ byteLength }: DataView, other: DataView): boolean {
  return other.byteLength === byteLength && byteLength % wordSizeInBytes === 0;
}

/** Overwritten by the next one. */
let scratch = new Uint8Array();

function differenceOf(base: DataView, view: DataView): Uint8Array {
  const words = view.byteLength / wordSizeInBytes;
  if (scratch.length < mostDeltaBytes(words)) scratch = new Uint8Array(mostDeltaBytes(words));
  const length = writeDelta(new DataView(scratch.buffer), { base, view, words });
  return scratch.subarray(0, length);
}

/** Collects the results of queries from the bodies of frames. */
export class PastCollector {
  readonly #questions: readonly PastQuestion[];
  readonly #layouts: ReceivedLayouts;
  readonly #answers: (readonly Past[])[] = [];
  #pasts: Past[] = [];
  /** The times of the query whose objects are being received; null before they have arrived. */
  #moments: readonly PastMoment[] | null = null;

  constructor(questions: readonly PastQuestion[], layouts: ReceivedLayouts) {
    this.#questions = questions;
    this.#layouts = layouts;
  }

  /** Takes the body of a frame. Returns the results once they are complete, else null. */
  take(body: Buffer): readonly (readonly Past[])[] | null {
    // Copied: differences are read later, and must not keep the whole chunk in memory.
    const bytes = new ByteReader(Buffer.from(body));
    const moments = (this.#moments ??= readMoments(bytes));
    const { objects = [] } = this.#questions[this.#answers.length] ?? {};
    while (!bytes.isAtEnd) {
      const name = objects[this.#pasts.length];
      if (name === undefined) throw new RangeError('There are more pasts than objects');
      this.#pasts.push(this.#readPast(bytes, { name, moments }));
    }
    if (this.#pasts.length === objects.length) {
      this.#answers.push(this.#pasts);
      this.#pasts = [];
      this.#moments = null;
    }
    return this.#answers.length === this.#questions.length ? this.#answers : null;
  }

  #readPast(
    bytes: ByteReader,
    { name, moments }: { readonly name: ObjectName; readonly moments: readonly PastMoment[] },
  ): Past {
    const hasBefore = bytes.u8() === 1;
    const samples: PastSample[] = [];
    let base: Reading['cells'] | null = null;
    for (let left = bytes.u32(); left > 0; left -= 1) {
      const snapshot = moments[bytes.u32()];
      if (snapshot === undefined) throw new RangeError('A sample is of a moment that was not sent');
      if (bytes.u8() === sampleKinds.whole) {
        const reading = readOutcome({ bytes, layouts: this.#layouts }, name);
        if (reading instanceof HvqlError) throw reading;
        base = reading.cells;
        samples.push({ snapshot, reading: () => reading });
      } else {
        if (base === undefined || base === null)
          throw new RangeError('There is no whole reading before a difference');
        const difference = bytes.bytes(bytes.u16());
        samples.push({ snapshot, reading: later(base, { difference, at: readMoment(bytes) }) });
      }
    }
    const [before = null] = samples;
    return hasBefore ? { before, samples: samples.slice(1) } : { before: null, samples };
  }
}

function readMoments(bytes: ByteReader): readonly PastMoment[] {
  return Array.from({ length: bytes.u32() }, () => {
    const at: Moment = { wallMilliseconds: bytes.double(), monotonicNanoseconds: bytes.i64() };
    return { at, milliseconds: Number(at.monotonicNanoseconds) / 1e6 };
  });
}

/** Decodes a reading from its difference on each access. */
function later(
  { layout, view: base }: NonNullable<Reading['cells']>,
  { difference, at }: { readonly difference: Buffer; readonly at: Moment | undefined },
): () => Reading {
  const named: NamedLayout = namedLayoutOf(layout);
  return () => {
    const view = new DataView(base.buffer.slice(base.byteOffset, base.byteOffset + base.byteLength));
    const { buffer, byteOffset, byteLength } = difference;
    applyDelta(view, new DataView(buffer, byteOffset, byteLength), { start: 0, end: byteLength });
    return readingInCells({ layout: named, view }, at);
  };
}
