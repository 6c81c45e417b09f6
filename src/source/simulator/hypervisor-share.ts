/** How much the hypervisor has to do for a virtual processor. */
import { countersOf, operationsOf } from '../../catalogue/catalogue.ts';
import { countedRows } from './factor.ts';
import { nanosecondsPerTick } from './tick.ts';

/** Ticks of the hypervisor for each tick of these. */
export interface HypervisorShare {
  readonly compute: number;
  readonly io: number;
  readonly wake: number;
}

/** There is also work that no cost counter counts. */
const uncounted = 1.04;

/**
 * What the costs of a virtual processor with these factors add up to, and a little more: its hypervisor run time is
 * never less than the sum of its costs. Throws a TypeError where a cost goes with a driver that this does not follow.
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
