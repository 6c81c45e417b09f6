/** An operation that streams watch: planned once for what exists, executed once a tick for all of them. */
import type { ExecutionArgs } from 'graphql';
import type { Caller } from '../../access/caller.ts';
import { recordingAccess } from '../../access/recording-access.ts';
import { HvqlError } from '../../errors.ts';
import type { ServiceFacts } from '../../graph/context.ts';
import type { LiveOptions } from '../../graph/type/subscription.ts';
import { TopologyScope } from '../../sampling/read/topology-scope.ts';
import { eventLoop } from '../../sampling/schedule/fair-schedule.ts';
import { LiveSnapshotReader } from '../../sampling/schedule/live-snapshot-reader.ts';
import type { ReadRequest } from '../../sampling/read/snapshot-reader.ts';
import { PlanningSnapshotReader } from '../../sampling/read/planning-snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { Tick, Watcher } from '../../sampling/schedule/tick.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { costProblem } from '../cost.ts';
import { refused, valuesPerSlice } from '../execute.ts';
import { eventRoot, executeEvent, finalEvent, type LiveEventParts, type LiveResult } from './live-event.ts';
import { planOperation, type Plan } from '../plan.ts';

/** What a watched operation is. */
export interface SharedSubscriptionOptions {
  readonly args: ExecutionArgs;
  readonly caller: Caller;
  readonly service: ServiceFacts;
  readonly options: LiveOptions;
  readonly writesBytes: boolean;
}

/** Who has asked for an event. Neither throws. */
export interface EventConsumer {
  resolve(tick: Tick, event: LiveResult): void;
  reject(thrown: unknown): void;
}

/** What an event is made of: a tick, and the one that the event before was made of. */
export interface EventTicks {
  readonly tick: Tick;
  readonly previous: Tick | null;
}

/** An event, and who waits for it. */
interface SharedEvent {
  event: LiveResult | null;
  readonly waiting: EventConsumer[];
}

/** In place of the tick before, for first events. */
const noTick = {};
/** So many are given an event before whatever else there is to do has its turn: some ten milliseconds' worth. */
const deliveryBatchSize = 1_000;

/** The same operation, variables and rights, for any number of streams. */
export class SharedSubscription implements Watcher {
  readonly options: LiveOptions;
  readonly #parts: SharedSubscriptionOptions;
  #streams = 0;
  /** Sources give the same topology for as long as nothing in it changes. */
  readonly #plans = new WeakMap<Topology, MaybePromise<Plan>>();
  readonly #asked = new TopologyScope();
  /** Whether the caller was given an event in which the partition that it watches was there. */
  #hasSeenPartition = false;
  /**
   * Events by their tick and the tick of the event before, and gone with either: a tick that held on to the one before
   * it would keep all that ever were.
   */
  readonly #events = new WeakMap<Tick, WeakMap<object, SharedEvent>>();
  /** The last tick that all streams were offered. */
  #offered: Tick | null = null;

  constructor(parts: SharedSubscriptionOptions) {
    this.options = parts.options;
    this.#parts = parts;
  }

  get lists(): ReadonlySet<bigint> | null {
    return this.#asked.lists;
  }

  get isWatched(): boolean {
    return this.#streams > 0;
  }

  /** One stream more watches. */
  add(): void {
    this.#streams += 1;
  }

  /** One of them does not any more. */
  remove(): void {
    this.#streams -= 1;
  }

  /** Nobody asks for events of the tick before any more, which streams hold on to. */
  offered(tick: Tick): void {
    if (this.#offered !== null && this.#offered !== tick) this.#events.delete(this.#offered);
    this.#offered = tick;
  }

  /** Nothing where there is too much of it: the event says so, without anything having been read for it. */
  async requests(topology: Topology): Promise<readonly ReadRequest[]> {
    return (await this.problem(topology)) === null ? (await this.#planFor(topology)).requests : [];
  }

  /** LIMIT_EXCEEDED where an event, with what exists now, would hold or read more than one may; else null. */
  problem(topology: Topology): MaybePromise<HvqlError | null> {
    return mapMaybePromise(this.#planFor(topology), (plan) => this.#problemOf(plan));
  }

  #problemOf(plan: Plan): HvqlError | null {
    const { maxStreamValues: maxValues, maxPages } = this.#parts.service.limits;
    return costProblem(plan, { maxValues, maxPages });
  }

  /**
   * Has the event made that a tick makes for streams whose last event was made by the previous one, once for all of
   * them, and gives it to each who asks.
   */
  make({ tick, previous }: EventTicks, consumer: EventConsumer): void {
    const events = this.#events.get(tick) ?? new WeakMap<object, SharedEvent>();
    this.#events.set(tick, events);
    const before = previous ?? noTick;
    const known = events.get(before);
    if (known === undefined) {
      const shared: SharedEvent = { event: null, waiting: [consumer] };
      events.set(before, shared);
      const resolve = (event: LiveResult): void => {
        shared.event = event;
        deliverAll(shared.waiting, (each) => each.resolve(tick, event));
      };
      const reject = (thrown: unknown): void => {
        events.delete(before);
        deliverAll(shared.waiting, (each) => each.reject(thrown));
      };
      let pending;
      try {
        pending = this.#scheduled(() => this.#makeEvent(tick, previous));
      } catch (thrown) {
        reject(thrown);
        return;
      }
      if (pending instanceof Promise) pending.then(resolve, reject);
      else resolve(pending);
    } else if (known.event === null || known.waiting.length > 0) known.waiting.push(consumer);
    else consumer.resolve(tick, known.event);
  }

  /** Operations of one caller may be many, and each plan and each event takes its time. */
  #scheduled<Result>(work: () => MaybePromise<Result>): MaybePromise<Result> {
    return eventLoop.isFree() ? work() : eventLoop.turn(this.#parts.caller.partitionId).then(work);
  }

  /** What exists may have come to more than it was when the stream began, or the source could not say then. */
  #makeEvent(tick: Tick, previous: Tick | null): MaybePromise<LiveResult> {
    const { topology } = tick;
    const planned = topology instanceof HvqlError ? null : this.#planFor(topology);
    return mapMaybePromise(planned, (plan) => {
      const problem = plan === null ? null : this.#problemOf(plan);
      if (problem !== null) return finalEvent(refused(problem));
      const isLarge = plan !== null && plan.values > valuesPerSlice;
      const reader = new LiveSnapshotReader(tick, previous?.snapshot ?? null);
      const isFirst = previous === null || !this.#hasSeenPartition;
      const event = executeEvent(this.#parts.args, this.#partsOf(topology, { reader, isFirst, isLarge }));
      return mapMaybePromise(event, (result) => {
        this.#hasSeenPartition ||= result.isThere;
        return result;
      });
    });
  }

  /** What an event needs, with what exists now. */
  #planFor(topology: Topology): MaybePromise<Plan> {
    let plan = this.#plans.get(topology);
    if (plan === undefined) {
      plan = mapMaybePromise(
        this.#scheduled(() => this.#makePlan(topology)),
        (ready) => {
          this.#plans.set(topology, ready);
          return ready;
        },
      );
      if (plan instanceof Promise) this.#plans.set(topology, plan);
    }
    return plan;
  }

  #makePlan(topology: Topology): MaybePromise<Plan> {
    const reader = new PlanningSnapshotReader('PREVIOUS_EVENT');
    const noted = new Set<bigint>();
    const parts = this.#partsOf(topology, { reader, isFirst: true, isLarge: false });
    const rootValue = eventRoot({ ...parts, accessTo: recordingAccess(noted) });
    const { maxStreamValues: maxValues } = this.#parts.service.limits;
    return mapMaybePromise(
      planOperation({ ...this.#parts.args, rootValue }, { reader, maxValues }),
      (plan) => {
        this.#asked.add(noted);
        return plan;
      },
    );
  }

  #partsOf(
    topology: Tick['topology'],
    more: Pick<LiveEventParts, 'reader' | 'isFirst' | 'isLarge'>,
  ): LiveEventParts {
    const { caller, service, writesBytes } = this.#parts;
    const { limits, health } = service;
    return { ...more, caller, limits, sourceKind: () => health().kind, topology, writesBytes };
  }
}

/** Gives to all of them, those who join meanwhile among them, and leaves the list empty. */
function deliverAll(waiting: EventConsumer[], deliver: (consumer: EventConsumer) => void, from = 0): void {
  const end = Math.min(waiting.length, from + deliveryBatchSize);
  for (let n = from; n < end; n += 1) {
    const consumer = waiting[n];
    if (consumer !== undefined) deliver(consumer);
  }
  if (end < waiting.length) setImmediate(deliverAll, waiting, deliver, end);
  else waiting.length = 0;
}
