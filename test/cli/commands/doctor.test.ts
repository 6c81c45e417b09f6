import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DoctorContext } from '../../../src/cli/commands/doctor/diagnosis.ts';
import { doctor } from '../../../src/cli/commands/doctor/doctor.ts';
import { formatCount } from '../../../src/cli/format.ts';
import { objectKey } from '../../../src/snapshot/object-name.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import { openSource } from '../../../src/source/sources.ts';
import { ManualClock } from '../../source/manual-clock.ts';
import { putFile, scratchFolder } from '../../source/scratch.ts';
import { RecordedHost } from '../../source/windows/recorded-host.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

async function run(machine: Partial<DoctorContext>) {
  const world = new CommandOnTrial();
  const exitCode = await doctor({
    clock: world.clock,
    signal: world.signal,
    stdout: world.stdout,
    platform: 'linux',
    root: '/nowhere',
    windowsSource: 'windows',
    openSource,
    ...machine,
  });
  return { exitCode, output: world.output };
}

/** A tree as a root partition's Linux has it, with changes: null for what is not there. */
function linuxTree(changes: Record<string, string | null> = {}): string {
  const root = scratchFolder();
  chmodSync(root, 0o755);
  const files: Record<string, string | null> = {
    'proc/cpuinfo': 'processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n',
    'proc/mounts': 'sysfs /sys sysfs rw 0 0\ndebugfs /sys/kernel/debug debugfs rw,nosuid 0 0\n',
    'dev/mshv': '',
    'sys/kernel/debug/mshv/stats': 'HvLogicalProcessors        : 2\nHvPartitions               : 2\n',
    'sys/kernel/debug/mshv/lp/0/stats': 'LpGlobalTime                    : 1\n',
    'sys/kernel/debug/mshv/lp/1/stats': 'LpGlobalTime                    : 1\n',
    'sys/kernel/debug/mshv/partition/1/stats': 'PtVirtualProcessors                  : 2\n',
    'sys/kernel/debug/mshv/partition/7/stats': 'PtVirtualProcessors                  : 1\n',
    ...changes,
  };
  for (const [place, content] of Object.entries(files))
    if (content !== null) putFile(root, { place, content });
  return root;
}

/** Everything of the driver's folder, absent. */
const noStatistics = Object.fromEntries(
  ['stats', 'lp/0/stats', 'lp/1/stats', 'partition/1/stats', 'partition/7/stats'].map((place) => [
    `sys/kernel/debug/mshv/${place}`,
    null,
  ]),
);

describe('hvql doctor on Linux', () => {
  it('reports the statistics of a root partition, and how to start the service', async () => {
    expect(await run({ root: linuxTree() })).toEqual({
      exitCode: 0,
      output: `This machine (linux):
  ok  A hypervisor runs below this Linux (/proc/cpuinfo).
  ok  /dev/mshv is there: the mshv driver of the Linux kernel runs.
  ok  debugfs is mounted at /sys/kernel/debug.
  ok  /sys/kernel/debug/mshv can be read: 2 counters in stats, 2 logical processors and 2 partitions.

Its statistics can be read. Start the service with:
  hvql serve --source mshv
`,
    });
  });

  it.each([
    { place: 'sys/kernel/debug', changes: {} },
    {
      place: 'mnt/debug',
      changes: {
        ...noStatistics,
        'proc/mounts': 'none /mnt/debug debugfs rw 0 0\n',
        'mnt/debug/mshv/partition/self/stats': 'VirtualProcessors : 2\n',
      },
    },
  ])('counts in $place the same objects that the source then reads', async ({ place, changes }) => {
    const root = linuxTree(changes);
    const { exitCode, output } = await run({ root });
    expect(exitCode).toBe(0);
    const source = await openSource(`mshv:${root}/${place}/mshv`, { clock: new ManualClock() });
    const snapshot = await takeSnapshot(source, new AbortController().signal);
    const { logicalProcessors, partitions } = snapshot.topology;
    expect(output).toContain(
      `, ${formatCount(logicalProcessors.length, 'logical processor')} and ${formatCount(partitions.length, 'partition')}.`,
    );
    expect(snapshot.pageless.map(({ name }) => objectKey(name))).toContain('partition/1');
  });

  it('recognises a parent partition without hypervisor statistics, and another debugfs path', async () => {
    const root = linuxTree({
      ...noStatistics,
      'proc/mounts': 'none /mnt/debug debugfs rw 0 0\n',
      'mnt/debug/mshv/partition/self/stats': 'VirtualProcessors : 2\n',
    });
    const { exitCode, output } = await run({ root });
    expect(output).toContain('/mnt/debug/mshv can be read: 1 counter in partition/self/stats, 0 logical');
    expect(output).toMatch(/\n {2}hvql serve --source mshv:\/mnt\/debug\/mshv\n$/);
    expect(exitCode).toBe(0);
  });

  it.each<[string, Record<string, string | null>, string[]]>([
    [
      'the machine has no hypervisor',
      { ...noStatistics, 'proc/cpuinfo': 'flags : fpu vme\n', 'dev/mshv': null },
      [
        '  no  No hypervisor runs below this Linux (/proc/cpuinfo has no flag "hypervisor").',
        '      → start the machine with the hypervisor, and Linux in its root partition',
        '  no  /dev/mshv is not there: the mshv driver of the Linux kernel does not run.',
      ],
    ],
    [
      'the hypervisor is of another family',
      { ...noStatistics, 'sys/hypervisor/type': 'xen\n' },
      ['  no  The hypervisor is xen (/sys/hypervisor/type), which is not of the Hyper-V family.'],
    ],
    [
      'debugfs is not mounted',
      { 'proc/mounts': 'sysfs /sys sysfs rw 0 0\n' },
      ['  no  debugfs is not mounted.', '      → mount -t debugfs none /sys/kernel/debug'],
    ],
    [
      'the kernel publishes nothing',
      noStatistics,
      [
        '  no  /sys/kernel/debug/mshv cannot be read: no such file or directory (ENOENT).',
        '      → use a kernel whose mshv driver publishes statistics, built with CONFIG_DEBUG_FS',
      ],
    ],
    [
      'the file there contains something else',
      { 'sys/kernel/debug/mshv/stats': 'hello\n' },
      [
        '  no  /sys/kernel/debug/mshv/stats has no counter in it, as the mshv driver of the Linux kernel prints them.',
      ],
    ],
  ])('says what is missing if %s', async (_title, changes, lines) => {
    const { exitCode, output } = await run({ root: linuxTree(changes) });
    expect(output.split('\n')).toEqual(expect.arrayContaining(lines));
    expect(output).toMatch(/with a simulated machine:\n {2}hvql serve --source simulator\n$/);
    expect(exitCode).toBe(1);
  });

  it.each(['\r\n', ' \t\n'])('counts counters in lines that end with %j', async (end) => {
    const root = linuxTree({
      'sys/kernel/debug/mshv/stats': `HvPartitions : 3${end}HvVirtualProcessors : 9${end}${end}`,
    });
    expect((await run({ root })).output).toContain('can be read: 2 counters in stats,');
  });

  it('says how to get missing permissions', async () => {
    const root = linuxTree();
    chmodSync(`${root}/sys/kernel/debug/mshv`, 0o700);
    const { exitCode, output } = await asNobody(`${root}/sys/kernel/debug/mshv`, () => run({ root }));
    expect(output).toContain(
      '  no  /sys/kernel/debug/mshv cannot be read: permission denied (EACCES).\n' +
        '      → run hvql as root, or with CAP_DAC_READ_SEARCH as packaging/hvql.service does\n',
    );
    expect(exitCode).toBe(1);
  });

  it('reports only what is missing on an empty machine', async () => {
    expect((await run({})).exitCode).toBe(1);
  });
});

/** Runs a function as a user who may not read the folder; root may read everything. */
async function asNobody<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) {
    chmodSync(folder, 0o000);
    return work().finally(() => chmodSync(folder, 0o700));
  }
  process.seteuid?.(65534);
  return work().finally(() => process.seteuid?.(0));
}

describe('hvql doctor on Windows', () => {
  it('reports the numbers of objects, the ids of the partitions, and how to start the service', async () => {
    const { executable } = new RecordedHost();
    const windowsSource = `windows?powershell=${executable}`;
    const { exitCode, output } = await run({ platform: 'win32', windowsSource });
    expect(output).toContain(`This machine (win32):
  ok  PowerShell runs, and answers.
  ok  Windows counts for a hypervisor: 4 logical processors and 5 partitions.
  ok  partition 1 is Root, with 4 virtual processors
`);
    expect(output).toContain('  ok  partition 136577848669523 is db:primary, with 2 virtual processors\n');
    expect(output).toMatch(/\n {2}hvql serve --source 'windows\?powershell=.*'\n$/);
    expect(exitCode).toBe(0);
  });

  it('says which classes are missing', async () => {
    const host = new RecordedHost();
    host.miss('LogicalProcessor');
    const { exitCode, output } = await run({
      platform: 'win32',
      windowsSource: `windows?powershell=${host.executable}`,
    });
    expect(output).toContain('  no  Windows could not read the performance class Win32_PerfRawData_HvStats_');
    expect(exitCode).toBe(0);
  });

  it.each([
    [
      'onlyErrors',
      "Windows counts nothing for a hypervisor: the performance classes of Hyper-V's hypervisor are",
    ],
    ['complainAndDie', 'PowerShell ended with exit code 1. read-classes.ps1 cannot be loaded because'],
  ])('says what is wrong if PowerShell answers "%s"', async (behaviour, words) => {
    const host = new RecordedHost();
    host.behave(behaviour);
    const { exitCode, output } = await run({
      platform: 'win32',
      windowsSource: `windows?powershell=${host.executable}`,
    });
    expect(output).toContain(`  no  ${words}`);
    expect(output).toContain('      → this needs Windows PowerShell 5.1, the role Hyper-V');
    expect(exitCode).toBe(1);
  });

  it('says if PowerShell is not installed', async () => {
    const windowsSource = 'windows?powershell=/nowhere/powershell.exe';
    const { exitCode, output } = await run({ platform: 'win32', windowsSource });
    expect(output).toContain('  no  PowerShell could not be started: no such file or directory (ENOENT).');
    expect(exitCode).toBe(1);
  });
});

describe('hvql doctor on other systems', () => {
  it('says on which systems statistics can be read', async () => {
    expect(await run({ platform: 'darwin' })).toEqual({
      exitCode: 1,
      output: `This machine (darwin):
  no  Statistics can be read on Linux and on Windows, where these are the root partition.

There are no statistics to be read here. To try hvql out with a simulated machine:
  hvql serve --source simulator
`,
    });
  });
});
