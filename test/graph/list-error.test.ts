import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/snapshot/moment.ts';
import { systemFiles, type FileSystem } from '../../src/source/page-folder/file-system.ts';
import { openPageFolder } from '../../src/source/page-folder/page-folder.ts';
import type { Source } from '../../src/source/source.ts';
import { ask, caller, errorsOf, type Answer } from '../ask.ts';
import { copyOfFixture } from '../source/scratch.ts';

/** The small host with one folder that cannot be listed. The root is 1, its children are 5 and 9; 13 is a child of 9. */
function hostWithout(place: string, how: 'loop' | 'EACCES' | 'EIO'): Source {
  const folder = copyOfFixture('small-host');
  const path = `${folder}/${place}`;
  if (how === 'loop') {
    rmSync(path, { recursive: true });
    symlinkSync(path, path);
    return openPageFolder(folder, { clock: systemClock });
  }
  const files: FileSystem = {
    ...systemFiles,
    readdirSync(asked) {
      if (asked === path) throw Object.assign(new Error(`${how}: ${path}`), { code: how });
      return systemFiles.readdirSync(asked);
    },
  };
  return openPageFolder(folder, { clock: systemClock, files });
}

/** The error messages of a response. None may contain the path of the folder. */
function messagesOf(answer: Answer): string[] {
  expect(JSON.stringify(answer)).not.toMatch(/hvql-test|\/tmp|"\//);
  return (answer.errors ?? []).map(({ message }) => message);
}

const query = `{
  hypervisor {
    logicalProcessors { index }
    partitions { nodes { partitionId virtualProcessors { index } } }
    virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }, first: 100) { partition { partitionId } }
  }
  five: partition(id: 5) {
    name
    counters { depositedPages }
    virtualProcessors { index }
    virtualProcessor(index: 0) { index }
    virtualProcessorTotals { of }
  }
}`;

describe('virtual processors of a partition that cannot be listed', () => {
  it.each([
    ['loop', 'too many symbolic links encountered (ELOOP)'],
    ['EACCES', 'permission denied (EACCES)'],
    ['EIO', 'i/o error (EIO)'],
  ] as const)('fail alone: %s', async (how, words) => {
    const answer = await ask({ source: hostWithout('partition/5/vp', how), query });
    const reason = how === 'loop' ? 'ELOOP' : how;
    expect(errorsOf(answer)).toEqual([
      `five.virtualProcessor PAGE_UNAVAILABLE ${reason}`,
      `five.virtualProcessorTotals PAGE_UNAVAILABLE ${reason}`,
      `five.virtualProcessors PAGE_UNAVAILABLE ${reason}`,
      `hypervisor.partitions.nodes.1.virtualProcessors PAGE_UNAVAILABLE ${reason}`,
    ]);
    expect(new Set(messagesOf(answer))).toEqual(
      new Set([`The folder partition/5/vp cannot be listed: ${words}.`]),
    );
    const { five, hypervisor } = answer.data;
    expect(five).toMatchObject({ name: 'vm-1', counters: { depositedPages: expect.any(String) } });
    expect(hypervisor.logicalProcessors).toHaveLength(4);
    expect(hypervisor.partitions.nodes).toMatchObject([
      { partitionId: '1', virtualProcessors: { length: 4 } },
      { partitionId: '5', virtualProcessors: null },
      { partitionId: '9', virtualProcessors: { length: 3 } },
    ]);
    const owners = hypervisor.virtualProcessors.map(({ partition }: any) => partition.partitionId);
    expect(owners.sort()).toEqual(['1', '1', '1', '1', '9', '9', '9']);
  });

  it('fail together with the page if the folder of the partition is a link to itself', async () => {
    const answer = await ask({ source: hostWithout('partition/5', 'loop'), query });
    expect(errorsOf(answer)).toContain('five.counters PAGE_UNAVAILABLE ELOOP');
    expect(errorsOf(answer)).toContain('five.virtualProcessors PAGE_UNAVAILABLE ELOOP');
    expect(messagesOf(answer)).toHaveLength(5);
    expect(answer.data.five.name).toBe('vm-1');
    expect(answer.data.hypervisor.virtualProcessors).toHaveLength(7);
  });

  it('are reported to that partition and its parent only', async () => {
    const source = hostWithout('partition/5/vp', 'loop');
    const own = `{ partition { partitionId virtualProcessors { index } } hypervisor { partitions { totalCount } } }`;
    expect(errorsOf(await ask({ source, caller: caller(5n), query: own }))).toEqual([
      'partition.virtualProcessors PAGE_UNAVAILABLE ELOOP',
    ]);
    for (const id of [9n, 13n]) {
      const answer = await ask({ source, caller: caller(id), query: own });
      expect(answer.errors).toBeUndefined();
      expect(answer.data.partition.virtualProcessors.length).toBe(id === 9n ? 3 : 1);
    }
    for (const id of [9n, 13n, 99n]) {
      const answer = await ask({
        source,
        caller: caller(id),
        query: '{ partition(id: 5) { virtualProcessors { index } } }',
      });
      expect(errorsOf(answer)).toEqual(['partition ACCESS_DENIED NOT_SELF_OR_PARENT']);
      expect(messagesOf(answer)[0]).not.toContain('vp');
    }
  });
});

describe('logical processors that cannot be listed', () => {
  const processors = `{ hypervisor {
    counters { partitions }
    logicalProcessors { index }
    logicalProcessor(index: 0) { index }
    partitions { totalCount }
  } }`;

  it('fail without affecting other fields', async () => {
    const answer = await ask({ source: hostWithout('lp', 'EIO'), query: processors });
    expect(errorsOf(answer)).toEqual([
      'hypervisor.logicalProcessor PAGE_UNAVAILABLE EIO',
      'hypervisor.logicalProcessors PAGE_UNAVAILABLE EIO',
    ]);
    expect(messagesOf(answer)[0]).toBe('The folder lp cannot be listed: i/o error (EIO).');
    expect(answer.data.hypervisor.counters.partitions).toEqual(expect.any(String));
    expect(answer.data.hypervisor.partitions.totalCount).toBe(3);
  });

  it('are still denied to a guest', async () => {
    const answer = await ask({ source: hostWithout('lp', 'EIO'), caller: caller(5n), query: processors });
    expect(errorsOf(answer)).toEqual([
      'hypervisor.counters ACCESS_DENIED NOT_ROOT',
      'hypervisor.logicalProcessor ACCESS_DENIED NOT_ROOT',
      'hypervisor.logicalProcessors ACCESS_DENIED NOT_ROOT',
    ]);
  });
});

describe('a manifest that became invalid', () => {
  it('is reported to all callers, without its content', async () => {
    const folder = copyOfFixture('small-host');
    const source = openPageFolder(folder, { clock: systemClock });
    rmSync(`${folder}/manifest.json`);
    writeFileSync(`${folder}/manifest.json`, '{"partitions": [{"id": "9", "name": secret-guest');
    const answer = await ask({ source, caller: caller(5n), query: '{ partition { name } }' });
    expect(answer.errors).toEqual([
      expect.objectContaining({
        message: 'manifest.json is not valid.',
        extensions: { code: 'PAGE_UNAVAILABLE' },
      }),
    ]);
    expect(JSON.stringify(answer)).not.toContain('secret-guest');
  });
});
