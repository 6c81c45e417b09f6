/** The health metrics of all workers, added up by the primary. */
import { addUp, countersOf, type HealthReport } from '../../metrics/service-health.ts';

/** If a worker takes longer, its new counts are included in the next scrape. */
const limitMilliseconds = 2_000;

/** One request to all workers. */
interface Collection<Worker> {
  readonly left: Set<Worker>;
  readonly finish: () => void;
}

/**
 * A decreasing total looks like a counter reset, after which its whole value counts as an increase. Therefore a late worker
 * is included with its last report, and the counters of a worker that has exited stay in the sum.
 */
export class HealthCollection<Worker> {
  readonly #collections = new Map<number, Collection<Worker>>();
  /** The last report of each running worker. */
  readonly #latest = new Map<Worker, HealthReport>();
  /** The counters of workers that have exited: a sum, and the reports of those that exited since it was computed. */
  #ended: readonly HealthReport[] = [];
  #last = 0;

  /** The sum, when these workers have replied or timed out. `ask` sends them the number of the request. */
  async collect(
    workers: readonly Worker[],
    ask: (worker: Worker, number: number) => void,
  ): Promise<HealthReport> {
    await this.#answers(workers, ask);
    const ended = this.#ended;
    const latest = [...this.#latest.values()];
    const sumOfEnded = await addUp(ended);
    // Otherwise another worker has exited, or another collection has finished.
    if (this.#ended === ended && ended.length > 1) this.#ended = [sumOfEnded];
    return addUp([...latest, sumOfEnded]);
  }

  /** Called when a worker has replied. A late reply is ignored, because its worker may have exited. */
  note(worker: Worker, { number, report }: { readonly number: number; readonly report: HealthReport }): void {
    if (this.#collections.get(number)?.left.has(worker) !== true) return;
    this.#latest.set(worker, report);
    this.#settle(worker, number);
  }

  /** Called when a worker has exited and will not reply. */
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
