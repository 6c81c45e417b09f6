/** The simulated host's time, second by second: which partitions exist, what runs where, and the totals of both. */
import { bootGuest, continueGuest, type Guest } from './guest.ts';
import { LogicalProcessorWork } from './logical-processor-work.ts';
import { loadProfileOf, type LoadProfile } from './phase.ts';
import { Population } from './population.ts';
import { Scheduler } from './scheduler.ts';
import type { SimulatorSettings } from './settings.ts';
import { ticksPerSecond, ticksPerSlice } from './integral.ts';
import { VirtualProcessorWork } from './virtual-processor-work.ts';

/**
 * Time only advances. Each second is planned when it begins. The plan depends on the settings and the second, and never
 * on when the host is read. All milliseconds of a second are alike, and partitions start and stop on full seconds.
 */
export class Timeline {
  /** The current time, in ticks since the boot of the hypervisor. */
  ticks = 0;
  /** Increases whenever a partition starts or stops. */
  generation = 0;
  /** The partition in each place; null if the place is empty. */
  readonly guests: (Guest | null)[];
  readonly virtualProcessors: VirtualProcessorWork;
  readonly logicalProcessors: LogicalProcessorWork;
  readonly scheduler: Scheduler;
  readonly #settings: SimulatorSettings;
  readonly #loadProfile: LoadProfile;
  readonly #population: Population;
  #second = 0;

  constructor(settings: SimulatorSettings) {
    const { partitions, logicalProcessors } = settings;
    const virtualProcessors = partitions * settings.virtualProcessors;
    this.#settings = settings;
    this.#loadProfile = loadProfileOf(logicalProcessors / virtualProcessors);
    this.#population = new Population(settings);
    this.guests = Array.from({ length: partitions }, () => null);
    this.virtualProcessors = new VirtualProcessorWork(virtualProcessors);
    this.logicalProcessors = new LogicalProcessorWork({ logicalProcessors, virtualProcessors });
    this.scheduler = new Scheduler({ virtualProcessors, logicalProcessors });
    this.#plan();
  }

  /** Advances to this number of ticks since the boot. Does nothing if that time is past. */
  reach(ticks: number): void {
    if (ticks < this.ticks) return;
    this.ticks = ticks;
    const second = Math.floor(ticks / ticksPerSecond);
    while (this.#second < second) {
      this.logicalProcessors.settle();
      this.virtualProcessors.settle();
      this.#second++;
      this.#plan();
    }
    const ticksIntoSecond = ticks % ticksPerSecond;
    const slices = Math.floor(ticksIntoSecond / ticksPerSlice);
    const time = { slices, ticks: ticksIntoSecond - slices * ticksPerSlice };
    this.virtualProcessors.reach(time, this.logicalProcessors.guestStart);
    this.logicalProcessors.reach(time, { guests: this.virtualProcessors, place: this.scheduler.place });
  }

  #plan(): void {
    const { virtualProcessors, scheduler } = this;
    const now = { second: this.#second, loadProfile: this.#loadProfile };
    for (const place of this.#population.enter(now.second)) this.#turnOver(place);
    for (let place = 0; place < this.guests.length; place++) {
      const guest = this.guests[place];
      if (!guest) continue;
      const going = continueGuest(guest, now);
      this.guests[place] = going;
      virtualProcessors.want(going, now.second);
    }
    scheduler.schedule(virtualProcessors.runPerSlice);
    if (!scheduler.grantsAll) {
      for (const guest of this.guests) if (guest) virtualProcessors.accept(guest, scheduler);
    }
    this.logicalProcessors.plan({ guests: virtualProcessors, place: scheduler.place });
  }

  /** Resets the counters of a place whose partition has changed: the next partition starts from zero. */
  #turnOver(place: number): void {
    const { release } = this.#settings;
    const from = place * this.#settings.virtualProcessors;
    const before = from + this.#settings.virtualProcessors;
    const lifetime = this.#population.lifetimes[place] ?? null;
    this.guests[place] =
      lifetime && bootGuest(lifetime, { from, before, loadProfile: this.#loadProfile, release });
    this.virtualProcessors.clear(from, before);
    this.scheduler.clear(from, before);
    this.generation++;
  }
}
