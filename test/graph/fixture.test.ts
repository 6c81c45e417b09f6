import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countersInPages } from '../../src/catalogue/catalogue.ts';
import { statisticsObjects, type StatisticsObject } from '../../src/catalogue/group.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import { openSource } from '../../src/source/sources.ts';
import { ask, caller, errorsOf } from '../ask.ts';

type Values = Record<string, Record<string, string>>;
interface SmallHost {
  partitions: { id: string; parent: string | null; name: string; vps: number }[];
  values: Values;
}
const small = JSON.parse(
  readFileSync(new URL('../fixtures/small-host.expected.json', import.meta.url), 'utf8'),
) as SmallHost;

const all = Object.fromEntries(
  statisticsObjects.map((object) => [
    object,
    countersInPages(object, 2013)
      .map(({ field }) => field)
      .join(' '),
  ]),
) as Record<StatisticsObject, string>;
const whole = `{
  hypervisor {
    counters { ${all.HYPERVISOR} }
    logicalProcessors { index counters { ${all.LOGICAL_PROCESSOR} } }
    partitions { totalCount nodes { ...whole } }
  }
  partition { ...whole }
}
fragment whole on Partition {
  partitionId name isRoot parent { partitionId }
  counters { ${all.PARTITION} }
  virtualProcessors { index counters { ${all.VIRTUAL_PROCESSOR} } }
}`;

/** Every object of a response to `whole`, keyed like the expected values. */
function valuesOf(data: any): Values {
  const values: Values = {};
  const { counters, logicalProcessors, partitions } = data.hypervisor;
  if (counters !== null) values['hypervisor'] = counters;
  for (const each of logicalProcessors ?? []) values[`lp/${each.index}`] = each.counters;
  for (const partition of partitions.nodes) {
    values[`partition/${partition.partitionId}`] = partition.counters;
    for (const vp of partition.virtualProcessors)
      values[`partition/${partition.partitionId}/vp/${vp.index}`] = vp.counters;
  }
  return values;
}

function keep(values: Values, partitions: readonly string[]): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([key]) =>
      partitions.some((id) => key === `partition/${id}` || key.startsWith(`partition/${id}/`)),
    ),
  );
}

describe('the page folder small-host', () => {
  const open = () => openSource('pages:test/fixtures/small-host', { clock: systemClock });

  it('is completely readable by the root, except for the partition with another parent', async () => {
    const { data, errors } = await ask({ source: await open(), query: whole });
    expect(errors).toBeUndefined();
    const { hypervisor, ...rest } = small.values;
    const lps = Object.fromEntries(Object.entries(rest).filter(([key]) => key.startsWith('lp/')));
    expect(Object.keys(lps)).toHaveLength(4);
    expect(valuesOf(data)).toEqual({ hypervisor, ...lps, ...keep(small.values, ['1', '5', '9']) });
    expect(
      data.hypervisor.partitions.nodes.map(
        ({ partitionId, name, isRoot, parent, virtualProcessors }: any) => ({
          id: partitionId,
          parent: parent?.partitionId ?? null,
          name,
          isRoot,
          vps: virtualProcessors.length,
        }),
      ),
    ).toEqual(
      small.partitions.filter(({ id }) => id !== '13').map((each) => ({ ...each, isRoot: each.id === '1' })),
    );
  });

  it.each([
    ['5', ['5']],
    ['9', ['9', '13']],
    ['13', ['13']],
    ['77', []],
  ])('is readable by partition %s exactly as far as its rights go', async (id, readable) => {
    const answer = await ask({ source: await open(), query: whole, caller: caller(BigInt(id)) });
    expect(valuesOf(answer.data)).toEqual(keep(small.values, readable));
    expect(answer.data.hypervisor.partitions.totalCount).toBe(readable.length);
    expect(answer.data.partition?.counters ?? null).toEqual(small.values[`partition/${id}`] ?? null);
    expect(errorsOf(answer).filter((error) => !error.includes('parent'))).toEqual([
      'hypervisor.counters ACCESS_DENIED NOT_ROOT',
      'hypervisor.logicalProcessors ACCESS_DENIED NOT_ROOT',
      ...(readable.length === 0 ? ['partition ACCESS_DENIED NOT_SELF_OR_PARENT'] : []),
    ]);
  });
});

describe('the capture three-frames', () => {
  const { values } = JSON.parse(
    readFileSync(new URL('../fixtures/three-frames.expected.json', import.meta.url), 'utf8'),
  ) as { values: Values[] };

  it.each([0, 1, 2])('has the exact values of frame %i, with its time', async (frame) => {
    const source = await openSource(`capture:test/fixtures/three-frames?frame=${frame}`, {
      clock: systemClock,
    });
    const { data, errors } = await ask({ source, query: whole.replace('counters', 'sampledAt counters') });
    expect(errors).toBeUndefined();
    expect(valuesOf(data)).toEqual(values[frame]);
    expect(data.hypervisor.sampledAt).toBe(`2026-11-20T10:00:0${frame}.000Z`);
  });
});
