/** An operation that streams watch: planned once for what exists, executed once a tick for all of them. */
import type { ExecutionArgs } from 'graphql';
import type { Caller } from '../access/caller.ts';
import type { ServiceFacts } from '../graph/context.ts';
import type { LiveOptions } from '../graph/subscription.ts';
import { LiveLook } from '../sampling/live-look.ts';
import type { LookRequest } from '../sampling/look.ts';
import { PlanningLook } from '../sampling/planning-look.ts';
import type { Tick, Watcher } from '../sampling/tick.ts';
import type { Topology } from '../snapshot/topology.ts';
import { executeEvent, type LiveResult } from './live-event.ts';

/** What a watched operation is. */
export interface WatchedOperationParts {
  readonly args: ExecutionArgs;
  readonly caller: Caller;
  readonly service: ServiceFacts;
  readonly options: LiveOptions;
}

/** Who takes the ticks of an operation. */
export interface TickTaker {
  take(tick: Tick): void;
}

/** What the operation needs of what exists. */
interface Plan {
  readonly requests: readonly LookRequest[];
  readonly values: number;
}

/** The same operation, variables and rights, for any number of streams. */
export class WatchedOperation implements Watcher {
  readonly options: LiveOptions;
  readonly #parts: WatchedOperationParts;
  readonly #streams = new Set<TickTaker>();
  /** The newest plan; sources give the same topology for as long as nothing in it changes. */
  #plan: Promise<Plan> | undefined;
  #plannedFor: Topology | undefined;
  /** Events by their tick and the tick of the event before; gone with the tick. */
  readonly #events = new WeakMap<Tick, Map<Tick | null, Promise<LiveResult>>>();

  constructor(parts: WatchedOperationParts) {
    this.options = parts.options;
    this.#parts = parts;
  }

  get isWatched(): boolean {
    return this.#streams.size > 0;
  }

  add(stream: TickTaker): void {
    this.#streams.add(stream);
  }

  remove(stream: TickTaker): void {
    this.#streams.delete(stream);
  }

  take(tick: Tick): void {
    for (const stream of this.#streams) stream.take(tick);
  }

  async requests(topology: Topology): Promise<readonly LookRequest[]> {
    return (await this.#planFor(topology)).requests;
  }

  /** How many counter values an event holds at the most, with what exists now. */
  async values(topology: Topology): Promise<number> {
    return (await this.#planFor(topology)).values;
  }

  /** The event that a tick makes for streams whose last event was made by the previous one. */
  event(tick: Tick, previous: Tick | null): Promise<LiveResult> {
    const events = this.#events.get(tick) ?? new Map<Tick | null, Promise<LiveResult>>();
    this.#events.set(tick, events);
    let event = events.get(previous);
    if (event === undefined) {
      event = this.#execute(tick.topology, {
        look: new LiveLook(tick, previous?.sight ?? null),
        isFirst: previous === null,
      });
      events.set(previous, event);
    }
    return event;
  }

  #planFor(topology: Topology): Promise<Plan> {
    if (this.#plan === undefined || this.#plannedFor !== topology) {
      this.#plannedFor = topology;
      this.#plan = this.#makePlan(topology);
    }
    return this.#plan;
  }

  async #makePlan(topology: Topology): Promise<Plan> {
    const look = new PlanningLook('PREVIOUS_EVENT');
    await this.#execute(topology, { look, isFirst: true });
    return { requests: look.requests, values: look.values };
  }

  #execute(
    topology: Tick['topology'],
    { look, isFirst }: { look: LiveLook | PlanningLook; isFirst: boolean },
  ): Promise<LiveResult> {
    const { args, caller, service } = this.#parts;
    const { limits, health } = service;
    return executeEvent(args, { caller, limits, sourceKind: health().kind, topology, look, isFirst });
  }
}
