/** A subscription that streams share: planned once for a topology, and executed once a tick for all streams. */
import { getOperationAST, type ExecutionArgs } from 'graphql';
import type { Caller } from '../../access/caller.ts';
import { recordingAccess } from '../../access/recording-access.ts';
import { HvqlError } from '../../errors.ts';
import type { ServiceFacts } from '../../graph/context.ts';
import type { LiveOptions } from '../../graph/type/subscription.ts';
import { TopologyScope } from '../../sampling/read/topology-scope.ts';
import { eventLoop } from '../../sampling/schedule/fair-schedule.ts';
import { loopHolds, type NamedWork } from '../../sampling/schedule/loop-holds.ts';
import { LiveSnapshotReader } from '../../sampling/schedule/live-snapshot-reader.ts';
import type { ReadRequest } from '../../sampling/read/snapshot-reader.ts';
import { PlanningSnapshotReader } from '../../sampling/read/planning-snapshot-reader.ts';
import { mapMaybePromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import { noHistory } from '../../sampling/read/history-sample.ts';
import type { Tick, Watcher } from '../../sampling/schedule/tick.ts';
import type { Topology } from '../../snapshot/topology.ts';
import { costProblem } from '../cost.ts';
import { refused, valuesPerSlice } from '../execute.ts';
import { eventRoot, executeEvent, finalEvent, type LiveEventParts, type LiveResult } from './live-event.ts';
import type { StreamedOperation } from './live-stream.ts';
import { SharedEvents, type EventConsumer, type EventTicks } from './shared-events.ts';
import { planOperation, valuesOfError, type Plan } from '../plan.ts';

/** Options of a shared subscription. */
export interface SharedSubscriptionOptions {
  readonly args: ExecutionArgs;
  readonly caller: Caller;
  readonly service: ServiceFacts;
  readonly options: LiveOptions;
  readonly writesBytes: boolean;
}

/** One operation with its variables and rights, for any number of streams. */
export class SharedSubscription implements Watcher, StreamedOperation<Tick> {
  readonly options: LiveOptions;
  readonly #parts: SharedSubscriptionOptions;
  readonly #work: NamedWork;
  #streams = 0;
  /** Sources return the same topology object while nothing in it changes. */
  readonly #plans = new WeakMap<Topology, MaybePromise<Plan>>();
  readonly #scope = new TopologyScope();
  /** Whether some event had the partition of the subscription. */
  #hasSeenPartition = false;
  readonly #events = new SharedEvents<Tick>();
  /** The last tick that all streams have received. */
  #offered: Tick | null = null;

  constructor(parts: SharedSubscriptionOptions) {
    this.options = parts.options;
    this.#parts = parts;
    const { caller, args } = parts;
    this.#work = {
      caller,
      operationName: getOperationAST(args.document, args.operationName)?.name?.value ?? null,
      operation: { query: args.document.loc?.source.body ?? '' },
    };
  }

  get lists(): ReadonlySet<bigint> | null {
    return this.#scope.lists;
  }

  get isWatched(): boolean {
    return this.#streams > 0;
  }

  /** Adds a stream. */
  add(): void {
    this.#streams += 1;
  }

  /** Removes a stream. */
  remove(): void {
    this.#streams -= 1;
  }

  /** Drops the events of the previous tick, which no stream requests any more. */
  offered(tick: Tick): void {
    if (this.#offered !== null && this.#offered !== tick) this.#events.forget(this.#offered);
    this.#offered = tick;
  }

  /** The readings of an event; none if it is too expensive: then the event is an error. */
  async requests(topology: Topology): Promise<readonly ReadRequest[]> {
    return (await this.problem(topology)) === null ? (await this.#planFor(topology)).requests : [];
  }

  /** LIMIT_EXCEEDED if an event with this topology would cost too much; else null. */
  problem(topology: Topology): MaybePromise<HvqlError | null> {
    return mapMaybePromise(this.#planFor(topology), (plan) => this.#problemOf(plan));
  }

  #problemOf(plan: Plan): HvqlError | null {
    const { maxStreamValues: maxValues, maxPages } = this.#parts.service.limits;
    return costProblem(plan, { maxValues, maxPages });
  }

  /** Creates the event of a tick, once for all streams with the same previous tick, and delivers it to the consumer. */
  make(ticks: EventTicks<Tick>, consumer: EventConsumer<Tick>): void {
    this.#events.give(ticks, consumer, () =>
      this.#scheduled(() => this.#makeEvent(ticks.tick, ticks.previous)),
    );
  }

  /** Runs work when the fair schedule reaches the caller, which may have many subscriptions. */
  #scheduled<Result>(work: () => MaybePromise<Result>): MaybePromise<Result> {
    return eventLoop.isFree() ? work() : eventLoop.turn(this.#parts.caller.partitionId).then(work);
  }

  /** Checks the cost again: the topology may have grown since the stream was opened. */
  #makeEvent(tick: Tick, previous: Tick | null): MaybePromise<LiveResult> {
    loopHolds.begin(this.#work);
    const { topology } = tick;
    const planned = topology instanceof HvqlError ? null : this.#planFor(topology);
    return mapMaybePromise(planned, (plan) => {
      const problem = plan === null ? null : this.#problemOf(plan);
      if (problem !== null) return finalEvent(refused(problem));
      const values = plan?.values ?? valuesOfError;
      const isLarge = values > valuesPerSlice;
      const reader = new LiveSnapshotReader(tick, previous?.snapshot ?? null);
      const isFirst = previous === null || !this.#hasSeenPartition;
      const event = executeEvent(
        this.#parts.args,
        this.#partsOf(topology, { reader, isFirst, values, isLarge }),
      );
      return mapMaybePromise(event, (result) => {
        this.#hasSeenPartition ||= result.isThere;
        return result;
      });
    });
  }

  /** The plan of an event with this topology. */
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
    const reader = new PlanningSnapshotReader('PREVIOUS_EVENT', noHistory);
    const noted = new Set<bigint>();
    const parts = this.#partsOf(topology, { reader, isFirst: true, values: 0, isLarge: false });
    const rootValue = eventRoot({ ...parts, accessTo: recordingAccess(noted) });
    const { maxStreamValues: maxValues } = this.#parts.service.limits;
    return mapMaybePromise(
      planOperation({ ...this.#parts.args, rootValue }, { reader, maxValues }),
      (plan) => {
        this.#scope.add(noted);
        return plan;
      },
    );
  }

  #partsOf(
    topology: Tick['topology'],
    more: Pick<LiveEventParts, 'reader' | 'isFirst' | 'values' | 'isLarge'>,
  ): LiveEventParts {
    const { caller, service, writesBytes } = this.#parts;
    const { limits, host, health } = service;
    return { ...more, caller, limits, host, sourceKind: () => health().kind, topology, writesBytes };
  }
}
