/** Readings of a snapshot as bytes for another process, in frames of some objects each. */
import type { HvqlError } from '../../errors.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, Readings } from '../../snapshot/reading.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { ReceivedLayouts, SentLayouts } from './layout-bytes.ts';
import { decodeNames, encodeNames } from './name-bytes.ts';
import { readOutcome, writeOutcome } from './outcome-bytes.ts';

/** Objects in one frame, which has at most four megabytes of pages. */
const objectsInFrame = 1_024;

/** What was requested, and the layouts that the other end knows. */
export interface RequestedReadings {
  readonly names: readonly ObjectName[];
  readonly layouts: SentLayouts;
}

/** The bodies of the response frames to a request for readings. */
export function* readingsBodies(
  { names, layouts }: RequestedReadings,
  { at, outcomes }: Readings,
): Iterable<Buffer> {
  let from = 0;
  do {
    const bytes = new ByteWriter();
    writeSnapshot(
      { bytes, layouts },
      { at, names: names.slice(from, from + objectsInFrame), outcomes: outcomes.slice(from) },
    );
    yield bytes.finish();
    from += objectsInFrame;
  } while (from < names.length);
}

/** Collects the response to a request: takes the bodies of its frames, and returns the readings once they are complete. */
export function collectReadings(
  objects: readonly ObjectName[],
  layouts: ReceivedLayouts,
): (body: Buffer) => Readings | null {
  const outcomes: (Reading | HvqlError)[] = [];
  return (body) => {
    const bytes = new ByteReader(body);
    const at = readSnapshot({ bytes, layouts }, { objects, outcomes });
    return outcomes.length === objects.length ? { at, outcomes } : null;
  };
}

/** The bodies of frames with readings that were not requested: the names are in them. */
export function* heldBodies(
  { names, layouts }: RequestedReadings,
  { at, outcomes }: Readings,
): Iterable<Buffer> {
  for (let from = 0; from < names.length; from += objectsInFrame) {
    const some = names.slice(from, from + objectsInFrame);
    const encoded = encodeNames(some);
    const bytes = new ByteWriter();
    bytes.u32(encoded.length);
    bytes.bytes(encoded);
    writeSnapshot({ bytes, layouts }, { at, names: some, outcomes: outcomes.slice(from) });
    yield bytes.finish();
  }
}

/** The readings in such a body. */
export function decodeHeld(
  body: Buffer,
  layouts: ReceivedLayouts,
): { readonly objects: readonly ObjectName[]; readonly readings: Readings } {
  const bytes = new ByteReader(body);
  const objects = decodeNames(bytes.bytes(bytes.u32()));
  const outcomes: (Reading | HvqlError)[] = [];
  const at = readSnapshot({ bytes, layouts }, { objects, outcomes });
  return { objects, readings: { at, outcomes } };
}

function writeSnapshot(
  { bytes, layouts }: { readonly bytes: ByteWriter; readonly layouts: SentLayouts },
  { at, names, outcomes }: Readings & { readonly names: readonly ObjectName[] },
): void {
  bytes.double(at.wallMilliseconds);
  bytes.i64(at.monotonicNanoseconds);
  for (const [n, name] of names.entries()) writeOutcome({ bytes, layouts }, { name, outcome: outcomes[n] });
}

/** Appends to the outcomes, and returns the moment. */
function readSnapshot(
  { bytes, layouts }: { readonly bytes: ByteReader; readonly layouts: ReceivedLayouts },
  {
    objects,
    outcomes,
  }: { readonly objects: readonly ObjectName[]; readonly outcomes: (Reading | HvqlError)[] },
): Moment {
  const at: Moment = { wallMilliseconds: bytes.double(), monotonicNanoseconds: bytes.i64() };
  while (!bytes.isAtEnd) {
    const name = objects[outcomes.length];
    if (name === undefined) throw new RangeError('There are more outcomes than objects');
    outcomes.push(readOutcome({ bytes, layouts }, name));
  }
  return at;
}
