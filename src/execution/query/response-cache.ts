/** Caches responses for equal operations with equal rights on the newest snapshot: one object, encoded once. */
import type { ExecutionResult } from 'graphql';
import { type Access, accessOf } from '../../access/access.ts';
import type { Caller } from '../../access/caller.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { TakenSnapshot } from '../../sampling/read/snapshot.ts';
import { writtenDataOf } from '../../writer/written-data.ts';
import type { PreparedOperation } from './prepared-operation.ts';

/** The limits for one snapshot: responses, and their memory including unused space of their buffers. */
const maxResponses = 1_000;
const maxBytes = 64 * 1024 * 1024;
/** How often to look whether the snapshot is still shared: without requests, nothing else would drop its responses. */
const checkMilliseconds = 1_000;
/** The approximate memory of a value as an object and as text together. */
const bytesOfValue = 64;

/** A response, and how many values it has. */
interface CachedResponse {
  readonly result: ExecutionResult;
  readonly values: number;
}

interface Cached {
  readonly snapshot: TakenSnapshot;
  readonly responses: Map<Access, Map<PreparedOperation, CachedResponse>>;
  count: number;
  bytes: number;
}

/** The key of a response. */
export interface ResponseKey {
  readonly caller: Caller;
  readonly prepared: PreparedOperation;
}

/**
 * The responses for the newest snapshot. They are dropped at the first access after it has expired or a newer one was
 * read, and within a second where there is no access.
 */
export class ResponseCache {
  readonly #sampler: Sampler;
  #cached: Cached | null = null;
  #hasTimer = false;

  constructor(sampler: Sampler) {
    this.#sampler = sampler;
  }

  /** The cached response, retained for the caller; null if not cached. */
  get({ caller, prepared }: ResponseKey): CachedResponse | null {
    const { shared } = this.#sampler;
    const cached = this.#cachedFor(shared?.snapshot ?? null);
    if (shared === null || cached === null) return null;
    const response = cached.responses.get(accessOf(caller, shared.topology))?.get(prepared);
    if (response === undefined) return null;
    writtenDataOf(response.result)?.retain();
    return response;
  }

  /** Stores a response that was read from this snapshot. Responses with errors are not cached. */
  store(
    result: ExecutionResult,
    key: ResponseKey & { topology: Topology; snapshot: TakenSnapshot; values: number },
  ): void {
    const { caller, topology, snapshot, values, prepared } = key;
    const { shared } = this.#sampler;
    // In the meantime the topology may have changed, or the snapshot may have become too old.
    if (shared?.snapshot !== snapshot || shared.topology !== topology) return;
    if (result.errors !== undefined || !prepared.isShareable) return;
    const cached: Cached = this.#cachedFor(snapshot) ?? {
      snapshot,
      responses: new Map(),
      count: 0,
      bytes: 0,
    };
    this.#cached = cached;
    if (!this.#hasTimer) this.#checkLater();
    const written = writtenDataOf(result);
    const bytes = written?.memoryInBytes ?? values * bytesOfValue;
    if (cached.count >= maxResponses || cached.bytes + bytes > maxBytes) return;
    const access = accessOf(caller, topology);
    let responses = cached.responses.get(access);
    if (responses === undefined)
      cached.responses.set(access, (responses = new Map<PreparedOperation, CachedResponse>()));
    // Two concurrent requests may both have computed the response: the first one stays.
    if (responses.has(prepared)) return;
    cached.count += 1;
    cached.bytes += bytes;
    written?.retain();
    responses.set(prepared, { result, values });
  }

  #checkLater(): void {
    this.#hasTimer = true;
    const timer = setTimeout(() => {
      this.#hasTimer = this.#cachedFor(this.#sampler.shared?.snapshot ?? null) !== null;
      if (this.#hasTimer) timer.refresh();
    }, checkMilliseconds);
    timer.unref();
  }

  /** The responses of this snapshot; null if nothing is cached. Releases those of any other snapshot. */
  #cachedFor(snapshot: TakenSnapshot | null): Cached | null {
    const cached = this.#cached;
    if (cached === null || cached.snapshot === snapshot) return cached;
    this.#cached = null;
    release(cached);
    return null;
  }
}

/** Releases the responses; their memory is reused when no request uses them any more. */
function release({ responses }: Cached): void {
  for (const byOperation of responses.values()) {
    for (const { result } of byOperation.values()) writtenDataOf(result)?.release();
  }
}
