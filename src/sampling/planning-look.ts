/** A look that reads nothing and notes what it is asked for: what an operation will need, found by running it. */
import type { Granted } from '../access/access.ts';
import type { Moment } from '../snapshot/moment.ts';
import {
  requestKey,
  type CountValues,
  type Look,
  type LookRequest,
  type Over,
  type Ranking,
} from './look.ts';

const noMoment: Moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };

/** Notes requests. Where an order decides which objects come first, it goes on with all that might. */
export class PlanningLook implements Look {
  readonly defaultOver: Over;
  #values = 0;
  readonly #requests = new Map<string, LookRequest>();

  constructor(defaultOver: Over) {
    this.defaultOver = defaultOver;
  }

  /** How many counter values the answer will hold, or more where an order leaves some out. */
  get values(): number {
    return this.#values;
  }

  get requests(): readonly LookRequest[] {
    return [...this.#requests.values()];
  }

  async moment(): Promise<Moment> {
    this.#note({ object: null, over: null });
    return noMoment;
  }

  async reading(object: Granted, counting?: CountValues): Promise<null> {
    this.#values += counting?.() ?? 0;
    this.#note({ object, over: null });
    return null;
  }

  async growth(object: Granted, over: Over, counting?: CountValues): Promise<null> {
    this.#values += counting?.() ?? 0;
    this.#note({ object, over });
    return null;
  }

  async first<Name extends Granted>(objects: readonly Name[], { order }: Ranking): Promise<readonly Name[]> {
    const over = order.by === 'VALUE' ? null : this.defaultOver;
    for (const object of objects) this.#note({ object, over });
    return objects;
  }

  async readAhead(requests: readonly LookRequest[]): Promise<void> {
    for (const request of requests) this.#note(request);
  }

  #note(request: LookRequest): void {
    this.#requests.set(requestKey(request), request);
  }
}
