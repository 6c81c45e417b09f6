/** Names in the text of statistics become counters of the catalogue, once, at the door. */
import { countersOf } from '../../catalogue/catalogue.ts';
import type { Counter } from '../../catalogue/counter.ts';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';

/** What the driver of Linux puts before its names; the older driver of Azure Linux puts nothing there. */
const prefixes: Readonly<Record<StatisticsObject, string>> = {
  HYPERVISOR: 'Hv',
  LOGICAL_PROCESSOR: 'Lp',
  PARTITION: 'Pt',
  VIRTUAL_PROCESSOR: 'Vp',
};

const counters = new Map(
  statisticsObjects.map((object) => [object, new Map(countersOf(object).flatMap(namesOf))]),
);

/** The counter that a name in the text of such an object stands for; undefined where the catalogue has none. */
export function counterOfName(object: StatisticsObject, name: string): Counter | undefined {
  return counters.get(object)?.get(name);
}

/** The name that a counter is written under. One that the driver does not know has the name of its field. */
export function nameOfCounter(counter: Counter): string {
  return counter.linux || counter.field;
}

/** A counter's name in full and without its prefix. Fields begin with a small letter, so they are none of these. */
function namesOf(counter: Counter): readonly (readonly [string, Counter])[] {
  const name = nameOfCounter(counter);
  const prefix = prefixes[counter.object];
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return [
    [name, counter],
    [bare, counter],
  ];
}
