/** Writes the samples of a scrape as text, one family after another, directly from the memory of the readings. */
import type { MetricFormat, MetricFamily } from './metric-family.ts';
import { headOf, sampleNameOf, type FamilyFacts } from './metric-family.ts';
import { HvqlError } from '../errors.ts';
import type { SnapshotReader } from '../sampling/read/snapshot-reader.ts';
import { TimeSlice, type SlicedWork } from '../sampling/schedule/time-slice.ts';
import type { CellLayout, Outcome, Reading } from '../snapshot/reading.ts';
import { ConstantBytes, type ByteSink } from '../writer/byte-sink.ts';
import { longestDecimal, writeDecimal } from '../writer/decimal.ts';
import { escapeLabelValue } from './label.ts';
import type { PlannedKind, ScrapePlan } from './scrape-plan.ts';

const partitionInfo: FamilyFacts = {
  name: 'hvql_partition',
  type: 'info',
  unit: null,
  help: 'The name of a partition.',
};
const objectReadable: FamilyFacts = {
  name: 'hvql_object_readable',
  type: 'gauge',
  unit: null,
  help: 'Whether the counters of the object could be read: 1, or 0 where they are missing.',
};
const processorsListed: FamilyFacts = {
  name: 'hvql_processors_listed',
  type: 'gauge',
  unit: null,
  help: 'Whether the virtual processors of the partition, or without labels the logical processors, could be listed.',
};

/** Samples between two checks of the time slice: each takes about a tenth of a microsecond. */
const samplesBetweenChecks = 512;

/** The inputs of writing a scrape. */
export interface ExpositionOptions {
  readonly plan: ScrapePlan;
  readonly reader: Pick<SnapshotReader, 'reading'>;
  readonly format: MetricFormat;
}

/** Writes all samples, and yields to let other work run. */
export function* writeExposition(
  sink: ByteSink,
  { plan, reader, format }: ExpositionOptions,
): SlicedWork<void> {
  const slice = new TimeSlice();
  const readable: (readonly boolean[])[] = [];
  for (const kind of plan.kinds) {
    const readings = kind.objects.map((object) => readingOf(reader.reading(object)));
    readable.push(readings.map((reading) => reading !== null));
    for (const family of kind.families) {
      if (slice.isOver) yield* slice.pause();
      yield* writeFamily(sink, { family, labels: kind.labels, readings, format, slice });
    }
  }
  if (slice.isOver) yield* slice.pause();
  writePartitions(sink, plan, format);
  writeReadable(sink, { kinds: plan.kinds, readable, format });
  writeListings(sink, plan, format);
}

function readingOf(outcome: Outcome<Reading>): Reading | null {
  return outcome instanceof HvqlError ? null : outcome;
}

/** Writes the samples of one counter; nothing if no object has it. */
function* writeFamily(
  sink: ByteSink,
  {
    family,
    labels,
    readings,
    format,
    slice,
  }: {
    readonly family: MetricFamily;
    readonly labels: PlannedKind['labels'];
    readonly readings: readonly (Reading | null)[];
    readonly format: MetricFormat;
    readonly slice: TimeSlice;
  },
): SlicedWork<void> {
  const start = sink.length;
  writeBytes(sink, family.heads[format]);
  const afterHead = sink.length;
  const { counter, sampleName, fractionDigits } = family;
  let layout: CellLayout | null = null;
  let offset = -1;
  for (let n = 0; n < readings.length; n += 1) {
    if (n % samplesBetweenChecks === samplesBetweenChecks - 1 && slice.isOver) yield* slice.pause();
    const reading = readings[n];
    const label = labels[n];
    if (reading == null || label === undefined) continue;
    const { cells } = reading;
    let high: number;
    let low: number;
    if (cells === undefined) {
      const value = reading.value(counter);
      if (value === undefined) continue;
      high = Number(value >> 32n);
      low = Number(value & 0xffff_ffffn);
    } else {
      if (cells.layout !== layout) {
        layout = cells.layout;
        offset = layout.offsetOf(counter);
      }
      if (offset < 0) continue;
      high = cells.view.getUint32(offset + 4, true);
      low = cells.view.getUint32(offset, true);
    }
    sink.reserve(sampleName.length + label.length + longestSample);
    const { view } = sink;
    const at = label.writeTo(view, sampleName.writeTo(view, sink.length));
    const written = writeDecimal(view, at, high, low);
    const end = fractionDigits === 0 ? written : placePoint(view, at, written, fractionDigits);
    view.setUint8(end, lineFeed);
    sink.length = end + 1;
  }
  if (sink.length === afterHead) sink.length = start;
}

/** A sign that no value has more: leading zeros and the point of a fraction, and the end of the line. */
const longestSample = longestDecimal + 12;
const [lineFeed, point, zero] = [0x0a, 0x2e, 0x30];

/** Converts the last digits of a number to a fraction: "5" becomes "0.0000005". Returns the offset of the next byte. */
function placePoint(view: DataView, at: number, end: number, fractionDigits: number): number {
  const missing = fractionDigits + 1 - (end - at);
  if (missing > 0) {
    for (let from = end - 1; from >= at; from -= 1) view.setUint8(from + missing, view.getUint8(from));
    for (let to = at; to < at + missing; to += 1) view.setUint8(to, zero);
  }
  const last = missing > 0 ? end + missing : end;
  const pointAt = last - fractionDigits;
  for (let from = last - 1; from >= pointAt; from -= 1) view.setUint8(from + 1, view.getUint8(from));
  view.setUint8(pointAt, point);
  return last + 1;
}

function writePartitions(sink: ByteSink, { partitions }: ScrapePlan, format: MetricFormat): void {
  if (partitions.length === 0) return;
  writeBytes(sink, headOf(partitionInfo, format));
  const name = sampleNameOf(partitionInfo);
  for (const { entry } of partitions) {
    const label = entry.name === null ? '' : `,name="${escapeLabelValue(entry.name)}"`;
    writeBytes(sink, Buffer.from(`${name}{partition="${entry.id}"${label}} 1\n`));
  }
}

function writeReadable(
  sink: ByteSink,
  {
    kinds,
    readable,
    format,
  }: {
    readonly kinds: readonly PlannedKind[];
    readonly readable: readonly (readonly boolean[])[];
    readonly format: MetricFormat;
  },
): void {
  if (kinds.every(({ objects }) => objects.length === 0)) return;
  writeBytes(sink, headOf(objectReadable, format));
  for (const [n, { labels }] of kinds.entries()) {
    for (const [index, label] of labels.entries()) {
      sink.constant(readableName);
      sink.constant(label);
      sink.constant(readable[n]?.[index] === true ? one : none);
    }
  }
}

const readableName = new ConstantBytes(sampleNameOf(objectReadable));
const one = new ConstantBytes('1\n');
const none = new ConstantBytes('0\n');

function writeListings(sink: ByteSink, { listings }: ScrapePlan, format: MetricFormat): void {
  if (listings.length === 0) return;
  const name = sampleNameOf(processorsListed);
  const lines = listings.map(({ labels, isListed }) => `${name}${labels}${isListed ? 1 : 0}\n`);
  writeBytes(sink, Buffer.concat([headOf(processorsListed, format), Buffer.from(lines.join(''))]));
}

function writeBytes(sink: ByteSink, bytes: Buffer): void {
  sink.reserve(bytes.length);
  const { view, length } = sink;
  new Uint8Array(view.buffer, view.byteOffset + length, bytes.length).set(bytes);
  sink.length = length + bytes.length;
}
