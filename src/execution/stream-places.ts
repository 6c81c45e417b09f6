/** The streams of several processes, counted as one process counts its own. */
import type { HvqlError } from '../errors.ts';
import type { PlaceRequest } from './stream-place.ts';
import { StreamQuota, type KeptText, type StreamLimits } from './stream-quota.ts';

/** Streams that watch the same, and the text that is counted once for them. */
interface Watched {
  readonly text: KeptText;
  streams: number;
}

/** Something that stands for a document, while streams of it are open. */
interface Document {
  readonly identity: object;
  streams: number;
}

/**
 * The places of all streams of a service. A holder is a process: what it holds is given back when it has died. Streams
 * that watch the same count once with their text, whichever processes have them.
 */
export class StreamPlaces<Holder extends object> {
  readonly #quota: StreamQuota;
  readonly #held = new Map<Holder, Map<number, PlaceRequest>>();
  readonly #watched = new Map<string, Watched>();
  readonly #documents = new Map<string, Document>();

  constructor(limits: StreamLimits) {
    this.#quota = new StreamQuota(limits);
  }

  /** Takes a place under a number of the holder's own; LIMIT_EXCEEDED where there is none, else null. */
  take(holder: Holder, { number, request }: { number: number; request: PlaceRequest }): HvqlError | null {
    const partitionId = BigInt(request.partitionId);
    const watched = this.#watched.get(request.operation);
    const identity = this.#documents.get(request.document)?.identity ?? {};
    const { documentLength, variablesLength } = request;
    const text = watched?.text ?? { document: identity, documentLength, variablesLength };
    const problem = this.#quota.problem(partitionId, watched === undefined ? text : null);
    if (problem !== null) return problem;
    if (watched === undefined) this.#quota.countText(partitionId, { text, change: 1 });
    this.#watched.set(request.operation, { text, streams: (watched?.streams ?? 0) + 1 });
    const document = this.#documents.get(request.document) ?? { identity, streams: 0 };
    document.streams += 1;
    this.#documents.set(request.document, document);
    this.#quota.countStream(partitionId, 1);
    const places = this.#held.get(holder) ?? new Map<number, PlaceRequest>();
    this.#held.set(holder, places.set(number, request));
    return null;
  }

  /** Gives a place back; one that is not held is none. */
  release(holder: Holder, number: number): void {
    const places = this.#held.get(holder);
    const request = places?.get(number);
    if (request === undefined) return;
    places?.delete(number);
    this.#giveBack(request);
  }

  /** Gives all places of a holder back. */
  releaseAll(holder: Holder): void {
    for (const request of this.#held.get(holder)?.values() ?? []) this.#giveBack(request);
    this.#held.delete(holder);
  }

  #giveBack(request: PlaceRequest): void {
    const partitionId = BigInt(request.partitionId);
    this.#quota.countStream(partitionId, -1);
    const watched = this.#watched.get(request.operation);
    if (watched !== undefined && (watched.streams -= 1) === 0) {
      this.#watched.delete(request.operation);
      this.#quota.countText(partitionId, { text: watched.text, change: -1 });
    }
    const document = this.#documents.get(request.document);
    if (document !== undefined && (document.streams -= 1) === 0) this.#documents.delete(request.document);
  }
}
