import { existsSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import type { ObjectName } from '../../../src/snapshot/object-name.ts';
import { KeptFiles } from '../../../src/source/mshv/kept-files.ts';
import { openMshv } from '../../../src/source/mshv/mshv.ts';
import { SecondReader } from '../../../src/source/mshv/second-reader.ts';
import {
  readWithoutWaiting,
  systemFiles,
  type FileSystem,
} from '../../../src/source/page-folder/file-system.ts';
import { until } from '../../until.ts';
import { putFile, scratchFolder } from '../scratch.ts';

const never = new AbortController().signal;
const bytes = Buffer.alloc(4_096);

afterEach(() => vi.useRealTimers());

/** The file system, counting, where files that were removed cannot be read any more, as in debugfs. */
function debugfsOf() {
  const paths = new Map<number, string>();
  const opened: string[] = [];
  const files: FileSystem = {
    ...systemFiles,
    isDebugfsSync: () => true,
    openSync(path, flags) {
      const descriptor = systemFiles.openSync(path, flags);
      opened.push(path);
      paths.set(descriptor, path);
      return descriptor;
    },
    readSync(descriptor, ...rest) {
      if (!existsSync(paths.get(descriptor) ?? '')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return systemFiles.readSync(descriptor, ...rest);
    },
    closeSync(descriptor) {
      paths.delete(descriptor);
      systemFiles.closeSync(descriptor);
    },
  };
  return { files, opened, paths };
}

function textIn(kept: KeptFiles, path: string): string {
  return bytes.toString('latin1', 0, kept.read(path, bytes));
}

describe('files that are kept open', () => {
  it('are opened once, and say each time what they say by then', () => {
    const path = join(scratchFolder(), 'stats');
    const { files, opened, paths } = debugfsOf();
    const kept = new KeptFiles(files, readWithoutWaiting);
    for (const text of ['one\n', 'two and more\n', 'three\n']) {
      writeFileSync(path, text);
      expect(textIn(kept, path)).toBe(text);
    }
    expect(opened).toEqual([path]);
    kept.close();
    expect([kept.size, paths.size]).toEqual([0, 0]);
  });

  it.skipIf(!existsSync('/proc/uptime'))(
    'are printed by the kernel each time that they are read',
    async () => {
      const kept = new KeptFiles(systemFiles, readWithoutWaiting);
      const first = Number.parseFloat(textIn(kept, '/proc/uptime'));
      await until(() => Number.parseFloat(textIn(kept, '/proc/uptime')) > first);
      expect(kept.size).toBe(1);
      kept.close();
    },
  );

  it('are looked for at their path again once they cannot be read, and are missing where nothing is there', () => {
    const path = join(scratchFolder(), 'stats');
    const { files, opened, paths } = debugfsOf();
    const kept = new KeptFiles(files, readWithoutWaiting);
    writeFileSync(path, 'before\n');
    textIn(kept, path);
    rmSync(path);
    expect(() => kept.read(path, bytes)).toThrow(expect.objectContaining({ code: 'ENOENT' }) as Error);
    expect(paths.size).toBe(0);
    writeFileSync(path, 'after\n');
    expect(textIn(kept, path)).toBe('after\n');
    expect(opened).toEqual([path, path]);
    kept.close();
  });

  it('are not kept where they say nothing, cannot be read or are very many', () => {
    const folder = scratchFolder();
    const { files, paths } = debugfsOf();
    const kept = new KeptFiles(files, readWithoutWaiting);
    writeFileSync(join(folder, 'empty'), '');
    expect(kept.read(join(folder, 'empty'), bytes)).toBe(0);
    expect(() => kept.read(folder, bytes)).toThrow(expect.objectContaining({ code: 'EISDIR' }) as Error);
    for (let n = 0; n < 4_100; n += 1) {
      const path = join(folder, String(n));
      writeFileSync(path, `${n}\n`);
      expect(textIn(kept, path)).toBe(`${n}\n`);
    }
    expect([kept.size, paths.size]).toEqual([4_096, 4_096]);
    kept.close();
    expect(paths.size).toBe(0);
  });

  it('are closed if they were not used since the last check', () => {
    const folder = scratchFolder();
    const { files, paths } = debugfsOf();
    const kept = new KeptFiles(files, readWithoutWaiting);
    for (const name of ['one', 'two']) {
      writeFileSync(join(folder, name), `${name}\n`);
      kept.read(join(folder, name), bytes);
    }
    kept.closeUnused();
    expect(kept.size).toBe(2);
    kept.read(join(folder, 'two'), bytes);
    kept.closeUnused();
    expect([...paths.values()]).toEqual([join(folder, 'two')]);
    kept.closeUnused();
    expect([kept.size, paths.size]).toEqual([0, 0]);
  });
});

const totalRunTime = countersOf('VIRTUAL_PROCESSOR').find(({ field }) => field === 'totalRunTime');
const names = Array.from({ length: 300 }, (_, index): ObjectName => ({
  object: 'VIRTUAL_PROCESSOR',
  partitionId: 5n,
  index,
}));
const place = (index: number): string => `partition/5/vp/${index}/stats`;

function hostFolder(): string {
  const folder = scratchFolder();
  for (const [index] of names.entries()) {
    putFile(folder, { place: place(index), content: `VpTotalRunTime : ${index}\n` });
  }
  return folder;
}

function isIn(folder: string, descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
  } catch {
    return false;
  }
}

describe('a Linux host in debugfs', () => {
  it('is read from files that stay open until they are unused for a while', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const folder = hostFolder();
    const { files, opened, paths } = debugfsOf();
    const source = openMshv({ folder, selfId: 1n }, { clock: systemClock, files });
    const some = names.slice(0, 3);
    for (let round = 0; round < 3; round += 1) {
      writeFileSync(join(folder, place(1)), `VpTotalRunTime : ${round}7\n`);
      const { outcomes } = await source.read(some, never);
      const values = outcomes.map(
        (outcome) => totalRunTime && 'value' in outcome && outcome.value(totalRunTime),
      );
      expect(values).toEqual([0n, BigInt(`${round}7`), 2n]);
    }
    expect(opened).toHaveLength(3);
    rmSync(join(folder, place(2)));
    const { outcomes } = await source.read(some, never);
    expect(outcomes[2]).toMatchObject({ code: 'PAGE_UNAVAILABLE', extensions: { reason: 'ENOENT' } });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(paths.size).toBe(2);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(paths.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    await source.close();
  });

  it('has its files closed with it, those of the second thread as well', async () => {
    const folder = hostFolder();
    const open = (): number =>
      readdirSync('/proc/self/fd').filter((descriptor) => isIn(folder, descriptor)).length;
    const second = new SecondReader({ processors: 2, areKept: true });
    const source = openMshv({ folder, selfId: 1n }, { clock: systemClock, areKept: true, second });
    await source.read(names, never);
    await until(() => second.state === 'ready');
    for (let round = 0; round < 5; round += 1) {
      writeFileSync(join(folder, place(299)), `VpTotalRunTime : ${round}7\n`);
      const { outcomes } = await source.read(names, never);
      const values = outcomes.map(
        (outcome) => totalRunTime && 'value' in outcome && outcome.value(totalRunTime),
      );
      expect(values).toEqual([...names.keys()].map((n) => (n === 299 ? BigInt(`${round}7`) : BigInt(n))));
      await until(() => second.state === 'ready');
    }
    expect(open()).toBeGreaterThanOrEqual(300);
    await source.close();
    expect(open()).toBe(0);
  });
});

describe('whether a folder is in debugfs', () => {
  it('is asked of the file system', () => {
    expect(systemFiles.isDebugfsSync(scratchFolder())).toBe(false);
    expect(systemFiles.isDebugfsSync('/none/such')).toBe(false);
  });

  const isMounted = existsSync('/sys/kernel/debug/sched') || existsSync('/sys/kernel/debug/bdi');
  it.skipIf(!isMounted)('is true where it is mounted (needs root, and debugfs at /sys/kernel/debug)', () => {
    expect(systemFiles.isDebugfsSync('/sys/kernel/debug')).toBe(true);
  });
});
