/** The place of a pattern beside the plan that it belongs to: kept while it is used, and while there is room. */
import type { AnswerPattern } from './answer-pattern.ts';

/** An operation that is asked once is not worth a pattern. */
const answersBefore = 1;
/** What does not come to a pattern so often never does. */
const mostAttempts = 3;
/** Gaps of all patterns together: about 20 MB with what stands between them. */
const keptGaps = 100_000;

/** Those that hold a pattern, the oldest first. */
const holding = new Set<KeptPattern>();
let gaps = 0;

/** A pattern, once there is one. */
export class KeptPattern {
  #answers = 0;
  #attempts = 0;
  #pattern: AnswerPattern | null = null;

  get pattern(): AnswerPattern | null {
    return this.#pattern;
  }

  /** Whether the answer that is about to be written is to make it. */
  get isWanted(): boolean {
    if (this.#pattern !== null || this.#attempts >= mostAttempts) return false;
    this.#answers += 1;
    return this.#answers > answersBefore;
  }

  /** Takes what came of an attempt. */
  take(pattern: AnswerPattern | null): void {
    this.#attempts += 1;
    if (pattern === null || pattern.fillings.length > keptGaps) return;
    this.#pattern = pattern;
    gaps += pattern.fillings.length;
    holding.add(this);
    for (const oldest of holding) {
      if (gaps <= keptGaps) break;
      oldest.#drop();
    }
  }

  /** It may be made again. */
  #drop(): void {
    gaps -= this.#pattern?.fillings.length ?? 0;
    this.#pattern = null;
    this.#answers = 0;
    this.#attempts = 0;
    holding.delete(this);
  }
}
