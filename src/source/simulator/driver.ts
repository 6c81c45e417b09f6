/** What moves the counters of a simulated object; the rows of the catalogue say which of it moves which. */
import type { SimulatedDriver } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';

const drivers = {
  HYPERVISOR: ['elapsed', 'logicalProcessors', 'partitions', 'virtualProcessors', 'memory', 'one'],
  LOGICAL_PROCESSOR: ['elapsed', 'run', 'hypervisor', 'idle', 'one'],
  // prettier-ignore
  PARTITION: ['elapsed', 'run', 'hypervisor', 'compute', 'io', 'wake', 'migrations', 'virtualProcessors', 'memory', 'one'],
  VIRTUAL_PROCESSOR: ['elapsed', 'run', 'hypervisor', 'compute', 'io', 'wake', 'migrations', 'one'],
} as const satisfies Record<StatisticsObject, readonly SimulatedDriver[]>;

/** A driver that an object of this kind has. */
export type DriverOf<Kind extends StatisticsObject> = (typeof drivers)[Kind][number];

/** The drivers that an object of each kind has. */
export const driversOf: { readonly [Kind in StatisticsObject]: readonly DriverOf<Kind>[] } = drivers;

/** The drivers of one object as they stand at a moment: times in ticks, events, levels. */
export type DriverValues<Kind extends StatisticsObject> = Readonly<Record<DriverOf<Kind>, number>>;

/** What sort of number a driver is; 'rows' is no number by itself but the values of other rows. */
export type DriverNature = 'time' | 'events' | 'level' | 'rows';

/** The nature of each driver. */
export const driverNature: Readonly<Record<SimulatedDriver, DriverNature>> = {
  elapsed: 'time',
  run: 'time',
  hypervisor: 'time',
  idle: 'time',
  compute: 'time',
  io: 'time',
  // The time in which the guest has nothing to do: it sleeps, and wakes now and then.
  wake: 'time',
  migrations: 'events',
  operations: 'rows',
  parts: 'rows',
  logicalProcessors: 'level',
  partitions: 'level',
  virtualProcessors: 'level',
  memory: 'level',
  one: 'level',
};
