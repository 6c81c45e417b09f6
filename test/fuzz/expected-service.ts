/** The expected data that needs no rights: the service itself, and the definitions of counters. */
import { catalogue } from '../../src/catalogue/catalogue.ts';
import type { Counter } from '../../src/catalogue/counter.ts';
import { listOf, thing, value, type Meant } from './expected-thing.ts';

/** The service itself: where numbers may change from setting to setting, some number. */
export function expectedService(kind: string): Meant {
  const some = (what: string, fits: (it: unknown) => boolean): Meant => ({ is: 'any', what, fits });
  return thing('Service', {
    version: () => value('1.2.3'),
    source: () =>
      thing('SourceHealth', {
        kind: () => value(kind),
        isAnswering: () => some('a boolean or null', (it) => it === null || typeof it === 'boolean'),
        lastReadAt: () =>
          some(
            'a time or null',
            (it) => it === null || (typeof it === 'string' && !Number.isNaN(Date.parse(it))),
          ),
        unreadableLines: () =>
          some('a count or null', (it) => it === null || /^\d+$/.test(typeof it === 'string' ? it : '')),
        areas: () => listOf([value('PARENT')]),
      }),
    history: () =>
      thing('ServiceHistory', {
        readings: () => some('a count', (it) => typeof it === 'string' && /^\d+$/.test(it)),
        bytes: () => some('a size', (it) => typeof it === 'string' && /^\d+$/.test(it)),
        maxBytes: () => value('268435456'),
        span: () =>
          some(
            'a time or null',
            (it) => it === null || (typeof it === 'string' && /^\d+(?:ms|s|m)$/.test(it)),
          ),
        maxSpan: () => value('5m'),
        interval: () => value(null),
      }),
    limits: () => ({
      is: 'thing',
      thing: {
        type: 'Limits',
        field: () => some('a limit', (it) => /^(?:number|string)$/.test(typeof it)),
      },
    }),
  });
}

/** The rows of the catalogue; those of one kind of object where one is named. */
export function expectedDefinitions(
  object: string | null,
  isReported: (counter: Counter) => boolean | null,
): Meant {
  const counters = catalogue.filter((counter) => object === null || counter.object === object);
  return listOf(counters.map((counter) => definition(counter, isReported)));
}

function definition(counter: Counter, isReported: (counter: Counter) => boolean | null): Meant {
  const { statisticsGroup: group } = counter;
  const row: Record<string, unknown> = {
    ...counter,
    groupId: group.id,
    groupVersion: `${group.versionMajor}.${counter.release === 2013 ? 0 : 1}`,
    index: counter.index ?? 0,
    origin: group.origin,
    access: group.access,
  };
  return {
    is: 'thing',
    thing: {
      type: 'CounterDefinition',
      field: (name) => value(name === 'isReported' ? isReported(counter) : (row[name] ?? null)),
    },
  };
}
