/** The results of the traffic, kind by kind. */
import type { Answer } from './answer.ts';
import { expectations, isExpected, type KindName } from './expectation.ts';

/** The results of one kind. */
export interface KindCount {
  attempts: number;
  /** Those of them while the source was in trouble. */
  inTrouble: number;
  /** How often each response was received. */
  readonly answers: Map<string, number>;
  unexpected: number;
  slowestMilliseconds: number;
}

/** One attempt that is over. */
export interface Attempted {
  readonly kind: KindName;
  readonly answers: readonly Answer[];
  readonly isInTrouble: boolean;
  readonly milliseconds: number;
}

const keptExamples = 12;
const silence: Answer = { channel: 'any', code: 'silence' };

/** Counts attempts. */
export class Tally {
  readonly kinds = new Map<KindName, KindCount>();
  /** The first unexpected answers, in words. */
  readonly examples: string[] = [];

  count({ kind, answers, isInTrouble, milliseconds }: Attempted): void {
    const count = this.#of(kind);
    count.attempts += 1;
    if (isInTrouble) count.inTrouble += 1;
    count.slowestMilliseconds = Math.max(count.slowestMilliseconds, milliseconds);
    const isSilent = answers.length === 0 && expectations[kind].length > 0;
    for (const answer of isSilent ? [silence] : answers) {
      const text = `${answer.channel} ${answer.code}`;
      count.answers.set(text, (count.answers.get(text) ?? 0) + 1);
      if (isExpected(kind, answer, isInTrouble)) continue;
      count.unexpected += 1;
      if (this.examples.length >= keptExamples) continue;
      this.examples.push(
        `${kind}: ${text}${isInTrouble ? ' in trouble' : ''}: ${answer.message ?? 'no message'}`,
      );
    }
  }

  get attempts(): number {
    return this.#sum(({ attempts }) => attempts);
  }

  get unexpected(): number {
    return this.#sum(({ unexpected }) => unexpected);
  }

  /** How often this code was answered, over any channel. */
  answersWith(code: string): number {
    return this.#sum(({ answers }) =>
      [...answers].reduce((sum, [text, times]) => (text.endsWith(` ${code}`) ? sum + times : sum), 0),
    );
  }

  #sum(of: (count: KindCount) => number): number {
    return [...this.kinds.values()].reduce((sum, count) => sum + of(count), 0);
  }

  #of(kind: KindName): KindCount {
    const known = this.kinds.get(kind);
    if (known !== undefined) return known;
    const count = { attempts: 0, inTrouble: 0, answers: new Map(), unexpected: 0, slowestMilliseconds: 0 };
    this.kinds.set(kind, count);
    return count;
  }
}
