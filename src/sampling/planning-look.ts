/** A look that reads nothing and notes what it is asked for: what an operation will need, found by running it. */
import type { Granted } from '../access/access.ts';
import type { Moment } from '../snapshot/moment.ts';
import { requestKey, type Look, type LookRequest, type Order } from './look.ts';

const noMoment: Moment = { wallMilliseconds: 0, monotonicNanoseconds: 0n };

/** Notes requests. Where an order decides which objects come first, it goes on with all that might. */
export class PlanningLook implements Look {
  readonly defaultOver: number;
  readonly #requests = new Map<string, LookRequest>();

  constructor(defaultOver: number) {
    this.defaultOver = defaultOver;
  }

  get requests(): readonly LookRequest[] {
    return [...this.#requests.values()];
  }

  async moment(): Promise<Moment> {
    this.#note({ object: null, over: null });
    return noMoment;
  }

  async reading(object: Granted): Promise<null> {
    this.#note({ object, over: null });
    return null;
  }

  async growth(object: Granted, over: number): Promise<null> {
    this.#note({ object, over });
    return null;
  }

  async first<Name extends Granted>(
    objects: readonly Name[],
    { order }: { order: Order },
  ): Promise<readonly Name[]> {
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
