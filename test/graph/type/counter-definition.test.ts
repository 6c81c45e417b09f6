/** Counters of newer hypervisors as clients see them: their definitions, and the views that they lack. */
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import type { StatisticsObject } from '../../../src/catalogue/group.ts';
import { createSchema } from '../../../src/graph/schema.ts';
import type { Source } from '../../../src/source/source.ts';
import { openSource } from '../../../src/source/sources.ts';
import { ask, errorsOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { ManualClock } from '../../source/manual-clock.ts';

function open(text: string): Promise<Source> {
  return openSource(text, { clock: new ManualClock() });
}

describe('the definition of a counter', () => {
  it('has the hosts that report the counter, and its position if known', async () => {
    const source = new FakeSource();
    const { data } = await ask({
      source,
      query:
        '{ counterDefinitions(object: VIRTUAL_PROCESSOR) { field title kind unit rateUnit group groupId groupVersion index origin access reportedBy } }',
    });
    const of = (name: string): object => data.counterDefinitions.find(({ field }: any) => field === name);
    const place = { group: 'VPV', groupId: 3, origin: 'RELEASE_SPECIFIC', access: 'LOCAL' };
    expect(of('cpuidInstructions')).toMatchObject({
      ...{ ...place, groupVersion: '1.0', index: 13, kind: 'COUNT' },
      reportedBy: ['PUBLIC_2013', 'LINUX_X64', 'WINDOWS'],
    });
    expect(of('hardwareInterrupts')).toMatchObject({
      ...{ ...place, groupVersion: '1.1', index: 64, kind: 'COUNT', title: 'VpHardwareInterrupts' },
      reportedBy: ['LINUX_X64', 'LINUX_ARM64', 'WINDOWS'],
    });
    expect(of('loadAvg')).toMatchObject({
      ...{ ...place, groupVersion: '1.1', index: 195, kind: 'RAW', unit: 'unknown', rateUnit: null },
      reportedBy: ['LINUX_X64', 'LINUX_ARM64'],
    });
    expect(of('smcInstructionsCost')).toMatchObject({
      ...{ ...place, groupVersion: '1.1', index: 0, kind: 'COST', rateUnit: 'ns per operation' },
      reportedBy: ['LINUX_ARM64'],
    });
  });
});

describe('a counter of unknown kind', () => {
  const schema = createSchema();
  const fields = (type: string): string[] => Object.keys((schema.getType(type) as any).getFields());

  it('is in counters, and neither in deltas nor in rates', () => {
    expect(fields('VirtualProcessorCounters')).toContain('waitingForCpuTime');
    expect(fields('VirtualProcessorDeltas')).not.toContain('waitingForCpuTime');
    expect(fields('VirtualProcessorRates')).not.toContain('waitingForCpuTime');
  });

  it.each(['DELTA', 'RATE'])('sorts by VALUE, and not by %s', async (by) => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null)];
    const orderBy = (view: string) => `orderBy: { counter: WAITING_FOR_CPU_TIME, by: ${view} }`;
    const query = (view: string) => `{ partition { virtualProcessors(${orderBy(view)}) { index } } }`;
    expect((await ask({ source, query: query('VALUE') })).errors).toBeUndefined();
    expect((await ask({ source, query: query('VALUE').replace(', by: VALUE', '') })).errors).toBeUndefined();
    expect((await ask({ source, query: query('null') })).errors).toBeUndefined();
    const answer = await ask({ source, query: query(by) });
    expect(errorsOf(answer)).toEqual(['partition.virtualProcessors INVALID_PARAMETER']);
    expect(answer.errors?.[0]?.message).toBe(`waitingForCpuTime is a RAW and has no ${by}: use VALUE.`);
  });
});

describe('a counter of a newer release', () => {
  const query = `{
    hypervisor { counters { logicalProcessors modernStandbyEntries subsumedPages } page { groups { versionMinor isKnown } } }
    partition(id: 2) { virtualProcessor(index: 0) { counters { hypercalls hardwareInterrupts sysRegAccesses } } }
  }`;

  it('is null on a host of an older release', async () => {
    const source = await open('simulator?lps=4&partitions=4&release=2013');
    const { data, errors } = await ask({ source, query });
    expect(errors).toBeUndefined();
    expect(data.hypervisor).toEqual({
      counters: { logicalProcessors: '4', modernStandbyEntries: null, subsumedPages: null },
      page: { groups: [{ versionMinor: 0, isKnown: true }] },
    });
    expect(data.partition.virtualProcessor.counters).toMatchObject({
      hypercalls: expect.stringMatching(/^\d+$/),
      hardwareInterrupts: null,
    });
  });

  it('is read by name on a host of its release, and null if no page has it', async () => {
    const source = await open('simulator?lps=4&partitions=4');
    const { data } = await ask({ source, query });
    expect(data.hypervisor).toEqual({
      counters: { logicalProcessors: '4', modernStandbyEntries: '0', subsumedPages: '0' },
      page: {
        groups: [
          { versionMinor: 1, isKnown: true },
          { versionMinor: 1, isKnown: true },
        ],
      },
    });
    expect(data.partition.virtualProcessor.counters).toEqual({
      hypercalls: expect.stringMatching(/^\d+$/),
      hardwareInterrupts: expect.stringMatching(/^[1-9]\d*$/),
      sysRegAccesses: null,
    });
  });
});

describe('the simulator without settings', () => {
  it('has a value for every counter that a page can have, in agreement with isReported', async () => {
    const source = await open('simulator');
    const counters = (object: StatisticsObject): string =>
      `counters { ${countersOf(object)
        .map(({ field }) => field)
        .join(' ')} }`;
    const { data, errors } = await ask({
      source,
      query: `{
        counterDefinitions { field index isReported }
        hypervisor { ${counters('HYPERVISOR')} logicalProcessor(index: 0) { ${counters('LOGICAL_PROCESSOR')} } }
        partition { ${counters('PARTITION')} virtualProcessor(index: 0) { ${counters('VIRTUAL_PROCESSOR')} } }
      }`,
    });
    expect(errors).toBeUndefined();
    const { hypervisor, partition, counterDefinitions } = data;
    const read = [hypervisor, hypervisor.logicalProcessor, partition, partition.virtualProcessor];
    const empty = read.flatMap((object) =>
      Object.entries(object.counters).flatMap(([field, value]) => (value === null ? [field] : [])),
    );
    expect(empty).toHaveLength(4);
    const unreported = counterDefinitions.filter(({ isReported }: any) => isReported !== true);
    expect(unreported.map(({ field }: any) => field)).toEqual(empty);
    expect(unreported.every(({ index, isReported }: any) => index === 0 && isReported === false)).toBe(true);
  });
});
