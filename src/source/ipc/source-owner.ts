/** The end of a shared source that has it: reads for those who ask over their channels. */
import type { Duplex } from 'node:stream';
import { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { ByteWriter } from './byte-writer.ts';
import { recordOf } from './error-record.ts';
import { sourceFacts } from './source-facts.ts';
import { encodeFrame, frameKinds, FrameReader, type Frame } from './frame.ts';
import { ToldLayouts } from './layout-bytes.ts';
import { decodeNames } from './name-bytes.ts';
import { writeOutcome } from './outcome-bytes.ts';
import { encodeTopology } from './topology-text.ts';

/** Questions of one channel that may be under way. */
const questionLimit = 1_024;
/** Objects in one frame: four megabytes of pages at the most. */
const objectsInFrame = 1_024;

/**
 * Answers the questions that come over the channel until it ends, at which those under way are given up. A channel on
 * which nonsense comes is cut.
 */
export function answerFor(source: Source, channel: Duplex): void {
  const versions = new TopologyVersions();
  const underWay = new Map<number, AbortController>();
  const reader = new FrameReader();
  const send = (kind: number, { question, body }: Omit<Frame, 'kind'>): void => {
    if (underWay.has(question) && channel.writable) channel.write(encodeFrame({ kind, question, body }));
  };
  const tell = (kind: number, body: Buffer): void => {
    if (channel.writable) channel.write(encodeFrame({ kind, question: 0, body }));
  };
  const layouts = new ToldLayouts((body) => tell(frameKinds.layout, body));
  let facts = '';
  const tellFacts = (): void => {
    const text = JSON.stringify(sourceFacts(source));
    if (text !== facts) tell(frameKinds.facts, Buffer.from(text));
    facts = text;
  };

  const answer = async (frame: Frame, signal: AbortSignal): Promise<void> => {
    const { question, body } = frame;
    if (frame.kind === frameKinds.askTopology) {
      const topology = await source.topology(signal);
      tellFacts();
      const version = versions.of(topology);
      const isKnown = body.readUInt32LE(0) === version;
      if (isKnown) send(frameKinds.sameTopology, { question, body: Buffer.alloc(0) });
      else send(frameKinds.topology, { question, body: topologyBody(version, topology) });
      return;
    }
    const names = decodeNames(body);
    const readings = await source.read(names, signal);
    tellFacts();
    for (const part of readingsBodies({ names, layouts }, readings)) {
      send(frameKinds.readings, { question, body: part });
    }
  };
  const take = async (frame: Frame): Promise<void> => {
    const { question } = frame;
    if (frame.kind === frameKinds.cancel) {
      underWay.get(question)?.abort(new Error('Nobody waits for the answer any more'));
      underWay.delete(question);
      return;
    }
    const controller = new AbortController();
    underWay.set(question, controller);
    try {
      if (underWay.size > questionLimit) throw tooMany();
      await answer(frame, controller.signal);
    } catch (thrown) {
      const body = Buffer.from(JSON.stringify(recordOf(thrown)));
      send(frameKinds.failed, { question, body });
    } finally {
      underWay.delete(question);
    }
  };

  channel.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) void take(frame);
    } catch {
      channel.destroy();
    }
  });
  // Its end is told by 'close' as well.
  channel.on('error', () => undefined);
  channel.once('close', () => {
    for (const controller of underWay.values()) controller.abort(new Error('The channel is closed'));
    underWay.clear();
  });
}

/** Numbers for topologies: the same for the very same one. */
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

/** What was asked for, and the layouts that the other end knows. */
interface AskedReadings {
  readonly names: readonly ObjectName[];
  readonly layouts: ToldLayouts;
}

function* readingsBodies({ names, layouts }: AskedReadings, { at, outcomes }: Readings): Iterable<Buffer> {
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
  const facts = { limit: questionLimit };
  return new HvqlError('PAGE_UNAVAILABLE', 'The source has too many questions to answer at once.', facts);
}
