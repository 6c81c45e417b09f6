/** The field isReported: which counters this host reports. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import { openSource } from '../../../src/source/sources.ts';
import { ask, caller, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { ManualClock } from '../../source/manual-clock.ts';
import { copyOfFixture } from '../../source/scratch.ts';

const query = '{ counterDefinitions { object field index isReported } }';

let source: FakeSource;
beforeEach(() => {
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null, 0), partitionEntry(5n, 1n, 2)];
});

/** The distinct values of isReported for each kind of object. */
function byObject(answer: any): Record<string, (boolean | null)[]> {
  const said = new Map<string, Set<boolean | null>>();
  for (const { object, isReported } of answer.data.counterDefinitions)
    said.set(object, (said.get(object) ?? new Set()).add(isReported));
  return Object.fromEntries(Array.from(said, ([object, values]) => [object, [...values]]));
}

const all = ['HYPERVISOR', 'LOGICAL_PROCESSOR', 'PARTITION', 'VIRTUAL_PROCESSOR'];

describe('isReported', () => {
  it('reads one object of each kind, and no others', async () => {
    const answer = await ask({ source, query });
    expect(answer.errors).toBeUndefined();
    // The pages of this source are of the first release.
    const of2013 = answer.data.counterDefinitions.filter(({ isReported }: any) => isReported === true);
    expect(of2013).toHaveLength(96);
    expect(Object.values(byObject(answer)).every((values) => !values.includes(null))).toBe(true);
    expect(source.batches).toEqual([['', 'lp/0', 'partition/1', 'partition/5/vp/0']]);
  });

  it('reads nothing if it is not selected, and nothing again while a snapshot is shared', async () => {
    const sampler = samplerOf(source);
    await ask({ source, sampler, query: '{ counterDefinitions { field } }' });
    expect([source.batches, source.topologies]).toEqual([[], 0]);
  });

  it.each([
    ['root', 1n, ['ACCESS_STATS', 'ACCESS_STATS_MSR'], [false, false, false, false]],
    ['a guest', 5n, ['ACCESS_STATS', 'ACCESS_STATS_MSR'], [true, true, false, false]],
    ['a guest without privileges', 5n, [], [true, true, true, true]],
    ['root without ACCESS_STATS', 1n, ['ACCESS_STATS_MSR'], [true, true, false, true]],
    ['an unrelated partition', 77n, ['ACCESS_STATS', 'ACCESS_STATS_MSR'], [true, true, true, true]],
  ] as const)(
    'is null for kinds that the caller may not read, without an error: %s',
    async (_who, id, privileges, unknown) => {
      const answer = await ask({ source, caller: caller(id, privileges), query });
      expect(answer.errors).toBeUndefined();
      const said = byObject(answer);
      for (const [n, object] of all.entries()) {
        if (unknown[n] === true) expect([object, said[object]]).toEqual([object, [null]]);
        else expect([object, said[object]]).toEqual([object, expect.not.arrayContaining([null])]);
      }
      const foreign = id === 5n ? source.batches.flat().filter((key) => !key.startsWith('partition/5')) : [];
      expect(foreign).toEqual([]);
    },
  );

  it('is null if the object or the source cannot be read; all other fields of the definitions are present', async () => {
    source.broken.set('lp/0', new HvqlError('PAGE_UNAVAILABLE', 'gone'));
    expect(byObject(await ask({ source, query }))['LOGICAL_PROCESSOR']).toEqual([null]);
    source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'gone'));
    const answer = await ask({ source, query });
    expect(answer.errors).toBeUndefined();
    expect(answer.data.counterDefinitions).toHaveLength(297);
    expect(Object.values(byObject(answer))).toEqual([[null], [null], [null], [null]]);
  });

  it('depends on the machine: a Linux host on x86-64 reports no counter of arm64', async () => {
    const host = await openSource(`mshv:${copyOfFixture('mshv')}`, { clock: new ManualClock() });
    onTestFinished(() => host.close());
    const { data } = await ask({ source: host, query });
    const missing = data.counterDefinitions.filter(({ isReported }: any) => isReported !== true);
    expect(missing.map(({ field }: any) => field)).toEqual([
      'sysRegAccesses',
      'sysRegAccessesCost',
      'smcInstructions',
      'smcInstructionsCost',
    ]);
  });
});
