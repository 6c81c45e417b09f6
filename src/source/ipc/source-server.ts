/** The server end of a source that other processes read over their channels. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { HvqlError } from '../../errors.ts';
import { setBounded } from '../../lib/bounded-map.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import { noPast } from '../../snapshot/past.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { ByteWriter } from './bytes.ts';
import { decodeQuestions, pastBodies } from './past-bytes.ts';
import { decodeHeld, readingsBodies } from './reading-bytes.ts';
import { recordOf } from './error-record.ts';
import { sourceFacts, encodeTopology } from './topology-record.ts';
import { encodeFrame, frameKinds, FrameReader, type Frame } from './frame.ts';
import { ReceivedLayouts, SentLayouts } from './layout-bytes.ts';
import { decodeNames } from './name-bytes.ts';

/** The maximum number of pending requests of one channel. */
const requestLimit = 1_024;
/** The number of lists of names that are cached for one channel. */
const listLimit = 16;

/** Stores what the process at the other end has read from the same source. */
export interface ReadingStore {
  hold(objects: readonly ObjectName[], readings: Readings): void;
  /** Calls back from time to time after the stored readings have changed; returns a function that stops this. */
  onChange(note: () => void): () => void;
}

/**
 * Serves the requests of the channel until it closes, which aborts pending ones. Invalid data closes the channel.
 */
export function serveSource(source: Source, channel: Duplex, store?: ReadingStore): void {
  const versions = new TopologyVersions();
  const underWay = new Map<number, AbortController>();
  const reader = new FrameReader();
  const send = (kind: number, { request, body }: Omit<Frame, 'kind'>): void => {
    if (underWay.has(request) && channel.writable) channel.write(encodeFrame({ kind, request, body }));
  };
  const sendUnasked = (kind: number, body: Buffer): void => {
    if (channel.writable) channel.write(encodeFrame({ kind, request: 0, body }));
  };
  const received = new ReceivedLayouts();
  const layouts = new SentLayouts((body) => sendUnasked(frameKinds.layout, body));
  /** One list for equal requests: stored readings are found by its identity. */
  const namesIn = (body: Buffer): readonly ObjectName[] => {
    const key = body.toString('latin1');
    const known = lists.get(key);
    if (known !== undefined) return known;
    const names = decodeNames(body);
    setBounded(lists, { key, value: names, limit: listLimit });
    return names;
  };
  const lists = new Map<string, readonly ObjectName[]>();
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
    if (frame.kind === frameKinds.requestPast) {
      await answerPast(frame, signal);
      return;
    }
    const names = namesIn(body);
    const readings = await source.read(names, signal);
    sendFacts();
    for (const part of readingsBodies({ names, layouts }, readings)) {
      send(frameKinds.readings, { request, body: part });
    }
  };
  const answerPast = async ({ request, body }: Frame, signal: AbortSignal): Promise<void> => {
    const { questions, most } = decodeQuestions(body);
    // The source that keeps the history knows which objects were reset.
    const answers = await source.past?.(questions, { most, isReset: () => false, signal });
    for (const [n, question] of questions.entries()) {
      const pasts = answers?.[n] ?? question.objects.map(() => noPast);
      for (const part of pastBodies(question, { pasts, layouts })) {
        if (signal.aborted) return;
        send(frameKinds.past, { request, body: part });
        // A long history must neither be buffered as a whole nor delay other requests.
        if (channel.writableNeedDrain) await once(channel, 'drain', { signal });
        else await setImmediate();
      }
    }
  };
  const hold = ({ body }: Frame): void => {
    const { objects, readings } = decodeHeld(body, received);
    store?.hold(objects, readings);
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
      for (const frame of reader.push(chunk)) {
        if (frame.kind === frameKinds.layout) received.add(frame.body);
        else if (frame.kind === frameKinds.hold) hold(frame);
        else void take(frame);
      }
    } catch {
      channel.destroy();
    }
  });
  // 'close' follows.
  channel.on('error', () => undefined);
  const ignoreChanges = store?.onChange(sendFacts);
  channel.once('close', () => {
    ignoreChanges?.();
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

function tooMany(): HvqlError {
  const facts = { limit: requestLimit };
  return new HvqlError('PAGE_UNAVAILABLE', 'The source has too many concurrent requests.', facts);
}
