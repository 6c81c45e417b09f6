/** What the logical processors do with their time. */
import { Integral, ticksPerSlice, type SecondTime } from './integral.ts';
import { nowhere } from './scheduler.ts';
import type { VirtualProcessorWork } from './virtual-processor-work.ts';

/** The hypervisor's own part of a slice: a little always, and more with more to run. */
const ownAlwaysInTicks = 15;
const ownPerGuestTick = 0.006;

/** Which virtual processors run where, by position. */
interface Running {
  readonly guests: VirtualProcessorWork;
  readonly place: Int32Array;
}

/**
 * The times of all logical processors, by index. In each slice the hypervisor's own work comes first, then the virtual
 * processors that are placed here, one after the other, and what is left is idle.
 */
export class LogicalProcessorWork {
  readonly run: Integral;
  /** The part of the run time that is the hypervisor's, on its own or on a virtual processor's behalf. */
  readonly hypervisor: Integral;
  readonly idle: Integral;
  /** Where in a slice each virtual processor has its turn, in ticks, by its position. */
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

  /** Plans the coming second, once it is known what each virtual processor runs in it, and where. */
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

  /** Ends the second under way. */
  settle(): void {
    for (const integral of this.#all) integral.settle();
  }

  /** Brings all to this time of the second under way, to where the virtual processors have been brought. */
  reach(time: SecondTime, { guests, place }: Running): void {
    for (const integral of this.#all) integral.reach(time);
    for (let here = 0; here < this.run.now.length; here++) {
      this.#own.spend(here, time.ticks);
      this.idle.spend(here, this.run.spend(here, time.ticks));
      // The hypervisor's time comes in pieces through the slice, so it is put together from those it belongs to.
      this.hypervisor.now[here] = (this.hypervisor.total[here] ?? 0) + this.#own.grown(here);
    }
    for (let n = 0; n < place.length; n++) {
      const here = place[n] ?? nowhere;
      if (here === nowhere) continue;
      this.hypervisor.now[here] = (this.hypervisor.now[here] ?? 0) + guests.hypervisor.grown(n);
    }
  }
}
