/** The history of a source that keeps its own, for one operation: planning records the queries, then `fetch` runs them. */
import type { Granted } from '../../access/access.ts';
import { HvqlError } from '../../errors.ts';
import { readingKey } from '../../snapshot/object-name.ts';
import { noPast, type Past, type PastQuestion } from '../../snapshot/past.ts';
import { History } from './history.ts';
import type { HistoryReader, HistoryRequest, ObjectSample, TotalSample } from './history-sample.ts';

/** Runs history queries, in their order: one history for each object. Rejects with an HvqlError. */
export type FetchPasts = (
  questions: readonly PastQuestion[],
  signal: AbortSignal,
) => Promise<readonly (readonly Past[])[]>;

/** The history of an object is empty until it was requested and `fetch` was called after that. */
export class FetchedHistory implements HistoryReader {
  readonly #fetch: FetchPasts;
  readonly #history = new History((question) => this.#find(question));
  readonly #known = new Map<string, readonly Past[]>();
  /** The queries that were not fetched yet. */
  readonly #asked = new Map<string, PastQuestion>();

  constructor(fetch: FetchPasts) {
    this.#fetch = fetch;
  }

  /** Whether there are queries that were not fetched yet. */
  get isIncomplete(): boolean {
    return this.#asked.size > 0;
  }

  /** Fetches everything that was requested. */
  async fetch(signal: AbortSignal): Promise<void> {
    const asked = [...this.#asked];
    this.#asked.clear();
    const answers = await this.#fetch(
      asked.map(([, question]) => question),
      signal,
    );
    for (const [n, [key, { objects }]] of asked.entries()) {
      const pasts = answers[n];
      if (pasts?.length !== objects.length)
        throw new HvqlError('PAGE_UNAVAILABLE', 'The source returned no history.');
      this.#known.set(key, pasts);
    }
  }

  of(object: Granted, request: HistoryRequest): readonly ObjectSample[] {
    return this.#history.of(object, request);
  }

  ofTotal(objects: readonly Granted[], request: HistoryRequest): readonly TotalSample[] {
    return this.#history.ofTotal(objects, request);
  }

  #find(question: PastQuestion<Granted>): readonly Past[] {
    const key = `${question.last} ${question.step} ${question.objects.map(readingKey).join(' ')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#asked.set(key, question);
    return question.objects.map(() => noPast);
  }
}
