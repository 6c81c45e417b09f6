/** How many operations are open, and the texts that are kept for them. */

/** The part of a request that is kept while its operation is open. */
export interface RetainedText {
  /** The same object for equal documents. */
  readonly document: object;
  readonly documentLength: number;
  /** The length of its variables as JSON, in characters. */
  readonly variablesLength: number;
}

/** The usage of all callers or of one. A document that several operations share counts once. */
export class Usage {
  count = 0;
  #text = 0;
  /** The number of operations of each document. */
  readonly #documents = new Map<object, number>();

  get isEmpty(): boolean {
    return this.count === 0 && this.#documents.size === 0;
  }

  /** The characters of all texts, with this one. */
  textWith(text: RetainedText | null): number {
    return text === null ? this.#text : this.#text + this.#lengthOf(text);
  }

  /** Adds or subtracts a text. */
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
