import { readFileSync } from 'node:fs';
import { onTestFinished, describe, expect, it } from 'vitest';
import { catalogue, counterNamed } from '../../../src/catalogue/catalogue.ts';
import type { StatisticsObject } from '../../../src/catalogue/group.ts';
import { HvqlError, UsageError } from '../../../src/errors.ts';
import { hypervisorName, type ObjectName } from '../../../src/snapshot/object-name.ts';
import { namesOf } from '../../../src/source/host-snapshot.ts';
import { openSource } from '../../../src/source/sources.ts';
import { openWindows } from '../../../src/source/windows/windows.ts';
import type { Source } from '../../../src/source/source.ts';
import { ManualClock } from '../manual-clock.ts';
import { RecordedHost, type Release } from './recorded-host.ts';
import { until } from '../../until.ts';

const never = new AbortController().signal;

interface OnTrial {
  readonly host: RecordedHost;
  readonly source: Source;
  readonly clock: ManualClock;
}

function open(release: Release = '2019'): OnTrial {
  const host = new RecordedHost(release);
  const clock = new ManualClock();
  const source = openWindows({ powershell: host.executable, idleMilliseconds: 60_000 }, { clock });
  onTestFinished(() => source.close());
  return { host, source, clock };
}

async function idsOf(source: Source): Promise<Map<string | null, bigint[]>> {
  const ids = new Map<string | null, bigint[]>();
  for (const { id, name } of (await source.topology(never)).partitions)
    ids.set(name, [...(ids.get(name) ?? []), id]);
  return ids;
}

/** The value of one counter of one object. */
async function valueOf(source: Source, [name, field]: [ObjectName, string]): Promise<bigint | undefined> {
  const [outcome] = (await source.read([name], never)).outcomes;
  if (outcome === undefined || outcome instanceof HvqlError) throw outcome ?? new Error('no outcome');
  return outcome.value(counterNamed(name.object, field));
}

describe('the objects of a Windows host', () => {
  it('are listed by the names of the instances, without the sums', async () => {
    const { source } = open();
    const { logicalProcessors, partitions } = await source.topology(never);
    expect(logicalProcessors).toEqual([0, 1, 2, 3]);
    const listed = partitions.map(({ name, parent, virtualProcessors }) => [name, parent, virtualProcessors]);
    expect(listed).toHaveLength(5);
    expect(listed).toEqual(
      expect.arrayContaining([
        ['Root', null, [0, 1, 2, 3]],
        ['db:primary', 1n, [0, 1]],
        ['web', 1n, [0, 1]],
        ['web', 1n, [0]],
        ['Tür 7', 1n, [0]],
      ]),
    );
  });

  it('are in numeric order, and names may contain colons', async () => {
    const { source } = open('23h2');
    const { logicalProcessors, partitions } = await source.topology(never);
    expect(logicalProcessors).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(partitions.find(({ name }) => name === 'a:Hv VP 1')?.virtualProcessors).toEqual([0]);
  });

  it('have ids that stay the same after a restart, and the root has 1', async () => {
    const first = await idsOf(open().source);
    expect(await idsOf(open().source)).toEqual(first);
    expect(first.get('Root')).toEqual([1n]);
    expect(first.get('db:primary')).toEqual([136577848669523n]);
  });

  it('are listed again after a second, and the topology is the same object if nothing has changed', async () => {
    const { source, host, clock } = open();
    const first = await source.topology(never);
    clock.advance(999);
    await source.topology(never);
    expect(host.questions()).toHaveLength(1);
    clock.advance(1);
    expect(await source.topology(never)).toBe(first);
    expect(host.questions()).toHaveLength(2);
  });
});

describe('a counter value on Windows', () => {
  it.each<[Release, ObjectName, string, [string, string, string]]>([
    ['2019', hypervisorName, 'totalPages', ['', '', 'TotalPages']],
    ['23h2', hypervisorName, 'totalPages', ['', '_Total', 'TotalPages']],
    [
      '2019',
      { object: 'LOGICAL_PROCESSOR', index: 3 },
      'totalRunTime',
      ['LogicalProcessor', 'Hv LP 3', 'PercentTotalRunTime'],
    ],
    [
      '23h2',
      { object: 'LOGICAL_PROCESSOR', index: 11 },
      'c1Transitions',
      ['LogicalProcessor', 'Hv LP 11', 'C1TransitionsPersec'],
    ],
    [
      '2019',
      { object: 'PARTITION', partitionId: 1n },
      'virtualTlbFlushEntries',
      ['RootPartition', 'Root', 'VirtualTLBFlushEntiresPersec'],
    ],
    [
      '2019',
      { object: 'VIRTUAL_PROCESSOR', partitionId: 1n, index: 2 },
      'hypercallsCost',
      ['RootVirtualProcessor', 'Root VP 2', 'HypercallsCost'],
    ],
  ])('%s: is the property of the right instance: %o %s', async (release, name, field, recorded) => {
    const { source, host } = open(release);
    expect(await valueOf(source, [name, field])).toBe(host.recorded(0, recorded));
    host.play(1);
    expect(await valueOf(source, [name, field])).toBe(host.recorded(1, recorded));
  });

  it('of a virtual machine is found by its name, including colons', async () => {
    const { source, host } = open();
    const [partitionId = 0n] = (await idsOf(source)).get('db:primary') ?? [];
    expect(await valueOf(source, [{ object: 'PARTITION', partitionId }, 'gpaPages'])).toBe(
      host.recorded(0, ['Partition', 'db:primary:hvpt', 'GPAPages']),
    );
    expect(
      await valueOf(source, [{ object: 'VIRTUAL_PROCESSOR', partitionId, index: 1 }, 'hypercalls']),
    ).toBe(host.recorded(0, ['VirtualProcessor', 'db:primary:Hv VP 1', 'HypercallsPersec']));
  });

  it('is distinguished between two machines with one name', async () => {
    const { source, host } = open();
    const { partitions } = await source.topology(never);
    const webs = partitions.filter(({ name }) => name === 'web');
    const values = await Promise.all(
      webs.map(({ id }) =>
        valueOf(source, [{ object: 'VIRTUAL_PROCESSOR', partitionId: id, index: 0 }, 'totalRunTime']),
      ),
    );
    const recorded = [0, 1].map((nth) =>
      host.recorded(0, ['VirtualProcessor', 'web:Hv VP 0', 'PercentTotalRunTime', nth]),
    );
    // The first one has two virtual processors.
    const inOrder = webs[0]?.virtualProcessors.length === 2 ? recorded : recorded.toReversed();
    expect(values).toEqual(inOrder);
    expect(new Set(values).size).toBe(2);
  });

  it('exists for every counter that its release reports, and for no others', async () => {
    for (const release of ['2019', '23h2'] as const) {
      const { source, host } = open(release);
      const names = namesOf(await source.topology(never));
      const { outcomes } = await source.read(names, never);
      for (const [n, { object }] of names.entries()) {
        const outcome = outcomes[n];
        if (outcome === undefined || outcome instanceof HvqlError) throw outcome ?? new Error('no outcome');
        expect(outcome.page).toBeNull();
        const recorded = host.properties(classOfKind[object]);
        expect(absentFields(object, (counter) => outcome.value(counter))).toEqual(
          absentFields(object, ({ windows: [property = 'none'] }) => recorded.has(property) || undefined),
        );
      }
    }
  });

  it('has a property in the newer release for every counter that the catalogue lists for Windows', () => {
    const { host } = open('23h2');
    const named = catalogue.filter(({ reportedBy }) => reportedBy.includes('WINDOWS'));
    expect(named.length).toBeGreaterThan(200);
    for (const { object, field, windows } of named)
      expect(host.properties(classOfKind[object]), field).toContain(windows[0]);
  });

  it('is missing without affecting others if this Windows does not have its property', async () => {
    const { source, host } = open();
    host.rewrite((line) => line.replaceAll('C2TransitionsPersec', 'SomethingElse'));
    const name: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
    expect(await valueOf(source, [name, 'c2Transitions'])).toBeUndefined();
    expect(await valueOf(source, [name, 'c1Transitions'])).toEqual(expect.any(BigInt));
  });

  it('is exact for all 64 bits', async () => {
    const { source, host } = open();
    const before = host.recorded(0, ['LogicalProcessor', 'Hv LP 0', 'PercentTotalRunTime']);
    host.rewrite((line) => line.replace(`"${before}"`, '"18446744073709551615"'));
    const name: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
    expect(await valueOf(source, [name, 'totalRunTime'])).toBe(2n ** 64n - 1n);
  });
});

/** Both classes of partitions have the same properties, and so have those of virtual processors. */
const classOfKind: Record<StatisticsObject, string> = {
  HYPERVISOR: '',
  LOGICAL_PROCESSOR: 'LogicalProcessor',
  PARTITION: 'Partition',
  VIRTUAL_PROCESSOR: 'VirtualProcessor',
};

function absentFields(
  object: StatisticsObject,
  value: (counter: (typeof catalogue)[number]) => unknown,
): string[] {
  return catalogue.flatMap((counter) =>
    counter.object === object && value(counter) === undefined ? [counter.field] : [],
  );
}

describe('a sample of a Windows host', () => {
  it('has its own time: its wall clock, and its monotonic clock computed with the frequency', async () => {
    const { source, host } = open();
    const lp: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
    const { at } = await source.read([lp], never);
    const wall = host.recorded(0, ['LogicalProcessor', 'Hv LP 0', 'Timestamp_Sys100NS']);
    expect(new Date(at.wallMilliseconds).toISOString()).toBe('2025-11-21T12:00:00.004Z');
    expect(at.wallMilliseconds).toBe(Number(wall / 10_000n) - 11_644_473_600_000);
    expect(at.monotonicNanoseconds).toBe(
      host.recorded(0, ['LogicalProcessor', 'Hv LP 0', 'Timestamp_PerfTime']) * 100n,
    );
    host.play(1);
    const later = await source.read([lp], never);
    expect(later.at.monotonicNanoseconds - at.monotonicNanoseconds).toBe(2_000_000_000n);
  });

  it('never has an earlier time than a previous one', async () => {
    const { source } = open();
    const all = await source.read(namesOf(await source.topology(never)), never);
    const one = await source.read([{ object: 'LOGICAL_PROCESSOR', index: 0 }], never);
    expect(one.at).toEqual(all.at);
  });

  it('includes for each reading the time when its class was read', async () => {
    const { source, host } = open();
    const { at, outcomes } = await source.read(
      [
        { object: 'LOGICAL_PROCESSOR', index: 0 },
        { object: 'VIRTUAL_PROCESSOR', partitionId: 1n, index: 0 },
      ],
      never,
    );
    const moments = outcomes.map((outcome) => (outcome instanceof HvqlError ? null : outcome.at));
    expect(moments.map((moment) => moment?.monotonicNanoseconds)).toEqual([
      host.recorded(0, ['LogicalProcessor', 'Hv LP 0', 'Timestamp_PerfTime']) * 100n,
      host.recorded(0, ['RootVirtualProcessor', 'Root VP 0', 'Timestamp_PerfTime']) * 100n,
    ]);
    expect(at).toEqual(moments[1]);
  });

  it('requests only the classes of the requested objects, and only properties of the catalogue', async () => {
    const { source, host } = open();
    await source.read([{ object: 'LOGICAL_PROCESSOR', index: 0 }], never);
    await source.read([], never);
    await source.read([{ object: 'VIRTUAL_PROCESSOR', partitionId: 99n, index: 0 }], never);
    const [lp, nothing, vp] = host.questions();
    expect(Object.keys(lp ?? {})).toEqual(['LogicalProcessor']);
    expect(lp?.['LogicalProcessor']).toContain('PercentTotalRunTime');
    expect(lp?.['LogicalProcessor']).toContain('PercentTotalRunTime_Base');
    expect(lp?.['LogicalProcessor']).not.toContain('PercentIdleTime_Base');
    expect(vp?.['VirtualProcessor']).not.toContain('HypercallsCost_Base');
    expect(nothing).toEqual({ '': [] });
    expect(vp?.['Partition']).toEqual(['VirtualProcessors']);
    const reported = catalogue.filter(
      ({ object, windows }) => object === 'VIRTUAL_PROCESSOR' && windows.length > 0,
    );
    const percentages = reported.filter(({ kind }) => kind === 'TIME');
    expect(new Set(vp?.['VirtualProcessor'])).toEqual(
      new Set([
        ...reported.map(({ windows }) => windows[0]),
        ...percentages.map(({ windows }) => `${windows[0]}_Base`),
      ]),
    );
    expect(Object.keys(vp ?? {})).toHaveLength(2);
  });

  it('is shared by all calls that arrive while another one is in progress', async () => {
    const { source, host } = open();
    host.behave('whenTold');
    const first = source.read([hypervisorName], never);
    await until(() => host.questions().length > 0);
    const others = Array.from({ length: 20 }, (_, index) =>
      source.read([{ object: 'LOGICAL_PROCESSOR', index: index % 4 }], new AbortController().signal),
    );
    others.push(source.read([{ object: 'PARTITION', partitionId: 1n }], never));
    host.tell();
    await Promise.all([first, ...others]);
    expect(host.questions().map((classes) => Object.keys(classes))).toEqual([
      [''],
      ['LogicalProcessor', 'RootPartition'],
    ]);
  });

  it('fails only for the objects of a missing class', async () => {
    const { source, host } = open();
    host.miss('LogicalProcessor', 'VirtualProcessor');
    const { listError, partitions } = await source.topology(never);
    expect(listError).toMatchObject({ code: 'PAGE_UNAVAILABLE', cause: { message: 'Invalid class' } });
    expect(partitions.map((entry) => entry.listError !== undefined)).toEqual(
      partitions.map(({ parent }) => parent !== null),
    );
    const { outcomes } = await source.read(
      [{ object: 'LOGICAL_PROCESSOR', index: 0 }, hypervisorName, { object: 'PARTITION', partitionId: 1n }],
      never,
    );
    expect(outcomes.map((outcome) => outcome instanceof HvqlError)).toEqual([true, false, false]);
    expect(outcomes[0]).toMatchObject({
      message:
        'Windows could not read the performance class Win32_PerfRawData_HvStats_HyperVHypervisorLogicalProcessor.',
    });
  });

  it('reports that there is no hypervisor if none of its classes exists', async () => {
    const { source, host } = open();
    host.behave('onlyErrors');
    const failure = {
      code: 'PAGE_UNAVAILABLE',
      message: expect.stringMatching(/^Windows counts nothing for a hypervisor/),
    };
    await expect(source.topology(never)).rejects.toMatchObject(failure);
    await expect(source.read([hypervisorName], never)).rejects.toMatchObject(failure);
    host.behave('answer');
    await source.topology(never);
    expect(host.starts()).toHaveLength(1);
  });
});

describe('the source windows on the command line', () => {
  const world = { clock: new ManualClock() };

  it.each([
    ['windows:here', ['windows: only options may follow, but ":here" does.']],
    [
      'windows?speed=1&idle=0s&powershell=',
      [
        'windows: there is no option "speed"; there are powershell, idle.',
        'windows: powershell needs the path of a program, but is "".',
        'windows: idle must be a length of time above 0 and below 25 days, such as "1m", but is "0s".',
      ],
    ],
    ['windows?idle=1m&idle=2m', ['windows: idle is given 2 times; once is needed.']],
  ])('%s is refused', async (text, problems) => {
    await expect(openSource(text, world)).rejects.toEqual(new UsageError(problems));
  });

  it('is refused on a machine without Windows', async () => {
    await expect(openSource('windows', { ...world, platform: 'linux' })).rejects.toEqual(
      new UsageError(['The source windows reads the Windows host that it runs on, but this is linux.']),
    );
  });

  it('is described as it was given', async () => {
    for (const text of ['windows', 'windows?powershell=pwsh.exe&idle=5m']) {
      const source = await openSource(text, { ...world, platform: 'win32' });
      expect([source.kind, source.description]).toEqual(['windows', text]);
      await source.close();
    }
  });
});

describe('the PowerShell script', () => {
  const text = readFileSync(new URL('../../../src/source/windows/read-classes.ps1', import.meta.url), 'utf8');

  it('has only ASCII characters, because Windows PowerShell reads a file without a mark in its code page', () => {
    // eslint-disable-next-line no-control-regex
    expect(text).toMatch(/^[\x00-\x7f]*$/);
  });

  it('does not use $input, with which PowerShell would consume the requests itself', () => {
    expect(text).not.toMatch(/\$input\b/i);
  });

  it('only reads: each of its commands is known', () => {
    const commands = new Set(text.replace(/<#.*?#>/s, '').match(/\b[A-Z][A-Za-z]+-[A-Z][A-Za-z]+\b/g));
    expect([...commands].sort()).toEqual([
      'ConvertFrom-Json',
      'ConvertTo-Json',
      'ConvertTo-JsonList',
      'ForEach-Object',
      'Format-Instance',
      'Get-CimClass',
      'Get-CimInstance',
      'Get-Property',
      'Read-Class',
      'Select-Object',
      'Set-StrictMode',
      'Where-Object',
    ]);
  });
});
