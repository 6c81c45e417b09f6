/** The client end of a source that another process reads. */
import type { Duplex } from 'node:stream';
import { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import type { Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { errorOf, type ErrorRecord } from './error-record.ts';
import { encodeFrame, frameKinds, FrameReader, type Frame } from './frame.ts';
import { ReceivedLayouts, SentLayouts } from './layout-bytes.ts';
import { encodeNames } from './name-bytes.ts';
import { encodeQuestions, PastCollector } from './past-bytes.ts';
import { collectReadings, heldBodies } from './reading-bytes.ts';
import { noFacts, parseFacts, type SourceFacts, decodeTopology } from './topology-record.ts';

/** Readings of this process are not sent while more than this is unsent. */
const heldBacklogBytes = 16 * 1_048_576;

/** Identifies the source, as the process that reads it does. */
export type SourceIdentity = Pick<Source, 'kind' | 'description' | 'host'>;

/** A source that another process reads, or whose history it keeps. */
export interface RemoteSource extends Source {
  past: NonNullable<Source['past']>;
  /** Sends readings that this process has taken from the source itself. */
  hold(objects: readonly ObjectName[], readings: Readings): void;
}

/** A request that waits for its response. */
interface PendingRequest {
  /** Takes one frame of the response; returns whether that was the last. */
  take(frame: Frame): boolean;
  fail(error: Error): void;
}

/**
 * The source at the other end of the channel. An aborted signal cancels a request at both ends; when the channel ends,
 * all requests fail with PAGE_UNAVAILABLE. Closing it ends the channel and leaves the other end's source open.
 */
export function remoteSource(
  channel: Duplex,
  { kind, description, host = null }: SourceIdentity,
): RemoteSource {
  const pending = new Map<number, PendingRequest>();
  const reader = new FrameReader();
  let isOver = false;
  let last = 0;
  const layouts = new ReceivedLayouts();
  const sendUnasked = (messageKind: number, body: Buffer): void => {
    if (channel.writable) channel.write(encodeFrame({ kind: messageKind, request: 0, body }));
  };
  const sentLayouts = new SentLayouts((body) => sendUnasked(frameKinds.layout, body));
  let facts: SourceFacts = noFacts;
  let known: { readonly version: number; readonly topology: Topology } | null = null;

  channel.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) {
        if (frame.kind === frameKinds.layout) layouts.add(frame.body);
        else if (frame.kind === frameKinds.facts) facts = parseFacts(frame.body);
        else if (pending.get(frame.request)?.take(frame) === true) pending.delete(frame.request);
      }
    } catch {
      channel.destroy();
    }
  });
  // 'close' follows.
  channel.on('error', () => undefined);
  channel.once('close', () => {
    isOver = true;
    for (const request of pending.values()) request.fail(disconnected());
    pending.clear();
  });

  const send = <Answer>(outgoing: OutgoingRequest<Answer>, signal: AbortSignal): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (isOver) throw disconnected();
      const id = (last = (last + 1) % 0xffff_ffff);
      const write = (messageKind: number, body: Buffer): void => {
        if (channel.writable) channel.write(encodeFrame({ kind: messageKind, request: id, body }));
      };
      const leave = (): void => {
        pending.delete(id);
        write(frameKinds.cancel, Buffer.alloc(0));
        // The reason may be any value; it is passed on.
        reject(signal.reason as Error);
      };
      const end = (finish: () => void): void => {
        signal.removeEventListener('abort', leave);
        finish();
      };
      signal.addEventListener('abort', leave, { once: true });
      pending.set(id, {
        take: (frame) => {
          try {
            const answer = frame.kind === frameKinds.failed ? failure(frame) : outgoing.take(frame);
            if (answer !== null) end(() => resolve(answer));
            return answer !== null;
          } catch (thrown) {
            const error = thrown instanceof Error ? thrown : new TypeError(String(thrown));
            end(() => reject(error));
            return true;
          }
        },
        fail: (error) => end(() => reject(error)),
      });
      write(outgoing.kind, outgoing.body);
    });

  return {
    kind,
    description,
    host,
    get unreadableLines() {
      return facts.unreadableLines;
    },
    get areas() {
      return facts.areas;
    },
    get held() {
      return facts.held;
    },
    async topology(signal) {
      signal.throwIfAborted();
      const held = known;
      const body = Buffer.alloc(4);
      body.writeUInt32LE(held?.version ?? 0);
      const take = (frame: Frame): Topology => {
        if (frame.kind === frameKinds.sameTopology && held !== null) return held.topology;
        const version = frame.body.readUInt32LE(0);
        // Another request may have received it already.
        if (known?.version !== version) known = { version, topology: decodeTopology(frame.body.subarray(4)) };
        return known.topology;
      };
      return send({ kind: frameKinds.requestTopology, body, take }, signal);
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      const collect = collectReadings(objects, layouts);
      const take = ({ body }: Frame): Readings | null => collect(body);
      return send({ kind: frameKinds.requestReadings, body: encodeNames(objects), take }, signal);
    },
    async past(questions, { most, signal }) {
      signal.throwIfAborted();
      if (questions.length === 0) return [];
      const collector = new PastCollector(questions, layouts);
      const take = ({ body }: Frame): ReturnType<PastCollector['take']> => collector.take(body);
      return send({ kind: frameKinds.requestPast, body: encodeQuestions({ questions, most }), take }, signal);
    },
    hold(objects, readings) {
      // The other end has not received the previous readings: it gets fewer.
      if (channel.writableLength > heldBacklogBytes) return;
      for (const body of heldBodies({ names: objects, layouts: sentLayouts }, readings))
        sendUnasked(frameKinds.hold, body);
    },
    async close() {
      channel.destroy();
    },
  };
}

/** A request, and how its response is read: `take` returns null until the response is complete. */
interface OutgoingRequest<Answer> {
  readonly kind: number;
  readonly body: Buffer;
  readonly take: (frame: Frame) => Answer | null;
}

function failure({ body }: Frame): never {
  // Written by a process of the same program.
  throw errorOf(JSON.parse(body.toString()) as ErrorRecord);
}

function disconnected(): HvqlError {
  return new HvqlError(
    'PAGE_UNAVAILABLE',
    'The source cannot be read: the process that reads it has exited.',
  );
}
