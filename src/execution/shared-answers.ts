/** Answers for all who ask the same, with the same rights, within one look: the very same object, encoded once. */
import type { ExecutionResult } from 'graphql';
import type { Access } from '../access/access.ts';
import { accessOf } from '../access/access-of.ts';
import type { Caller } from '../access/caller.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { ReadSight } from '../sampling/sight.ts';
import { writtenDataOf } from '../writer/written-data.ts';
import type { PreparedOperation } from './prepared-operation.ts';

/** Of one look, at the most; answers with the room that they were written into. */
const answersKept = 1_000;
const bytesKept = 64 * 1024 * 1024;
/** What a value takes, about, as an object and as text together. */
const bytesOfValue = 64;

interface Kept {
  readonly sight: ReadSight;
  readonly answers: Map<Access, Map<PreparedOperation, ExecutionResult>>;
  count: number;
  bytes: number;
}

/** Who asks what. */
export interface AnswerAsked {
  readonly caller: Caller;
  readonly prepared: PreparedOperation;
}

/** The answers of the newest look. They go with it: the next look, or the next question, lets go of it. */
export class SharedAnswers {
  readonly #sampler: Sampler;
  #kept: Kept | null = null;

  constructor(sampler: Sampler) {
    this.#sampler = sampler;
  }

  /** The answer that somebody with the same rights got to the same in this look, held once more; null where nobody did. */
  find({ caller, prepared }: AnswerAsked): ExecutionResult | null {
    const { shared } = this.#sampler;
    const kept = this.#keptOf(shared?.sight ?? null);
    if (shared === null || kept === null) return null;
    const answer = kept.answers.get(accessOf(caller, shared.topology))?.get(prepared);
    if (answer === undefined) return null;
    writtenDataOf(answer)?.hold();
    return answer;
  }

  /** Keeps an answer that was read in this look, unless it has errors: those are told to each anew. */
  keep(
    result: ExecutionResult,
    asked: AnswerAsked & { access: Access; sight: ReadSight; values: number },
  ): void {
    const { access, sight, values, prepared } = asked;
    const { shared } = this.#sampler;
    // What exists may have become something else meanwhile, or the look too old.
    if (shared?.sight !== sight || shared.topology !== access.topology) return;
    if (result.errors !== undefined || !prepared.isShareable) return;
    const kept: Kept = this.#keptOf(sight) ?? { sight, answers: new Map(), count: 0, bytes: 0 };
    this.#kept = kept;
    const written = writtenDataOf(result);
    const bytes = written?.memoryInBytes ?? values * bytesOfValue;
    if (kept.count >= answersKept || kept.bytes + bytes > bytesKept) return;
    let answers = kept.answers.get(access);
    if (answers === undefined)
      kept.answers.set(access, (answers = new Map<PreparedOperation, ExecutionResult>()));
    // Two who asked at once may both have come to an answer; the first one is on its way already.
    if (answers.has(prepared)) return;
    kept.count += 1;
    kept.bytes += bytes;
    written?.hold();
    answers.set(prepared, result);
  }

  /** What is kept of the newest look, null where there is none: what is kept of another one is let go of. */
  #keptOf(sight: ReadSight | null): Kept | null {
    const kept = this.#kept;
    if (kept === null || kept.sight === sight) return kept;
    this.#kept = null;
    release(kept);
    return null;
  }
}

/** Their memory goes to the next answers once those who were given them have them. */
function release({ answers }: Kept): void {
  for (const byOperation of answers.values()) {
    for (const answer of byOperation.values()) writtenDataOf(answer)?.release();
  }
}
