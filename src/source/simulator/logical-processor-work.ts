/** How the logical processors use their time. */
import { Integral, ticksPerSlice, type SecondTime } from './integral.ts';
import { nowhere } from './scheduler.ts';
import type { VirtualProcessorWork } from './virtual-processor-work.ts';

/** The hypervisor's own part of a slice: a constant, and more for each virtual processor that runs. */
const ownAlwaysInTicks = 15;
const ownPerGuestTick = 0.006;

/** The logical processor of each virtual processor, by position. */
interface Running {
  readonly guests: VirtualProcessorWork;
  readonly place: Int32Array;
}

/**
 * The times of all logical processors, by index. Each slice begins with the hypervisor's own work. The virtual
 * processors that are placed here follow, one after another, and the rest is idle.
 */
export class LogicalProcessorWork {
  readonly run: Integral;
  /** The hypervisor's part of the run time, for itself or on behalf of virtual processors. */
  readonly hypervisor: Integral;
  readonly idle: Integral;
  /** The tick of a slice at which each virtual processor begins, by position. */
  readonly guestStart: Float64Array;
  readonly #own: Integral;
  readonly #all: readonly Integral[];

  constructor(size: { readonly logicalProcessors: number; readonly virtualProcessors: number }) {
    this.run = new Integral(size.logicalProcessors);
    this.hypervisor = new Integral(size.logicalProcessors);
    this.idle = new Integral(size.logicalProcessors);
    this.guestStart = new Float64Array(size.virtualProcessors);
    this.#own = new Integral(size.logicalProcessors);
    this.#all = [this.run, this.hypervisor, this.idle, this.#own];
  }

  /** Plans the coming second, for which it is known how much each virtual processor runs, and where. */
  plan({ guests, place }: Running): void {
    const run = this.run.perSlice.fill(0);
    const hypervisor = this.hypervisor.perSlice.fill(0);
    for (let n = 0; n < place.length; n++) {
      const here = place[n] ?? nowhere;
      if (here === nowhere) continue;
      this.guestStart[n] = run[here] ?? 0;
      run[here] = (run[here] ?? 0) + (guests.runPerSlice[n] ?? 0);
      hypervisor[here] = (hypervisor[here] ?? 0) + (guests.hypervisor.perSlice[n] ?? 0);
    }
    for (let here = 0; here < run.length; here++) this.#addOwn(here);
    for (let n = 0; n < place.length; n++) {
      const here = place[n] ?? nowhere;
      if (here !== nowhere) this.guestStart[n] = (this.guestStart[n] ?? 0) + (this.#own.perSlice[here] ?? 0);
    }
  }

  #addOwn(here: number): void {
    const guest = this.run.perSlice[here] ?? 0;
    const own = Math.floor(ownAlwaysInTicks + ownPerGuestTick * guest);
    this.#own.perSlice[here] = own;
    this.run.perSlice[here] = guest + own;
    this.hypervisor.perSlice[here] = (this.hypervisor.perSlice[here] ?? 0) + own;
    this.idle.perSlice[here] = ticksPerSlice - guest - own;
  }

  /** Ends the current second. */
  settle(): void {
    for (const integral of this.#all) integral.settle();
  }

  /**
   * Advances all logical processors to this time of the current second, to which the virtual processors have been
   * advanced.
   */
  reach(time: SecondTime, { guests, place }: Running): void {
    for (const integral of this.#all) integral.reach(time);
    for (let here = 0; here < this.run.now.length; here++) {
      this.#own.spend(here, time.ticks);
      this.idle.spend(here, this.run.spend(here, time.ticks));
      // The hypervisor's time is spread over the slice, so it is added up from the virtual processors that it belongs
      // to.
      this.hypervisor.now[here] = (this.hypervisor.total[here] ?? 0) + this.#own.grown(here);
    }
    for (let n = 0; n < place.length; n++) {
      const here = place[n] ?? nowhere;
      if (here === nowhere) continue;
      this.hypervisor.now[here] = (this.hypervisor.now[here] ?? 0) + guests.hypervisor.grown(n);
    }
  }
}
