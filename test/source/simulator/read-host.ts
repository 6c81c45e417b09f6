/** Reads a simulated host, for tests: every page, decoded, and the counters of each object by field. */
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { decodePage } from '../../../src/page/decode.ts';
import { objectKey, type ObjectName } from '../../../src/snapshot/object-name.ts';
import { simulatorSettings } from '../../../src/source/simulator/settings.ts';
import { SimulatedHost } from '../../../src/source/simulator/simulated-host.ts';

export const second = 1_000_000_000n;
export const minute = 60n * second;

/** The values of one object's page; throws if the page lacks the field. */
export interface ObjectReadings {
  readonly name: ObjectName;
  value(field: string): bigint;
}

/** A host with these settings; what is left out has its default. */
export function hostOf(query: string): SimulatedHost {
  return new SimulatedHost(simulatorSettings(new URLSearchParams(query)));
}

/** All current values of the host, by object key. */
export function readSimulatedHost(host: SimulatedHost): ReadonlyMap<string, ObjectReadings> {
  return new Map(host.objects.map((name) => [objectKey(name), readObject(host, name)]));
}

/** The current values of the object's page. */
export function readObject(host: SimulatedHost, name: ObjectName): ObjectReadings {
  const bytes = host.page(name);
  if (bytes === undefined) throw new Error(`${objectKey(name)} has no page`);
  const page = decodePage(bytes, { object: name.object, place: objectKey(name) });
  const value = (field: string): bigint => {
    const counter = countersOf(name.object).find((candidate) => candidate.field === field);
    const found = counter && page.value(counter);
    if (found === undefined) throw new Error(`${objectKey(name)} does not carry ${field}`);
    return found;
  };
  return { name, value };
}

/** The sum of a field over all objects of a kind. */
export function sumOf(
  readings: ReadonlyMap<string, ObjectReadings>,
  kind: ObjectName['object'],
  field: string,
): bigint {
  return [...readings.values()]
    .filter(({ name }) => name.object === kind)
    .reduce((sum, object) => sum + object.value(field), 0n);
}
