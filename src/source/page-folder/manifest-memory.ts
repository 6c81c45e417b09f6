/** Whether a page folder has had a manifest, as all processes that read it know it. */

/**
 * Without a manifest partition 1 is the root. Once there has been one, its absence says nothing about who the root is:
 * a partition of that number may be anybody's. Each process that reads the folder has one of these, and they tell one
 * another, since a process that is started later cannot see what was there before.
 */
export class ManifestMemory {
  #isKnown: boolean;
  readonly #onFirst: () => void;

  /** `isKnown`: another process has seen a manifest; `onFirst` is called when this one is the first to see it. */
  constructor(isKnown = false, onFirst: () => void = () => undefined) {
    this.#isKnown = isKnown;
    this.#onFirst = onFirst;
  }

  /** Whether there has been a manifest, a broken one included. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Notes that a manifest is there. */
  note(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#onFirst();
  }

  /** Notes that another process has seen one. */
  noteFromOther(): void {
    this.#isKnown = true;
  }
}
