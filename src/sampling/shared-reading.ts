/** What operations ask for in one turn of the loop: one reading of the source for all of them. */
import DataLoader from 'dataloader';
import type { Granted } from '../access/access.ts';
import { objectKey } from '../snapshot/object-name.ts';
import type { Readings } from '../snapshot/reading.ts';
import { unlessAborted } from './deadline.ts';

/** What one operation needs to have read, and the signal that it ends with. */
interface Ask {
  readonly objects: readonly Granted[];
  readonly signal: AbortSignal;
}

/** Reads objects, each once, until the signal is aborted. */
type Read = (objects: readonly Granted[], signal: AbortSignal) => Promise<Readings>;

/** Reads for all who ask in one turn: each object once, and to each who asked the outcomes of its own. */
export class SharedReading {
  readonly #read: Read;
  readonly #asks = new DataLoader<Ask, Readings>((asks) => this.#readAll(asks), { cache: false });

  constructor(read: Read) {
    this.#read = read;
  }

  /** Rejects with the signal's reason where that is aborted first; the others' reading goes on. */
  read(objects: readonly Granted[], signal: AbortSignal): Promise<Readings> {
    return unlessAborted(this.#asks.load({ objects, signal }), signal);
  }

  async #readAll(asks: readonly Ask[]): Promise<Readings[]> {
    const objects = new Map(asks.flatMap((ask) => ask.objects.map((object) => [objectKey(object), object])));
    const audience = new AbortController();
    let listeners = asks.length;
    const leave = ({ target }: Pick<Event, 'target'>): void => {
      listeners -= 1;
      if (listeners === 0) audience.abort((target as AbortSignal).reason);
    };
    for (const { signal } of asks) {
      if (signal.aborted) leave({ target: signal });
      else signal.addEventListener('abort', leave, { once: true });
    }
    try {
      const { at, outcomes } = await this.#read([...objects.values()], audience.signal);
      const numbers = new Map([...objects.keys()].map((key, n) => [key, n]));
      return asks.map((ask) => ({
        at,
        outcomes: ask.objects.flatMap((object) => outcomes[numbers.get(objectKey(object)) ?? -1] ?? []),
      }));
    } finally {
      for (const { signal } of asks) signal.removeEventListener('abort', leave);
    }
  }
}
