/** The simulator as a source: a simulated host whose time follows a clock. */
import { setImmediate } from 'node:timers/promises';
import { HvqlError } from '../../errors.ts';
import { PageRoom } from '../../page/decode.ts';
import type { Clock, Moment } from '../../snapshot/moment.ts';
import { pagePlace, type ObjectName } from '../../snapshot/object-name.ts';
import type { Reading, Readings } from '../../snapshot/reading.ts';
import type { Topology } from '../../snapshot/topology.ts';
import type { Source } from '../source.ts';
import { describeSettings, type SimulatorSettings } from './settings.ts';
import { SimulatedHost } from './simulated-host.ts';

/**
 * How much simulated time passes before other work runs: a millisecond of work for a host of 1,000 virtual processors.
 */
const leapInSeconds = 5;

/**
 * Opens the simulator. The host's time follows the clock, but nothing runs between calls: each call simulates the time
 * that has passed since the last one. After a quiet night that takes seconds, during which other work runs in between.
 * While the clock is behind its latest time, the host and the moments of readings stand still.
 */
export function openSimulator(settings: SimulatorSettings, clock: Clock): Source {
  const host = new SimulatedHost(settings);
  const start = clock.now();
  let latest = start;

  const advanceTo = (moment: Moment): void => {
    if (moment.monotonicNanoseconds >= latest.monotonicNanoseconds) latest = moment;
    host.advanceTo(latest.monotonicNanoseconds - start.monotonicNanoseconds);
  };
  /** Ends at most one leap behind the clock. */
  const catchUp = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    for (;;) {
      const next = leapFrom(latest);
      if (next.monotonicNanoseconds > clock.now().monotonicNanoseconds) return;
      advanceTo(next);
      await setImmediate();
      signal.throwIfAborted();
    }
  };

  const isBehind = (now: Moment): boolean =>
    leapFrom(latest).monotonicNanoseconds <= now.monotonicNanoseconds;

  function topology(now: Moment): Topology {
    advanceTo(now);
    return host.topology;
  }

  function read(objects: readonly ObjectName[], now: Moment): Readings {
    advanceTo(now);
    return { at: latest, outcomes: objects.map((object) => readObject(host, object)) };
  }

  return {
    kind: 'simulator',
    description: `simulator?${describeSettings(settings)}`,
    async topology(signal) {
      await catchUp(signal);
      return topology(clock.now());
    },
    async read(objects, signal) {
      await catchUp(signal);
      return read(objects, clock.now());
    },
    sync: {
      topology() {
        const now = clock.now();
        return isBehind(now) ? null : topology(now);
      },
      read(objects) {
        const now = clock.now();
        return isBehind(now) ? null : read(objects, now);
      },
    },
    async close() {
      // There is nothing to close.
    },
  };
}

function leapFrom({ wallMilliseconds, monotonicNanoseconds }: Moment): Moment {
  return {
    wallMilliseconds: wallMilliseconds + leapInSeconds * 1e3,
    monotonicNanoseconds: monotonicNanoseconds + BigInt(leapInSeconds * 1e9),
  };
}

const room = new PageRoom();

function readObject(host: SimulatedHost, object: ObjectName): Reading | HvqlError {
  const place = pagePlace(object);
  if (host.writePage(object, room.view)) return room.decode({ object: object.object, place });
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
