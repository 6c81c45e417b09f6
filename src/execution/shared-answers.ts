/** Answers for all who ask the same, with the same rights, within one look: the very same object, encoded once. */
import type { ExecutionResult } from 'graphql';
import type { Access } from '../access/access.ts';
import { accessOf } from '../access/access-of.ts';
import type { Caller } from '../access/caller.ts';
import type { Sampler } from '../sampling/sampler.ts';
import type { ReadSight } from '../sampling/sight.ts';
import { writtenDataOf } from '../writer/written-data.ts';
import type { PreparedOperation } from './prepared-operation.ts';

/** Of one look, at the most. */
const answersKept = 1_000;
const bytesKept = 64 * 1024 * 1024;
/** What a value takes, about, as an object and as text together. */
const bytesOfValue = 64;

interface Kept {
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
  readonly #kept = new WeakMap<ReadSight, Kept>();

  constructor(sampler: Sampler) {
    this.#sampler = sampler;
  }

  /** The answer that somebody with the same rights got to the same in this look; null where nobody did. */
  find({ caller, prepared }: AnswerAsked): ExecutionResult | null {
    const { shared } = this.#sampler;
    if (shared === null) return null;
    const kept = this.#kept.get(shared.sight);
    if (kept === undefined) return null;
    return kept.answers.get(accessOf(caller, shared.topology))?.get(prepared) ?? null;
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
    let kept = this.#kept.get(sight);
    if (kept === undefined) this.#kept.set(sight, (kept = { answers: new Map(), count: 0, bytes: 0 }));
    const written = writtenDataOf(result);
    const bytes = written?.answer.byteLength ?? values * bytesOfValue;
    if (kept.count >= answersKept || kept.bytes + bytes > bytesKept) return;
    kept.count += 1;
    kept.bytes += bytes;
    written?.keep();
    let answers = kept.answers.get(access);
    if (answers === undefined)
      kept.answers.set(access, (answers = new Map<PreparedOperation, ExecutionResult>()));
    answers.set(prepared, result);
  }
}
