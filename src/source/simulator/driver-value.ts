/** The values of each object's drivers at the current moment of the timeline. */
import type { DriverValues } from './driver.ts';
import type { Guest } from './guest.ts';
import { ticksPerSecond } from './integral.ts';
import type { Timeline } from './timeline.ts';

/** 2 GiB in pages of 4 KiB for each logical processor: the memory that does not belong to guests. */
const rootPagesPerLogicalProcessor = 524_288;

/** The drivers of the hypervisor: the true numbers of objects. */
export function hypervisorValues(timeline: Timeline): DriverValues<'HYPERVISOR'> {
  const logicalProcessors = timeline.logicalProcessors.run.now.length;
  const present = timeline.guests.filter((guest) => guest !== null);
  return {
    elapsed: timeline.ticks,
    logicalProcessors,
    partitions: present.length,
    virtualProcessors: present.reduce((sum, { from, before }) => sum + before - from, 0),
    memory: present.reduce(
      (sum, { lifetime }) => sum + lifetime.memoryInPages,
      logicalProcessors * rootPagesPerLogicalProcessor,
    ),
    one: 1,
  };
}

/** The drivers of the logical processor with this index. */
export function logicalProcessorValues(timeline: Timeline, index: number): DriverValues<'LOGICAL_PROCESSOR'> {
  const { run, hypervisor, idle } = timeline.logicalProcessors;
  return {
    elapsed: timeline.ticks,
    run: run.now[index] ?? 0,
    hypervisor: hypervisor.now[index] ?? 0,
    idle: idle.now[index] ?? 0,
    one: 1,
  };
}

/** The drivers of the virtual processor at this position among all; it belongs to this partition. */
export function virtualProcessorValues(
  timeline: Timeline,
  at: { readonly guest: Guest; readonly position: number },
): DriverValues<'VIRTUAL_PROCESSOR'> {
  const { position } = at;
  const { compute, io, hypervisor, wake } = timeline.virtualProcessors;
  return {
    elapsed: timeline.ticks - at.guest.lifetime.bornAtSecond * ticksPerSecond,
    run: timeline.virtualProcessors.runNow(position),
    hypervisor: hypervisor.now[position] ?? 0,
    compute: compute.now[position] ?? 0,
    io: io.now[position] ?? 0,
    wake: wake.now[position] ?? 0,
    migrations: timeline.scheduler.migrations[position] ?? 0,
    one: 1,
  };
}

/** The drivers of a partition: the sums over its virtual processors. */
export function partitionValues(timeline: Timeline, guest: Guest): DriverValues<'PARTITION'> {
  const sums = { run: 0, hypervisor: 0, compute: 0, io: 0, wake: 0, migrations: 0 };
  for (let position = guest.from; position < guest.before; position++) {
    const values = virtualProcessorValues(timeline, { guest, position });
    sums.run += values.run;
    sums.hypervisor += values.hypervisor;
    sums.compute += values.compute;
    sums.io += values.io;
    sums.wake += values.wake;
    sums.migrations += values.migrations;
  }
  return {
    ...sums,
    elapsed: timeline.ticks - guest.lifetime.bornAtSecond * ticksPerSecond,
    virtualProcessors: guest.before - guest.from,
    memory: guest.lifetime.memoryInPages,
    one: 1,
  };
}
