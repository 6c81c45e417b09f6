/** The quantities that drive the counters of a simulated object. The catalogue says which one drives which counter. */
import type { SimulatedDriver } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';

const drivers = {
  HYPERVISOR: ['elapsed', 'logicalProcessors', 'partitions', 'virtualProcessors', 'memory', 'one'],
  LOGICAL_PROCESSOR: ['elapsed', 'run', 'hypervisor', 'idle', 'one'],
  // prettier-ignore
  PARTITION: ['elapsed', 'run', 'hypervisor', 'compute', 'io', 'wake', 'migrations', 'virtualProcessors', 'memory', 'one'],
  VIRTUAL_PROCESSOR: ['elapsed', 'run', 'hypervisor', 'compute', 'io', 'wake', 'migrations', 'one'],
} as const satisfies Record<StatisticsObject, readonly SimulatedDriver[]>;

/** A driver of this kind of object. */
export type DriverOf<Kind extends StatisticsObject> = (typeof drivers)[Kind][number];

/** The drivers of each kind of object. */
export const driversOf: { readonly [Kind in StatisticsObject]: readonly DriverOf<Kind>[] } = drivers;

/** The values of an object's drivers at a moment: times in ticks, numbers of events, and levels. */
export type DriverValues<Kind extends StatisticsObject> = Readonly<Record<DriverOf<Kind>, number>>;

/** The kind of number of a driver. 'rows' is not a number of its own but the values of other rows. */
export type DriverNature = 'time' | 'events' | 'level' | 'rows';

/** The kind of number of each driver. */
export const driverNature: Readonly<Record<SimulatedDriver, DriverNature>> = {
  elapsed: 'time',
  run: 'time',
  hypervisor: 'time',
  idle: 'time',
  compute: 'time',
  io: 'time',
  // The time in which the guest is idle: it sleeps and wakes now and then.
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
