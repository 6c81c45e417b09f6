/** Asks all workers for the metrics of their health, for the primary to add up. */
import type { HealthReport } from '../../metrics/service-health.ts';

/** A worker that takes longer is left out: its numbers come with the next scrape. */
const limitMilliseconds = 2_000;

/** One request to all workers. */
interface Collection<Worker> {
  readonly left: Set<Worker>;
  readonly reports: HealthReport[];
  readonly finish: () => void;
}

/** The requests under way. */
export class HealthCollection<Worker> {
  readonly #collections = new Map<number, Collection<Worker>>();
  #last = 0;

  /** The reports of the workers that answer in time; `ask` sends them the number of the request. */
  collect(
    workers: readonly Worker[],
    ask: (worker: Worker, number: number) => void,
  ): Promise<readonly HealthReport[]> {
    const number = (this.#last += 1);
    const reports: HealthReport[] = [];
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(limit);
        this.#collections.delete(number);
        resolve(reports);
      };
      const limit = setTimeout(finish, limitMilliseconds);
      this.#collections.set(number, { left: new Set(workers), reports, finish });
      for (const worker of workers) ask(worker, number);
      if (workers.length === 0) finish();
    });
  }

  /** A worker has answered. */
  note(worker: Worker, { number, report }: { readonly number: number; readonly report: HealthReport }): void {
    const collection = this.#collections.get(number);
    if (collection?.left.delete(worker) !== true) return;
    collection.reports.push(report);
    if (collection.left.size === 0) collection.finish();
  }

  /** A worker has ended and will not answer. */
  forget(worker: Worker): void {
    for (const collection of [...this.#collections.values()]) {
      if (collection.left.delete(worker) && collection.left.size === 0) collection.finish();
    }
  }
}
