/** Limits on the number of streams and on the texts that are kept for them. */
import type { Caller } from '../../access/caller.ts';
import { HvqlError } from '../../errors.ts';
import type { Limits } from '../../graph/context.ts';

/** The limits on subscriptions, of all callers together and of one caller. */
export type SubscriptionLimits = Pick<
  Limits,
  'maxStreams' | 'maxStreamsPerCaller' | 'maxStreamText' | 'maxStreamTextPerCaller'
>;

/** The part of the request that a shared subscription keeps. */
export interface RetainedText {
  /** The same object for equal documents. */
  readonly document: object;
  readonly documentLength: number;
  /** The length of its variables as JSON, in characters. */
  readonly variablesLength: number;
}

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
    if (own.streams >= maxStreamsPerCaller) return tooMany('of one caller', maxStreamsPerCaller);
    if (this.#all.streams >= maxStreams) return tooMany('of all callers', maxStreams);
    const [ownText, allText] = [own.textWith(text), this.#all.textWith(text)];
    if (ownText > maxStreamTextPerCaller)
      return tooLong('of one caller', { limit: maxStreamTextPerCaller, actual: ownText });
    return allText > maxStreamText
      ? tooLong('of all callers', { limit: maxStreamText, actual: allText })
      : null;
  }

  countSubscription(partitionId: Caller['partitionId'], change: 1 | -1): void {
    this.#change(partitionId, (usage) => (usage.streams += change));
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

/** The usage of all callers or of one. */
class Usage {
  streams = 0;
  #text = 0;
  /** The number of operations of each document. */
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

  /** What a text adds to the existing ones. */
  #lengthOf({ document, documentLength, variablesLength }: RetainedText): number {
    return variablesLength + (this.#documents.has(document) ? 0 : documentLength);
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
