/** Answers for all who ask the same, with the same rights, within one look: the very same object, encoded once. */
import type { ExecutionResult } from 'graphql';
import type { Access } from '../../access/access.ts';
import { accessOf } from '../../access/access-of.ts';
import type { Caller } from '../../access/caller.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import type { TakenSnapshot } from '../../sampling/read/snapshot.ts';
import { writtenDataOf } from '../../writer/written-data.ts';
import type { PreparedOperation } from './prepared-operation.ts';

/** Of one look, at the most; answers with the room that they were written into. */
const maxResponses = 1_000;
const maxBytes = 64 * 1024 * 1024;
/** What a value takes, about, as an object and as text together. */
const bytesOfValue = 64;

interface Cached {
  readonly snapshot: TakenSnapshot;
  readonly responses: Map<Access, Map<PreparedOperation, ExecutionResult>>;
  count: number;
  bytes: number;
}

/** Who asks what. */
export interface ResponseKey {
  readonly caller: Caller;
  readonly prepared: PreparedOperation;
}

/** The answers of the newest look. They go with it: the next look, or the next question, lets go of it. */
export class ResponseCache {
  readonly #sampler: Sampler;
  #cached: Cached | null = null;

  constructor(sampler: Sampler) {
    this.#sampler = sampler;
  }

  /** The answer that somebody with the same rights got to the same in this look, held once more; null where nobody did. */
  get({ caller, prepared }: ResponseKey): ExecutionResult | null {
    const { shared } = this.#sampler;
    const cached = this.#cachedFor(shared?.snapshot ?? null);
    if (shared === null || cached === null) return null;
    const response = cached.responses.get(accessOf(caller, shared.topology))?.get(prepared);
    if (response === undefined) return null;
    writtenDataOf(response)?.retain();
    return response;
  }

  /** Keeps an answer that was read in this look, unless it has errors: those are told to each anew. */
  store(
    result: ExecutionResult,
    key: ResponseKey & { access: Access; snapshot: TakenSnapshot; values: number },
  ): void {
    const { access, snapshot, values, prepared } = key;
    const { shared } = this.#sampler;
    // What exists may have become something else meanwhile, or the look too old.
    if (shared?.snapshot !== snapshot || shared.topology !== access.topology) return;
    if (result.errors !== undefined || !prepared.isShareable) return;
    const cached: Cached = this.#cachedFor(snapshot) ?? {
      snapshot,
      responses: new Map(),
      count: 0,
      bytes: 0,
    };
    this.#cached = cached;
    const written = writtenDataOf(result);
    const bytes = written?.memoryInBytes ?? values * bytesOfValue;
    if (cached.count >= maxResponses || cached.bytes + bytes > maxBytes) return;
    let responses = cached.responses.get(access);
    if (responses === undefined)
      cached.responses.set(access, (responses = new Map<PreparedOperation, ExecutionResult>()));
    // Two who asked at once may both have come to an answer; the first one is on its way already.
    if (responses.has(prepared)) return;
    cached.count += 1;
    cached.bytes += bytes;
    written?.retain();
    responses.set(prepared, result);
  }

  /** What is kept of the newest look, null where there is none: what is kept of another one is let go of. */
  #cachedFor(snapshot: TakenSnapshot | null): Cached | null {
    const cached = this.#cached;
    if (cached === null || cached.snapshot === snapshot) return cached;
    this.#cached = null;
    release(cached);
    return null;
  }
}

/** Their memory goes to the next answers once those who were given them have them. */
function release({ responses }: Cached): void {
  for (const byOperation of responses.values()) {
    for (const response of byOperation.values()) writtenDataOf(response)?.release();
  }
}
