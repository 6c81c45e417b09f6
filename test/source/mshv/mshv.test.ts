import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { HvqlError, UsageError } from '../../../src/errors.ts';
import { hypervisorName, objectKey, type ObjectName } from '../../../src/snapshot/object-name.ts';
import { takeSnapshot, namesOf } from '../../../src/source/host-snapshot.ts';
import { driverFolder, mshvSettings } from '../../../src/source/mshv/settings.ts';
import { openMshv, type MshvOptions } from '../../../src/source/mshv/mshv.ts';
import { systemFiles, type FileSystem } from '../../../src/source/page-folder/file-system.ts';
import { parseSourceText } from '../../../src/source/source-text.ts';
import { ManualClock } from '../manual-clock.ts';
import { copyOfFixture, fixture, putFile, scratchFolder } from '../scratch.ts';

const never = new AbortController().signal;
const expectedNumbers = JSON.parse(readFileSync(fixture('mshv.expected.json'), 'utf8')) as Record<
  string,
  Record<string, string>
>;

function open(folder: string, world: Partial<MshvOptions> & { selfId?: bigint } = {}) {
  const { selfId = 1n, ...others } = world;
  return openMshv({ folder, selfId }, { clock: new ManualClock(), ...others });
}

/** The file system, which records the path and flags of each opened file, and fails on request. */
function watchedFiles(fail: Partial<Record<'openSync' | 'readSync' | 'readdirSync', string>> = {}) {
  const opened: { path: string; flags: number }[] = [];
  const broken = (call: keyof typeof fail, path: string): void => {
    const code = fail[call];
    if (code !== undefined && path !== '') throw Object.assign(new Error(`${call} ${path}`), { code });
  };
  const files: FileSystem = {
    ...systemFiles,
    openSync(path, flags) {
      opened.push({ path, flags });
      broken('openSync', path);
      return systemFiles.openSync(path, flags);
    },
    readSync(descriptor, bytes, at, length, position) {
      broken('readSync', 'any');
      return systemFiles.readSync(descriptor, bytes, at, length, position);
    },
    readdirSync(path) {
      broken('readdirSync', path);
      return systemFiles.readdirSync(path);
    },
  };
  return { files, opened, fail };
}

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.problems;
    throw thrown;
  }
  return [];
}

async function outcomeOf(source: ReturnType<typeof open>, name: ObjectName) {
  return (await source.read([name], never)).outcomes[0];
}

const rootVp: ObjectName = { object: 'VIRTUAL_PROCESSOR', partitionId: 1n, index: 0 };

describe('a Linux host', () => {
  it('is read exactly, with each of its numbers as a counter', async () => {
    const source = open(fixture('mshv'));
    const { topology, pageless, failures } = await takeSnapshot(source, never);
    expect(failures).toEqual([]);
    expect(topology.logicalProcessors).toEqual([0, 1]);
    expect(topology.partitions).toEqual([
      { id: 1n, parent: null, name: null, virtualProcessors: [0, 1] },
      { id: 2n, parent: 1n, name: null, virtualProcessors: [0, 1] },
      { id: 4n, parent: 1n, name: null, virtualProcessors: [0, 1] },
    ]);
    const found: Record<string, Record<string, string>> = {};
    for (const { name, reading } of pageless) {
      expect(reading.page).toBeNull();
      const numbers: Record<string, string> = {};
      for (const counter of countersOf(name.object)) {
        const value = reading.value(counter);
        if (value !== undefined) numbers[counter.linux] = String(value);
      }
      // Slots in reserve are not counters.
      for (const { name, value } of reading.unnamed?.() ?? []) {
        expect(name).toMatch(/^(?:Lp|Pt|Vp)Placeholder\d$/);
        numbers[name] = String(value);
      }
      found[objectKey(name) || 'hypervisor'] = numbers;
    }
    expect(found).toEqual(expectedNumbers);
    expect(source.unreadableLines).toBe(0);
  });

  it('is at the path of debugfs, unless another folder is named', () => {
    expect(mshvSettings(parseSourceText('mshv'))).toEqual({ folder: '/sys/kernel/debug/mshv', selfId: 1n });
    expect(mshvSettings(parseSourceText('mshv:/tree?self=7'))).toEqual({ folder: '/tree', selfId: 7n });
    expect(driverFolder).toBe('/sys/kernel/debug/mshv');
  });

  it('opens only requested files, read-only, and none except "stats"', async () => {
    const folder = copyOfFixture('mshv');
    for (const place of ['hvdbg', 'lp/0/hvdbg', 'partition/2/vp/1/stats.old']) {
      putFile(folder, { place, content: 'leave this alone' });
    }
    const { files, opened } = watchedFiles();
    const source = open(folder, { files });
    await source.topology(never);
    expect(opened).toEqual([]);
    await source.read([rootVp], never);
    expect(opened.map(({ path }) => path)).toEqual([join(folder, 'partition/1/vp/0/stats')]);
    await takeSnapshot(source, never);
    expect(opened.length).toBeGreaterThan(10);
    for (const { path, flags } of opened) {
      expect(path.endsWith('/stats')).toBe(true);
      expect(flags & 3).toBe(0);
    }
  });

  it('notices new and removed objects, although the times of its folders do not change', async () => {
    const folder = copyOfFixture('mshv');
    // As in debugfs, where a folder's times stay when something is put into it.
    const state = systemFiles.statSync(folder);
    const source = open(folder, { files: { ...systemFiles, statSync: () => state } });
    const before = await source.topology(never);
    putFile(folder, { place: 'partition/9/vp/0/stats', content: 'VpTotalRunTime : 1\n' });
    rmSync(join(folder, 'partition/2'), { recursive: true });
    const after = await source.topology(never);
    expect(before.partitions.map(({ id }) => id)).toEqual([1n, 2n, 4n]);
    expect(after.partitions.map(({ id }) => id)).toEqual([1n, 4n, 9n]);
    expect(after.partition(9n)).toMatchObject({ parent: 1n, virtualProcessors: [0] });
  });

  it('lists the virtual processors of requested partitions, and of new ones', async () => {
    const folder = copyOfFixture('mshv');
    const listed: string[] = [];
    const readdirSync = (path: string) => {
      listed.push(path.slice(folder.length + 1));
      return systemFiles.readdirSync(path);
    };
    const source = open(folder, { files: { ...systemFiles, readdirSync } });
    const processors = async (lists?: Set<bigint>) => {
      listed.length = 0;
      const { partitions } = await source.topology(never, lists);
      return partitions.map(({ id, virtualProcessors }) => [id, virtualProcessors]);
    };
    const all = [
      [1n, [0, 1]],
      [2n, [0, 1]],
      [4n, [0, 1]],
    ];
    // Nothing is known yet.
    expect(await processors(new Set([2n]))).toEqual(all);
    expect(listed).toEqual(['partition', 'partition/1/vp', 'partition/2/vp', 'partition/4/vp', 'lp']);
    expect(await processors(new Set())).toEqual(all);
    expect(listed).toEqual(['partition', 'lp']);
    for (const id of [2, 4, 9]) putFile(folder, { place: `partition/${id}/vp/5/stats`, content: '' });
    rmSync(join(folder, 'partition/1'), { recursive: true });
    expect(await processors(new Set([1n, 2n]))).toEqual([
      [1n, []],
      [2n, [0, 1, 5]],
      [4n, [0, 1]],
      [9n, [5]],
    ]);
    expect(listed.sort()).toEqual(['lp', 'partition', 'partition/1/vp', 'partition/2/vp', 'partition/9/vp']);
    expect((await processors())[2]).toEqual([4n, [0, 1, 5]]);
  });

  it.each<[ObjectName, string, string]>([
    [{ object: 'HYPERVISOR' }, 'stats', 'Hv'],
    [{ object: 'LOGICAL_PROCESSOR', index: 0 }, 'lp/0/stats', 'Lp'],
    [{ object: 'PARTITION', partitionId: 2n }, 'partition/2/stats', 'Pt'],
    [{ object: 'VIRTUAL_PROCESSOR', partitionId: 2n, index: 0 }, 'partition/2/vp/0/stats', 'Vp'],
  ])('reports %o as malformed if its text has no counter', async (name, place, prefix) => {
    const folder = copyOfFixture('mshv');
    const source = open(folder);
    const good = readFileSync(`${folder}/${place}`, 'utf8');
    const sentences = 'Access to this object is denied.\nAsk the owner of the machine.\n';
    for (const content of [
      sentences,
      '\n\n',
      ' \r\n',
      `${prefix}OfTomorrow: 5\n${sentences}`,
      `\ufffe${good}`.replaceAll(':', '='),
    ]) {
      putFile(folder, { place, content });
      for (let round = 0; round < 2; round++) {
        expect(await outcomeOf(source, name)).toMatchObject({
          code: 'PAGE_MALFORMED',
          message: `${place} is no text of statistics: it has no counter in it.`,
          extensions: { page: place, reason: 'NO_COUNTERS' },
        });
      }
      // As the older driver prints it, and copied by another system.
      putFile(folder, { place, content: good.replace(/^[A-Z][a-z]/gm, '').replaceAll('\n', '\r\n') });
      const reading = await outcomeOf(source, name);
      if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
      const values = countersOf(name.object).filter((counter) => reading.value(counter) !== undefined);
      expect(values.length).toBeGreaterThan(5);
    }
  });

  it('counts unreadable lines each time that they are read', async () => {
    const folder = copyOfFixture('mshv');
    putFile(folder, { place: 'lp/0/stats', content: 'LpGlobalTime : 5\nLpTotalRunTime = 6\n\u0007\n' });
    const source = open(folder);
    const name: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
    const [globalTime, totalRunTime] = countersOf('LOGICAL_PROCESSOR');
    for (const count of [2, 4]) {
      const reading = await outcomeOf(source, name);
      if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
      expect(globalTime && reading.value(globalTime)).toBe(5n);
      expect(totalRunTime && reading.value(totalRunTime)).toBeUndefined();
      expect(source.unreadableLines).toBe(count);
    }
  });

  it('reads each text with one call, and continues only if a line was truncated', async () => {
    const asked: number[] = [];
    let most = Infinity;
    const files: FileSystem = {
      ...systemFiles,
      readSync(descriptor, bytes, at, length, position) {
        const count = systemFiles.readSync(descriptor, bytes, at, Math.min(length, most), position);
        asked.push(count);
        return count;
      },
    };
    const source = open(fixture('mshv'), { files });
    const whole = await outcomeOf(source, rootVp);
    expect(asked).toHaveLength(1);
    most = 1000;
    asked.length = 0;
    const inPieces = await outcomeOf(source, rootVp);
    expect(asked.length).toBeGreaterThan(10);
    for (const reading of [whole, inPieces]) {
      if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
    }
    expect(inPieces).toEqual(whole);
    expect(source.unreadableLines).toBe(0);
  });

  it('returns the same readings to the partition itself and to its parent, because the driver has one area', async () => {
    const source = open(fixture('mshv'));
    const names = [rootVp, { ...rootVp, area: 'SELF' } as const];
    const { outcomes } = await source.read(names, never);
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[0]).not.toBeInstanceOf(HvqlError);
    expect(source.areas).toBeUndefined();
  });

  it('reads a text that is longer than any before, and rejects one without an end', async () => {
    const folder = copyOfFixture('mshv');
    const lines = Array.from({ length: 9000 }, (_, n) => `VpOfTomorrow${n} : ${n}\n`).join('');
    putFile(folder, { place: 'partition/1/vp/0/stats', content: `${lines}VpTotalRunTime : 8\n` });
    const source = open(folder);
    const reading = await outcomeOf(source, rootVp);
    const [totalRunTime] = countersOf('VIRTUAL_PROCESSOR');
    if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
    expect(totalRunTime && reading.value(totalRunTime)).toBe(8n);
    expect(reading.unnamed?.()).toHaveLength(9000);
    putFile(folder, { place: 'partition/1/vp/0/stats', content: lines.repeat(9) });
    expect(await outcomeOf(source, rootVp)).toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: 'partition/1/vp/0/stats is no text of statistics: it has 1048576 bytes and more.',
    });
  });
});

describe('an object of a Linux host', () => {
  it('is unavailable if it disappears between listing and opening, and the others are read', async () => {
    const folder = copyOfFixture('mshv');
    const source = open(folder);
    const names = namesOf(await source.topology(never));
    rmSync(join(folder, 'partition/4'), { recursive: true });
    const { outcomes } = await source.read(names, never);
    const failures = outcomes.filter((outcome) => outcome instanceof HvqlError);
    expect(failures.map(({ message }) => message)).toEqual([
      'partition/4/stats is not there.',
      'partition/4/vp/0/stats is not there.',
      'partition/4/vp/1/stats is not there.',
    ]);
    expect(failures[0]?.extensions).toMatchObject({ code: 'PAGE_UNAVAILABLE', reason: 'ENOENT' });
  });

  it('is unavailable if it disappears between opening and reading', async () => {
    const { files } = watchedFiles({ readSync: 'EIO' });
    expect(await outcomeOf(open(fixture('mshv'), { files }), rootVp)).toMatchObject({
      message: 'partition/1/vp/0/stats is gone: it went while it was read.',
      extensions: { code: 'PAGE_UNAVAILABLE', reason: 'EIO' },
    });
  });

  it('is reported with advice if only root may read it', async () => {
    const { files } = watchedFiles({ openSync: 'EACCES' });
    expect(await outcomeOf(open(fixture('mshv'), { files }), rootVp)).toMatchObject({
      message:
        'partition/1/vp/0/stats cannot be read: permission denied (EACCES); run hvql as root, ' +
        'or as a user that debugfs is mounted for (mount -o remount,uid=… /sys/kernel/debug).',
    });
  });

  it.each(['openSync', 'readdirSync'] as const)(
    'is reported if lockdown denies it even to root (%s)',
    async (call) => {
      const { files } = watchedFiles({ [call]: 'EPERM' });
      const problem =
        'operation not permitted (EPERM); the kernel is locked down, which keeps debugfs from root as well ' +
        '(/sys/kernel/security/lockdown tells; lockdown= or Secure Boot turns it on).';
      if (call === 'readdirSync') expect(() => open(fixture('mshv'), { files })).toThrow(problem);
      else
        expect(await outcomeOf(open(fixture('mshv'), { files }), rootVp)).toMatchObject({
          message: `partition/1/vp/0/stats cannot be read: ${problem}`,
        });
    },
  );

  it('is unavailable alone if it has disappeared and its folder remains', async () => {
    const folder = copyOfFixture('mshv');
    // The remains of a failed teardown: empty folders and empty files.
    rmSync(join(folder, 'partition/2/stats'));
    rmSync(join(folder, 'partition/2/vp'), { recursive: true });
    putFile(folder, { place: 'partition/4/vp/1/stats', content: '' });
    const { failures, pageless } = await takeSnapshot(open(folder), never);
    expect(failures.map(({ message }) => message)).toEqual([
      'partition/2/stats is not there.',
      'partition/4/vp/1/stats is empty.',
    ]);
    expect(pageless).toHaveLength(1 + 2 + 3 - 1 + 4 - 1);
  });

  it('is ignored if the name of its folder is not a plain number', async () => {
    const folder = copyOfFixture('mshv');
    for (const place of [
      'partition/007/stats',
      'partition/new/stats',
      'lp/-1/stats',
      'partition/1/vp/x/stats',
    ]) {
      putFile(folder, { place, content: 'A : 1\n' });
    }
    const { partitions, logicalProcessors } = await open(folder).topology(never);
    expect(partitions.map(({ id }) => id)).toEqual([1n, 2n, 4n]);
    expect(logicalProcessors).toEqual([0, 1]);
  });

  it('is unavailable without a wait if its file is a pipe or a folder', async () => {
    const folder = copyOfFixture('mshv');
    rmSync(join(folder, 'partition/1/vp/0/stats'));
    symlinkSync(folder, join(folder, 'partition/1/vp/0/stats'));
    expect(await outcomeOf(open(folder), rootVp)).toMatchObject({
      message: 'partition/1/vp/0/stats cannot be read: illegal operation on a directory (EISDIR).',
    });
  });
});

describe('the folder of the Linux driver', () => {
  it('is refused with advice if it does not exist', () => {
    expect(problemsOf(() => open('/nowhere/mshv'))).toEqual([
      'The folder /nowhere/mshv is not there: mount debugfs (mount -t debugfs none /sys/kernel/debug), ' +
        'on a Linux root partition whose kernel has the mshv driver.',
    ]);
  });

  it('is refused with advice if only root may list it', () => {
    const { files } = watchedFiles({ readdirSync: 'EACCES' });
    expect(problemsOf(() => open('/sys/kernel/debug/mshv', { files }))).toEqual([
      'The folder /sys/kernel/debug/mshv cannot be read: permission denied (EACCES); run hvql as root, ' +
        'or as a user that debugfs is mounted for (mount -o remount,uid=… /sys/kernel/debug).',
    ]);
  });

  it('is refused if it is another folder', () => {
    const folder = scratchFolder();
    expect(problemsOf(() => open(folder))).toEqual([
      `The folder ${folder} is not that of the mshv driver: it has neither stats nor lp nor partition.`,
    ]);
  });

  it('makes topologies fail while it is missing', async () => {
    const folder = copyOfFixture('mshv');
    const source = open(folder);
    const topology = await source.topology(never);
    renameSync(folder, `${folder}-away`);
    await expect(source.topology(never)).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message:
        'The folder of the mshv driver is not there: the driver is not loaded, or debugfs is not mounted any more.',
    });
    renameSync(`${folder}-away`, folder);
    expect(await source.topology(never)).toBe(topology);
  });

  it('makes topologies fail if partitions can no longer be listed; lists of processors fail without affecting others', async () => {
    const { files, fail } = watchedFiles();
    const only = (place: string): FileSystem => ({
      ...files,
      readdirSync: (path) => (path.endsWith(place) ? files.readdirSync(path) : systemFiles.readdirSync(path)),
    });
    const sources = ['/partition', '/lp', '/partition/2/vp'].map((place) =>
      open(fixture('mshv'), { files: only(place) }),
    );
    fail.readdirSync = 'EACCES';
    await expect(sources[0]?.topology(never)).rejects.toMatchObject({
      code: 'PAGE_UNAVAILABLE',
      message: expect.stringMatching(/^The folder partition cannot be listed: .* run hvql as root/),
    });
    expect(await sources[1]?.topology(never)).toMatchObject({
      logicalProcessors: [],
      listError: { code: 'PAGE_UNAVAILABLE' },
    });
    const listed = await sources[2]?.topology(never);
    expect(listed?.partition(2n)).toMatchObject({
      virtualProcessors: [],
      listError: { code: 'PAGE_UNAVAILABLE' },
    });
    expect(listed?.partition(4n)?.virtualProcessors).toEqual([0, 1]);
  });
});

describe('a parent partition that is not the root (L1VH)', () => {
  function l1vh(): string {
    const folder = copyOfFixture('mshv');
    for (const place of ['stats', 'lp']) rmSync(join(folder, place), { recursive: true });
    renameSync(join(folder, 'partition/1'), join(folder, 'partition/self'));
    return folder;
  }

  it.each([1n, 7n])('is partition %s and the parent of the others, as the setting says', async (selfId) => {
    const source = open(l1vh(), { selfId });
    // Even before the first topology.
    const own: ObjectName = { object: 'PARTITION', partitionId: selfId };
    const [virtualProcessors] = countersOf('PARTITION');
    const reading = await outcomeOf(source, own);
    if (reading === undefined || reading instanceof HvqlError) throw reading ?? new Error('no outcome');
    expect(virtualProcessors && String(reading.value(virtualProcessors))).toBe(
      expectedNumbers['partition/1']?.['PtVirtualProcessors'],
    );
    const { topology, pageless, failures } = await takeSnapshot(source, never);
    expect(topology.partition(selfId)).toMatchObject({ parent: null, virtualProcessors: [0, 1] });
    expect(topology.partition(2n)?.parent).toBe(selfId);
    expect(topology.partitions).toHaveLength(3);
    expect(topology.logicalProcessors).toEqual([]);
    expect(pageless.map(({ name }) => objectKey(name))).toContain(`partition/${selfId}/vp/1`);
    expect(failures.map(({ message }) => message)).toEqual([
      'stats is not there: the own partition is not the root, and the driver shows it nothing of the hypervisor and its processors.',
    ]);
    expect(await outcomeOf(source, hypervisorName)).toMatchObject({ code: 'PAGE_UNAVAILABLE' });
  });
});
