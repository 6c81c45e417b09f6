/** The server end of a source that other processes read over their channels. */
import type { Duplex } from 'node:stream';
import { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { ByteWriter } from './bytes.ts';
import { recordOf } from './error-record.ts';
import { sourceFacts, encodeTopology } from './topology-record.ts';
import { encodeFrame, frameKinds, FrameReader, type Frame } from './frame.ts';
import { SentLayouts } from './layout-bytes.ts';
import { decodeNames } from './name-bytes.ts';
import { writeOutcome } from './outcome-bytes.ts';

/** Requests of one channel that may be under way. */
const requestLimit = 1_024;
/** Objects in one frame, which has at most four megabytes of pages. */
const objectsInFrame = 1_024;

/**
 * Answers the requests of the channel until it ends, which aborts those under way. Invalid data closes the channel.
 */
export function serveSource(source: Source, channel: Duplex): void {
  const versions = new TopologyVersions();
  const underWay = new Map<number, AbortController>();
  const reader = new FrameReader();
  const send = (kind: number, { request, body }: Omit<Frame, 'kind'>): void => {
    if (underWay.has(request) && channel.writable) channel.write(encodeFrame({ kind, request, body }));
  };
  const sendUnasked = (kind: number, body: Buffer): void => {
    if (channel.writable) channel.write(encodeFrame({ kind, request: 0, body }));
  };
  const layouts = new SentLayouts((body) => sendUnasked(frameKinds.layout, body));
  let facts = '';
  const sendFacts = (): void => {
    const text = JSON.stringify(sourceFacts(source));
    if (text !== facts) sendUnasked(frameKinds.facts, Buffer.from(text));
    facts = text;
  };

  const answer = async (frame: Frame, signal: AbortSignal): Promise<void> => {
    const { request, body } = frame;
    if (frame.kind === frameKinds.requestTopology) {
      const topology = await source.topology(signal);
      sendFacts();
      const version = versions.of(topology);
      const isKnown = body.readUInt32LE(0) === version;
      if (isKnown) send(frameKinds.sameTopology, { request, body: Buffer.alloc(0) });
      else send(frameKinds.topology, { request, body: topologyBody(version, topology) });
      return;
    }
    const names = decodeNames(body);
    const readings = await source.read(names, signal);
    sendFacts();
    for (const part of readingsBodies({ names, layouts }, readings)) {
      send(frameKinds.readings, { request, body: part });
    }
  };
  const take = async (frame: Frame): Promise<void> => {
    const { request } = frame;
    if (frame.kind === frameKinds.cancel) {
      underWay.get(request)?.abort(new Error('The caller no longer waits for the response'));
      underWay.delete(request);
      return;
    }
    const controller = new AbortController();
    underWay.set(request, controller);
    try {
      if (underWay.size > requestLimit) throw tooMany();
      await answer(frame, controller.signal);
    } catch (thrown) {
      const body = Buffer.from(JSON.stringify(recordOf(thrown)));
      send(frameKinds.failed, { request, body });
    } finally {
      underWay.delete(request);
    }
  };

  channel.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) void take(frame);
    } catch {
      channel.destroy();
    }
  });
  // 'close' follows.
  channel.on('error', () => undefined);
  channel.once('close', () => {
    for (const controller of underWay.values()) controller.abort(new Error('The channel is closed'));
    underWay.clear();
  });
}

/** Numbers for topologies: one for each object. */
class TopologyVersions {
  readonly #versions = new WeakMap<Topology, number>();
  #last = 0;

  of(topology: Topology): number {
    const version = this.#versions.get(topology) ?? (this.#last = (this.#last % 0xffff_ffff) + 1);
    this.#versions.set(topology, version);
    return version;
  }
}

function topologyBody(version: number, topology: Topology): Buffer {
  const bytes = new ByteWriter();
  bytes.u32(version);
  bytes.bytes(encodeTopology(topology));
  return bytes.finish();
}

/** What was requested, and the layouts that the other end knows. */
interface RequestedReadings {
  readonly names: readonly ObjectName[];
  readonly layouts: SentLayouts;
}

function* readingsBodies(
  { names, layouts }: RequestedReadings,
  { at, outcomes }: Readings,
): Iterable<Buffer> {
  let from = 0;
  do {
    const bytes = new ByteWriter();
    bytes.double(at.wallMilliseconds);
    bytes.i64(at.monotonicNanoseconds);
    names.slice(from, from + objectsInFrame).forEach((name, n) => {
      writeOutcome({ bytes, layouts }, { name, outcome: outcomes[from + n] });
    });
    yield bytes.finish();
    from += objectsInFrame;
  } while (from < names.length);
}

function tooMany(): HvqlError {
  const facts = { limit: requestLimit };
  return new HvqlError('PAGE_UNAVAILABLE', 'The source has too many requests to answer at once.', facts);
}
