/** Limits on the number of streams and on the texts that are kept for them. */
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import type { Limits } from '../../graph/context.ts';
import { Usage, type RetainedText } from '../../limits/usage.ts';

/** The limits on subscriptions, of all callers together and of one caller. */
export type SubscriptionLimits = Pick<
  Limits,
  'maxStreams' | 'maxStreamsPerCaller' | 'maxStreamText' | 'maxStreamTextPerCaller'
>;

/**
 * Counts streams and their texts. A parsed document takes about a hundred times the memory of its text, so the number of
 * streams alone does not limit memory. A document that several subscriptions share counts once.
 */
export class SubscriptionQuota {
  readonly #limits: SubscriptionLimits;
  readonly #all = new Usage();
  readonly #byCaller = new Map<Caller['partitionId'], Usage>();

  constructor(limits: SubscriptionLimits) {
    this.#limits = limits;
  }

  /** LIMIT_EXCEEDED if another stream would exceed a limit, else null. `text` is what would be kept for it. */
  problem(partitionId: Caller['partitionId'], text: RetainedText | null): HvqlError | null {
    const { maxStreams, maxStreamsPerCaller, maxStreamText, maxStreamTextPerCaller } = this.#limits;
    const own = this.#byCaller.get(partitionId) ?? new Usage();
    if (own.count >= maxStreamsPerCaller) return tooMany('of one caller', maxStreamsPerCaller);
    if (this.#all.count >= maxStreams) return tooMany('of all callers', maxStreams);
    const [ownText, allText] = [own.textWith(text), this.#all.textWith(text)];
    if (ownText > maxStreamTextPerCaller)
      return tooLong('of one caller', { limit: maxStreamTextPerCaller, actual: ownText });
    return allText > maxStreamText
      ? tooLong('of all callers', { limit: maxStreamText, actual: allText })
      : null;
  }

  countSubscription(partitionId: Caller['partitionId'], change: 1 | -1): void {
    this.#change(partitionId, (usage) => (usage.count += change));
  }

  /** Adds or subtracts a text. */
  countText(
    partitionId: Caller['partitionId'],
    { text, change }: { text: RetainedText; change: 1 | -1 },
  ): void {
    this.#change(partitionId, (usage) => usage.countText(text, change));
  }

  #change(partitionId: Caller['partitionId'], change: (usage: Usage) => void): void {
    const own = this.#byCaller.get(partitionId) ?? new Usage();
    this.#byCaller.set(partitionId, own);
    change(own);
    change(this.#all);
    if (own.isEmpty) this.#byCaller.delete(partitionId);
  }
}

function tooMany(which: string, limit: number): HvqlError {
  const message = `At most ${limit} subscriptions ${which} may be open: end one before you start another.`;
  return new HvqlError('LIMIT_EXCEEDED', message, { limit, actual: limit + 1 });
}

function tooLong(which: string, facts: { readonly limit: number; readonly actual: number }): HvqlError {
  return new HvqlError(
    'LIMIT_EXCEEDED',
    `The documents and variables of the subscriptions ${which} would have ${facts.actual} characters, but at most ` +
      `${facts.limit} are allowed: use one document with variables for subscriptions that differ in values only, or end some.`,
    facts,
  );
}
