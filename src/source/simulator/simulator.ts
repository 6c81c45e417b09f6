/** The simulator as a source: a simulated host, read at the moments of a clock. */
import { HvqlError } from '../../errors.ts';
import { decodePage } from '../../page/decode.ts';
import type { Clock, Moment } from '../../snapshot/moment.ts';
import { pagePlace, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { describeSettings, type SimulatorSettings } from './settings.ts';
import { SimulatedHost } from './simulated-host.ts';

/**
 * Opens the simulator. The host lives in the clock's time from now on, but nothing runs between the calls: each call
 * catches up with what has passed. Where the clock goes backwards, the host and the moments of looks stand still.
 */
export function openSimulator(settings: SimulatorSettings, clock: Clock): Source {
  const host = new SimulatedHost(settings);
  const start = clock.now();
  let latest = start;

  const look = (signal: AbortSignal): Moment => {
    signal.throwIfAborted();
    const now = clock.now();
    if (now.monotonicNanoseconds >= latest.monotonicNanoseconds) latest = now;
    host.advanceTo(latest.monotonicNanoseconds - start.monotonicNanoseconds);
    return latest;
  };

  return {
    kind: 'simulator',
    description: `simulator?${describeSettings(settings)}`,
    async topology(signal) {
      look(signal);
      return host.topology;
    },
    async read(objects, signal) {
      const at = look(signal);
      return { at, outcomes: objects.map((object) => readObject(host, object)) };
    },
    async close() {
      // Nothing is held open.
    },
  };
}

function readObject(host: SimulatedHost, object: ObjectName): Reading | HvqlError {
  const place = pagePlace(object);
  const bytes = host.page(object);
  if (bytes !== undefined) return decodePage(bytes, { object: object.object, place });
  const message = `${place} is gone: ${describeAbsence(host.topology, object)}.`;
  return new HvqlError('PAGE_UNAVAILABLE', message, { page: place });
}

function describeAbsence(topology: Topology, object: ObjectName): string {
  if (object.object === 'HYPERVISOR') return 'there is no hypervisor';
  if (object.object === 'LOGICAL_PROCESSOR') {
    return `the simulated host has logical processors ${describeRange(topology.logicalProcessors)}`;
  }
  const id = object.partitionId;
  const partition = topology.partition(id);
  if (partition === undefined) return `there is no partition ${id} on the simulated host now`;
  return `partition ${id} has virtual processors ${describeRange(partition.virtualProcessors)}`;
}

function describeRange(indexes: readonly number[]): string {
  return `${indexes[0] ?? 'none'} to ${indexes.at(-1) ?? 'none'}`;
}
