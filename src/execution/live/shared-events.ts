/** Events that consumers share: each is made once for a tick, and delivered to all that ask for it. */
import type { ValueBudget } from '../../limits/value-budget.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import type { Moment } from '../../snapshot/moment.ts';
import type { LiveResult } from './live-event.ts';

/** The tick that an event is made from. */
export interface TimedTick {
  /** When it began, on the service's own clock. */
  readonly began: Moment;
}

/** Receives a requested event. Its methods must not throw. */
export interface EventConsumer<Tick extends TimedTick> {
  /** The budget that is charged for the event. */
  readonly budget: ValueBudget;
  resolve(tick: Tick, event: LiveResult): void;
  reject(thrown: unknown): void;
}

/** The tick of an event, and the tick of the stream's previous event. */
export interface EventTicks<Tick extends TimedTick> {
  readonly tick: Tick;
  readonly previous: Tick | null;
}

/** An event and the consumers that wait for it. */
interface SharedEvent<Tick extends TimedTick> {
  event: LiveResult | null;
  readonly waiting: EventConsumer<Tick>[];
}

/** Stands for the previous tick of a first event. */
const noTick = {};
/** Consumers that receive an event before other work runs: some ten milliseconds. */
const deliveryBatchSize = 1_000;

/** The events of one operation, by their tick and the tick of the previous event. */
export class SharedEvents<Tick extends TimedTick> {
  /** Both references are weak: a strong one from each tick to its predecessor would keep all ticks. */
  readonly #events = new WeakMap<Tick, WeakMap<object, SharedEvent<Tick>>>();

  /** Delivers the event to the consumer; `make` is called for the first one that asks for it. */
  give(
    { tick, previous }: EventTicks<Tick>,
    consumer: EventConsumer<Tick>,
    make: () => MaybePromise<LiveResult>,
  ): void {
    const events = this.#events.get(tick) ?? new WeakMap<object, SharedEvent<Tick>>();
    this.#events.set(tick, events);
    const before = previous ?? noTick;
    const known = events.get(before);
    if (known === undefined) {
      const shared: SharedEvent<Tick> = { event: null, waiting: [consumer] };
      events.set(before, shared);
      const resolve = (event: LiveResult): void => {
        shared.event = event;
        deliverAll(shared.waiting, (each) => {
          each.budget.chargeEvent(event.values, each !== consumer);
          each.resolve(tick, event);
        });
      };
      const reject = (thrown: unknown): void => {
        events.delete(before);
        deliverAll(shared.waiting, (each) => each.reject(thrown));
      };
      let pending;
      try {
        pending = make();
      } catch (thrown) {
        reject(thrown);
        return;
      }
      if (pending instanceof Promise) pending.then(resolve, reject);
      else resolve(pending);
    } else if (known.event === null || known.waiting.length > 0) known.waiting.push(consumer);
    else {
      consumer.budget.chargeEvent(known.event.values, true);
      consumer.resolve(tick, known.event);
    }
  }

  /** Drops the events of a tick that no stream requests any more. */
  forget(tick: Tick): void {
    this.#events.delete(tick);
  }
}

/** Delivers to all consumers in batches, including those that join meanwhile, and empties the list. */
function deliverAll<Consumer>(waiting: Consumer[], deliver: (consumer: Consumer) => void, from = 0): void {
  const end = Math.min(waiting.length, from + deliveryBatchSize);
  for (let n = from; n < end; n += 1) {
    const consumer = waiting[n];
    if (consumer !== undefined) deliver(consumer);
  }
  if (end < waiting.length) setImmediate(() => deliverAll(waiting, deliver, end));
  else waiting.length = 0;
}
