/** How fast each counter grows with its driver, and which counters are the sum of others. */
import { countersOf, operationsOf } from '../../catalogue/catalogue.ts';
import { nanosecondsPerUnit, standsInPages, type Counter } from '../../catalogue/counter.ts';
import type { StatisticsObject, Release } from '../../catalogue/group.ts';
import { fraction, mix } from './random.ts';
import { driverNature } from './driver.ts';
import { nanosecondsPerTick, ticksPerSecond } from './integral.ts';

/**
 * A factor for each slot of the object: what a tick, an event or a unit of the driver adds to the counter in its own
 * unit; for a cost, the nanoseconds of an operation; 0 for what the release does not have. With a seed, events are
 * rarer than the row says, by a share that differs from row to row, so that partitions differ in more than their load.
 */
export function factorsOf(
  object: StatisticsObject,
  { seed, release }: { readonly seed: number | null; readonly release: Release },
): Float64Array {
  return Float64Array.from(countersOf(object), (counter) => {
    if (counter.simulated === null || !standsInPages(counter, release)) return 0;
    const [driver, amount] = counter.simulated;
    switch (counter.kind) {
      case 'COUNT':
        return driverNature[driver] === 'time'
          ? (amount / ticksPerSecond) * (seed === null ? 1 : shareOf(counter, seed))
          : amount;
      case 'TIME':
      case 'CLOCK':
        return (amount * nanosecondsPerTick) / nanosecondsPerUnit(counter);
      case 'COST':
      case 'GAUGE':
      case 'RAW':
        return amount;
    }
  });
}

/** At least half of what the row says, so that the proportions of rows remain plausible. */
function shareOf(counter: Counter, seed: number): number {
  return 0.5 + 0.5 * fraction(mix(mix(seed, 6), counter.slot));
}

/** The counters with a driver of their own that a count consists of: itself, or its parts. */
export function countedRows(counter: Counter): readonly Counter[] {
  if (counter.simulated?.[0] !== 'parts') return [counter];
  return countersOf(counter.object).filter(({ partOf }) => partOf === counter.field);
}

/** Ticks of the hypervisor for each tick of these. */
export interface HypervisorShare {
  readonly compute: number;
  readonly io: number;
  readonly wake: number;
}

/** Some work is counted by no cost counter. */
const uncounted = 1.04;

/**
 * The hypervisor run time of a virtual processor with these factors: somewhat more than the sum of its costs, and never
 * less. Throws a TypeError if a cost has a driver that this sum does not include.
 */
export function hypervisorShare(factors: Float64Array): HypervisorShare {
  const perTick = { compute: 0, io: 0, wake: 0, run: 0 };
  for (const cost of countersOf('VIRTUAL_PROCESSOR')) {
    const ticksPerOperation = (factors[cost.slot] ?? 0) / nanosecondsPerTick;
    if (cost.kind !== 'COST' || ticksPerOperation === 0) continue;
    for (const row of countedRows(operationsOf(cost))) {
      const driver = row.simulated?.[0];
      if (driver !== 'compute' && driver !== 'io' && driver !== 'wake' && driver !== 'run') {
        throw new TypeError(
          `${cost.field} has a cost, so ${row.field} cannot go with "${driver ?? 'nothing'}"`,
        );
      }
      perTick[driver] += (factors[row.slot] ?? 0) * ticksPerOperation;
    }
  }
  // Run time is compute, io and the hypervisor's; h = c·compute + i·io + w·wake + r·(compute + io + h), solved for h.
  const { compute, io, wake, run } = perTick;
  const scale = uncounted / (1 - run);
  return { compute: (compute + run) * scale, io: (io + run) * scale, wake: wake * scale };
}
