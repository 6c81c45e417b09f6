/** How many streams there may be, and how much of what they were asked with may be kept for them. */
import { HvqlError } from '../../errors.ts';
import type { Limits } from '../../graph/context.ts';

/** The limits on streams, of all callers together and of one. */
export type SubscriptionLimits = Pick<
  Limits,
  'maxStreams' | 'maxStreamsPerCaller' | 'maxStreamText' | 'maxStreamTextPerCaller'
>;

/** What is kept of the request for a watched operation, for as long as it is watched. */
export interface RetainedText {
  /** The same object for the same document. */
  readonly document: object;
  readonly documentLength: number;
  /** Characters of its variables as JSON. */
  readonly variablesLength: number;
}

/**
 * Counts streams and the texts behind them. A parsed document takes some hundred times the memory of its text, so a
 * number of streams alone is no bound; one that many operations have in common counts once.
 */
export class SubscriptionQuota {
  readonly #limits: SubscriptionLimits;
  readonly #all = new Usage();
  readonly #byCaller = new Map<bigint, Usage>();

  constructor(limits: SubscriptionLimits) {
    this.#limits = limits;
  }

  /** LIMIT_EXCEEDED where there may not be one more stream; `text` is what would have to be kept for it. */
  problem(partitionId: bigint, text: RetainedText | null): HvqlError | null {
    const { maxStreams, maxStreamsPerCaller, maxStreamText, maxStreamTextPerCaller } = this.#limits;
    const own = this.#byCaller.get(partitionId) ?? new Usage();
    if (own.streams >= maxStreamsPerCaller) return tooMany('of one caller', maxStreamsPerCaller);
    if (this.#all.streams >= maxStreams) return tooMany('in all', maxStreams);
    const [ownText, allText] = [own.textWith(text), this.#all.textWith(text)];
    if (ownText > maxStreamTextPerCaller)
      return tooLong('of one caller', { limit: maxStreamTextPerCaller, actual: ownText });
    return allText > maxStreamText ? tooLong('in all', { limit: maxStreamText, actual: allText }) : null;
  }

  countSubscription(partitionId: bigint, change: 1 | -1): void {
    this.#change(partitionId, (usage) => (usage.streams += change));
  }

  /** Counts a text that is kept from now on, or no more. */
  countText(partitionId: bigint, { text, change }: { text: RetainedText; change: 1 | -1 }): void {
    this.#change(partitionId, (usage) => usage.countText(text, change));
  }

  #change(partitionId: bigint, change: (usage: Usage) => void): void {
    const own = this.#byCaller.get(partitionId) ?? new Usage();
    this.#byCaller.set(partitionId, own);
    change(own);
    change(this.#all);
    if (own.isEmpty) this.#byCaller.delete(partitionId);
  }
}

/** What there is, of all or of one. */
class Usage {
  streams = 0;
  #text = 0;
  /** How many operations each document stands behind. */
  readonly #documents = new Map<object, number>();

  get isEmpty(): boolean {
    return this.streams === 0 && this.#documents.size === 0;
  }

  textWith(text: RetainedText | null): number {
    return text === null ? this.#text : this.#text + this.#lengthOf(text);
  }

  countText(text: RetainedText, change: 1 | -1): void {
    const { document } = text;
    if (change === 1) this.#text += this.#lengthOf(text);
    const operations = (this.#documents.get(document) ?? 0) + change;
    if (operations === 0) this.#documents.delete(document);
    else this.#documents.set(document, operations);
    if (change === -1) this.#text -= this.#lengthOf(text);
  }

  /** What it adds to the texts that are there. */
  #lengthOf({ document, documentLength, variablesLength }: RetainedText): number {
    return variablesLength + (this.#documents.has(document) ? 0 : documentLength);
  }
}

function tooMany(which: string, limit: number): HvqlError {
  const message = `At most ${limit} subscriptions ${which} may be open at once: end one before another is begun.`;
  return new HvqlError('LIMIT_EXCEEDED', message, { limit, actual: limit + 1 });
}

function tooLong(which: string, facts: { readonly limit: number; readonly actual: number }): HvqlError {
  return new HvqlError(
    'LIMIT_EXCEEDED',
    `The documents and variables of the subscriptions ${which} would have ${facts.actual} characters, but at most ` +
      `${facts.limit} may be: let those that differ in values only have one document with variables, or end some.`,
    facts,
  );
}
