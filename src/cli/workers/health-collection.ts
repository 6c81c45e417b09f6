/** The metrics of the health of all workers, added up by the primary. */
import { addUp, countersOf, type HealthReport } from '../../metrics/service-health.ts';

/** What a worker that takes longer has counted since its last report comes with the next scrape. */
const limitMilliseconds = 2_000;

/** One request to all workers. */
interface Collection<Worker> {
  readonly left: Set<Worker>;
  readonly finish: () => void;
}

/**
 * A total that goes backwards looks like a counter that was reset, and all of its value like new growth. So a worker that is
 * late counts with its last report, and the counters of one that has ended stay in the sum.
 */
export class HealthCollection<Worker> {
  readonly #collections = new Map<number, Collection<Worker>>();
  /** The last report of each worker that runs. */
  readonly #latest = new Map<Worker, HealthReport>();
  /** The counters of workers that have ended: one sum for all of them, and those that ended since it was computed. */
  #ended: readonly HealthReport[] = [];
  #last = 0;

  /** The sum, once these workers have answered or had the time for it; `ask` sends them the number of the request. */
  async collect(
    workers: readonly Worker[],
    ask: (worker: Worker, number: number) => void,
  ): Promise<HealthReport> {
    await this.#answers(workers, ask);
    const ended = this.#ended;
    const latest = [...this.#latest.values()];
    const sumOfEnded = await addUp(ended);
    // Otherwise another worker has ended, or another collection was here.
    if (this.#ended === ended && ended.length > 1) this.#ended = [sumOfEnded];
    return addUp([...latest, sumOfEnded]);
  }

  /** A worker has answered. An answer that is not waited for any more changes nothing: its worker may have ended. */
  note(worker: Worker, { number, report }: { readonly number: number; readonly report: HealthReport }): void {
    if (this.#collections.get(number)?.left.has(worker) !== true) return;
    this.#latest.set(worker, report);
    this.#settle(worker, number);
  }

  /** A worker has ended and will not answer. */
  forget(worker: Worker): void {
    const report = this.#latest.get(worker);
    this.#latest.delete(worker);
    if (report !== undefined) this.#ended = [...this.#ended, countersOf(report)];
    for (const number of [...this.#collections.keys()]) this.#settle(worker, number);
  }

  #answers(workers: readonly Worker[], ask: (worker: Worker, number: number) => void): Promise<void> {
    const number = (this.#last += 1);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(limit);
        this.#collections.delete(number);
        resolve();
      };
      const limit = setTimeout(finish, limitMilliseconds);
      this.#collections.set(number, { left: new Set(workers), finish });
      for (const worker of workers) ask(worker, number);
      if (workers.length === 0) finish();
    });
  }

  #settle(worker: Worker, number: number): void {
    const collection = this.#collections.get(number);
    if (collection?.left.delete(worker) === true && collection.left.size === 0) collection.finish();
  }
}
