/** How the virtual processors use their time. */
import { fraction, mix } from './random.ts';
import type { HypervisorShare } from './factor.ts';
import { Integral, ticksPerSlice, type SecondTime } from './integral.ts';
import type { Phase } from './phase.ts';
import { nowhere, type Scheduler } from './scheduler.ts';

/**
 * The virtual processors of one partition, which work alike: positions from `from` up to, but not including, `before`.
 */
export interface ProcessorRange {
  readonly from: number;
  readonly before: number;
  readonly phase: Phase;
  readonly share: HypervisorShare;
}

/** Even an idle guest handles its clock. */
const leastDemand = 0.0002;

/** The times of all virtual processors, by position. Run time is `hypervisor`, `compute` and `io` together. */
export class VirtualProcessorWork {
  readonly compute: Integral;
  readonly io: Integral;
  /**
   * The hypervisor's time on behalf of the virtual processor. It comes first in a slice, so that it never lags behind
   * the work that caused it.
   */
  readonly hypervisor: Integral;
  /** The time in which the guest is idle: it sleeps and wakes now and then. Grows in full slices. */
  readonly wake: Integral;
  /**
   * How many ticks of a slice each virtual processor runs: first what it requests, then what it is granted. 0 if it
   * does not exist.
   */
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

  /** Resets the virtual processors from `from` up to, but not including, `before`. */
  clear(from: number, before: number): void {
    for (const integral of this.#all) integral.clear(from, before);
    this.runPerSlice.fill(0, from, before);
  }

  /** Ends the current second. */
  settle(): void {
    for (const integral of this.#all) integral.settle();
  }

  /**
   * Advances all virtual processors to this time of the current second. `start` is the tick of a slice at which each
   * one begins.
   */
  reach(time: SecondTime, start: Float64Array): void {
    for (const integral of this.#all) integral.reach(time);
    for (let n = 0; n < start.length; n++) {
      const left = this.hypervisor.spend(n, time.ticks - (start[n] ?? 0));
      this.io.spend(n, this.compute.spend(n, left));
    }
  }

  /** Decides how much these virtual processors request in the coming second. */
  want(range: ProcessorRange, second: number): void {
    const { from, before, phase, share } = range;
    for (let n = from; n < before; n++) {
      const seed = mix(phase.seed, n - from);
      // Some have more to do than others during the whole phase, and the load of all varies a little from second to
      // second.
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
      // Rounded up, so that the costs of the hypervisor's operations always fit into its time.
      const hypervisor = Math.ceil(share.compute * compute + share.io * io + share.wake * wake);
      this.hypervisor.perSlice[n] = hypervisor;
      this.runPerSlice[n] = guest + hypervisor;
    }
  }

  /**
   * Reduces the requests to what the scheduler grants. All parts are rounded down except the hypervisor's, which is the
   * remainder: it shrinks by no larger share than the work that caused it.
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

  /** How many ticks this virtual processor has run, up to the latest moment. */
  runNow(n: number): number {
    return (this.compute.now[n] ?? 0) + (this.io.now[n] ?? 0) + (this.hypervisor.now[n] ?? 0);
  }
}
