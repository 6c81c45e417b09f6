/** A subscription of a gateway that watchers share: each interval has an event with the newest values of the hosts. */
import { execute, type ExecutionArgs } from 'graphql';
import type { LiveOptions } from '../../../graph/type/subscription.ts';
import type { LiveResult } from '../../../execution/live/live-event.ts';
import type { LiveStream, StreamedOperation } from '../../../execution/live/live-stream.ts';
import {
  SharedEvents,
  type EventConsumer,
  type EventTicks,
  type TimedTick,
} from '../../../execution/live/shared-events.ts';
import { eventLoop } from '../../../sampling/schedule/fair-schedule.ts';
import { systemClock } from '../../../snapshot/moment.ts';
import type { FleetGrant } from '../../delegated-token.ts';
import type { FleetContext } from '../fleet-context.ts';
import { valuesIn } from '../fleet-value.ts';
import type { HostPart } from '../host-part.ts';
import type { HostRegistry } from '../host-registry.ts';
import { FleetEvent } from './fleet-event.ts';
import type { HostStream, StreamHolder } from './host-stream.ts';
import { streamRequest, type HostStreams, type StreamRequest, type StreamTerms } from './host-streams.ts';

/** The gateway creates its event at most this long after those of the hosts, which need some time to arrive. */
const longestSlackMilliseconds = 250;

/** The dependencies of a subscription. */
export interface FleetSubscriptionOptions {
  readonly args: ExecutionArgs;
  readonly options: LiveOptions;
  readonly terms: StreamTerms;
  readonly context: Omit<FleetContext, 'fleet'>;
  readonly registry: Pick<HostRegistry, 'all' | 'get'>;
  readonly streams: HostStreams;
  readonly maxFleetBytes: number;
}

/** The time of an event. */
export interface FleetTick extends TimedTick {
  /** 0 for the first event. */
  readonly number: number;
}

/** One operation with its variables and rights, for any number of watchers. Nothing runs without watchers. */
export class FleetSubscription implements StreamedOperation<FleetTick>, StreamHolder {
  readonly options: LiveOptions;
  readonly #parts: FleetSubscriptionOptions;
  readonly #events = new SharedEvents<FleetTick>();
  /** The watchers, and when the credentials of each expire. */
  readonly #watchers = new Map<LiveStream<FleetTick>, number | null>();
  /** The streams that it holds, and the last tick that needed each. */
  readonly #held = new Map<HostStream, FleetTick>();
  #requests = new WeakMap<HostPart, StreamRequest>();
  #streams = 0;
  #tick: FleetTick | null = null;
  #origin = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: FleetSubscriptionOptions) {
    this.options = parts.options;
    this.#parts = parts;
  }

  get isWatched(): boolean {
    return this.#streams > 0;
  }

  /** Streams of hosts last until the credentials of all watchers have expired. */
  get expiresAt(): number | null {
    let latest = 0;
    for (const expiresAt of this.#watchers.values()) {
      if (expiresAt === null) return null;
      latest = Math.max(latest, expiresAt);
    }
    return latest;
  }

  /** The newest tick, for the first event of a watcher. */
  firstTick(): Promise<FleetTick> {
    this.#tick ??= { began: systemClock.now(), number: 0 };
    return Promise.resolve(this.#tick);
  }

  add(): void {
    this.#streams += 1;
  }

  remove(): void {
    this.#streams -= 1;
  }

  /** Adds a watcher, which then gets every tick. */
  addWatcher(stream: LiveStream<FleetTick>, expiresAt: number | null): void {
    this.#watchers.set(stream, expiresAt);
    if (this.#timer !== null) return;
    const { every } = this.options;
    this.#origin = performance.now() + Math.min(every / 4, longestSlackMilliseconds);
    this.#schedule();
  }

  removeWatcher(stream: LiveStream<FleetTick>): void {
    this.#watchers.delete(stream);
    if (this.#watchers.size > 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#tick = null;
    for (const held of this.#held.keys()) this.#parts.streams.release(held, this);
    this.#held.clear();
  }

  make({ tick }: EventTicks<FleetTick>, consumer: EventConsumer<FleetTick>): void {
    const { caller } = this.#parts.terms.rights;
    // Changes refer to the hosts' own previous events, so all watchers get the same event.
    this.#events.give({ tick, previous: null }, consumer, () =>
      eventLoop.isFree()
        ? this.#makeEvent(tick)
        : eventLoop.turn(caller.partitionId).then(() => this.#makeEvent(tick)),
    );
  }

  /** Schedules the next tick in the future; overdue ticks are skipped. */
  #schedule(): void {
    const { every } = this.options;
    const elapsed = performance.now() - this.#origin;
    const next = (Math.floor(elapsed / every) + 1) * every;
    this.#timer = setTimeout(() => this.#onTime(), Math.max(1, Math.ceil(next - elapsed)));
  }

  #onTime(): void {
    const last = this.#tick;
    const tick = { began: systemClock.now(), number: (last?.number ?? 0) + 1 };
    this.#tick = tick;
    for (const stream of this.#watchers.keys()) stream.onTick(tick);
    if (last !== null) this.#events.forget(last);
    if (this.isWatched) this.#schedule();
  }

  async #makeEvent(tick: FleetTick): Promise<LiveResult> {
    const { args, context, terms, registry, maxFleetBytes } = this.#parts;
    const grant: FleetGrant = { ...terms.rights, expiresAt: this.expiresAt };
    const fleet = new FleetEvent({
      registry,
      grant,
      streamOf: (host, part) => this.#hold(host, { part, tick }),
      everyMilliseconds: this.options.every,
      isFirst: tick.number === 0,
      maxFleetBytes,
    });
    const contextValue: FleetContext = { ...context, fleet };
    const result = await execute({ ...args, contextValue });
    for (const [stream, neededAt] of this.#held) {
      if (neededAt.number >= tick.number) continue;
      this.#held.delete(stream);
      this.#parts.streams.release(stream, this);
    }
    return { result, values: valuesIn(result.data), text: '', isLast: false, isThere: true };
  }

  #hold(host: string, { part, tick }: { readonly part: HostPart; readonly tick: FleetTick }): HostStream {
    let request = this.#requests.get(part);
    if (request === undefined) this.#requests.set(part, (request = streamRequest(part, this.#parts.terms)));
    const stream = this.#parts.streams.hold(request, { host, holder: this });
    const neededAt = this.#held.get(stream);
    if (neededAt === undefined || neededAt.number < tick.number) this.#held.set(stream, tick);
    // The last watcher may have been removed while the event was created.
    if (!this.isWatched) {
      this.#held.delete(stream);
      this.#parts.streams.release(stream, this);
    }
    return stream;
  }
}
