/** The place of a pattern beside the plan that it belongs to: kept while it is used, and while there is room. */
import type { ResponseTemplate } from './response-template.ts';

/** An operation that is asked once is not worth a pattern. */
const responsesBefore = 1;
/** What does not come to a pattern so often never does. */
const maxAttempts = 3;
/** Gaps of all patterns together: about 20 MB with what stands between them. */
const maxSlots = 100_000;

/** Those that hold a pattern, the oldest first. */
const holding = new Set<CachedTemplate>();
let slots = 0;

/** A pattern, once there is one. */
export class CachedTemplate {
  #responses = 0;
  #attempts = 0;
  #template: ResponseTemplate | null = null;

  get template(): ResponseTemplate | null {
    return this.#template;
  }

  /** Whether the answer that is about to be written is to make it. */
  get isWanted(): boolean {
    if (this.#template !== null || this.#attempts >= maxAttempts) return false;
    this.#responses += 1;
    return this.#responses > responsesBefore;
  }

  /** Takes what came of an attempt. */
  offer(template: ResponseTemplate | null): void {
    this.#attempts += 1;
    if (template === null || template.values.length > maxSlots) return;
    this.#template = template;
    slots += template.values.length;
    holding.add(this);
    for (const oldest of holding) {
      if (slots <= maxSlots) break;
      oldest.#drop();
    }
  }

  /** It may be made again. */
  #drop(): void {
    slots -= this.#template?.values.length ?? 0;
    this.#template = null;
    this.#responses = 0;
    this.#attempts = 0;
    holding.delete(this);
  }
}
