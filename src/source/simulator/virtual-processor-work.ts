/** What the virtual processors do with their time. */
import { fraction, mix } from './random.ts';
import type { HypervisorShare } from './factor.ts';
import { Integral, ticksPerSlice, type SecondTime } from './integral.ts';
import type { Phase } from './phase.ts';
import { nowhere, type Scheduler } from './scheduler.ts';

/** Virtual processors that work alike: those of one partition, from a position to before another. */
export interface ProcessorRange {
  readonly from: number;
  readonly before: number;
  readonly phase: Phase;
  readonly share: HypervisorShare;
}

/** Even a quiet guest has its clock to tend. */
const leastDemand = 0.0002;

/** The times of all virtual processors, by position. Run time is `hypervisor`, `compute` and `io` together. */
export class VirtualProcessorWork {
  readonly compute: Integral;
  readonly io: Integral;
  /** The hypervisor on the virtual processor's behalf: first in a slice, so that it is never behind what it is for. */
  readonly hypervisor: Integral;
  /** The guest has nothing to do: it sleeps, and wakes now and then. Goes by full slices. */
  readonly wake: Integral;
  /** Ticks of a slice that each runs: what it wants, then what it gets. 0 for those that do not exist. */
  readonly runPerSlice: Float64Array;
  readonly #all: readonly Integral[];

  constructor(length: number) {
    this.compute = new Integral(length);
    this.io = new Integral(length);
    this.hypervisor = new Integral(length);
    this.wake = new Integral(length);
    this.#all = [this.compute, this.io, this.hypervisor, this.wake];
    this.runPerSlice = new Float64Array(length);
  }

  /** Resets the virtual processors from `from` to before `before`. */
  clear(from: number, before: number): void {
    for (const integral of this.#all) integral.clear(from, before);
    this.runPerSlice.fill(0, from, before);
  }

  /** Ends the second under way. */
  settle(): void {
    for (const integral of this.#all) integral.settle();
  }

  /** Brings all to this time of the second under way; `start` is where in a slice each has its turn. */
  reach(time: SecondTime, start: Float64Array): void {
    for (const integral of this.#all) integral.reach(time);
    for (let n = 0; n < start.length; n++) {
      const left = this.hypervisor.spend(n, time.ticks - (start[n] ?? 0));
      this.io.spend(n, this.compute.spend(n, left));
    }
  }

  /** Decides what these want in the coming second. */
  want(range: ProcessorRange, second: number): void {
    const { from, before, phase, share } = range;
    for (let n = from; n < before; n++) {
      const seed = mix(phase.seed, n - from);
      // Some have more to do than others for the whole phase, and all waver a little from second to second.
      const lean = 0.4 + 0.6 * fraction(seed);
      const waver = 0.85 + 0.3 * fraction(mix(seed, second));
      const demand = Math.min(1, Math.max(leastDemand, phase.demand * lean * waver));
      const guest = Math.floor(demand * ticksPerSlice);
      const io = Math.floor(guest * phase.ioShare);
      const compute = guest - io;
      const wake = ticksPerSlice - guest;
      this.compute.perSlice[n] = compute;
      this.io.perSlice[n] = io;
      this.wake.perSlice[n] = wake;
      // Rounded up, so that the costs of what the hypervisor does always fit into its time.
      const hypervisor = Math.ceil(share.compute * compute + share.io * io + share.wake * wake);
      this.hypervisor.perSlice[n] = hypervisor;
      this.runPerSlice[n] = guest + hypervisor;
    }
  }

  /**
   * Cuts what these wanted to what the scheduler grants. All is rounded down but the hypervisor's part, which is the
   * remainder: it does not shrink by more than what it is for.
   */
  accept(range: ProcessorRange, scheduler: Scheduler): void {
    for (let n = range.from; n < range.before; n++) {
      const granted = scheduler.grant[scheduler.place[n] ?? nowhere] ?? 0;
      if (granted === 1) continue;
      const wanted = this.runPerSlice[n] ?? 0;
      const run = Math.floor(wanted * granted);
      const cut = (perSlice: Float64Array): number =>
        (perSlice[n] = Math.floor(((perSlice[n] ?? 0) * run) / wanted));
      const guest = cut(this.compute.perSlice) + cut(this.io.perSlice);
      cut(this.wake.perSlice);
      this.hypervisor.perSlice[n] = run - guest;
      this.runPerSlice[n] = run;
    }
  }

  /** Ticks that this one has run at the moment last asked for. */
  runNow(n: number): number {
    return (this.compute.now[n] ?? 0) + (this.io.now[n] ?? 0) + (this.hypervisor.now[n] ?? 0);
  }
}
