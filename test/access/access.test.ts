import { describe, expect, it } from 'vitest';
import { AccessDenied, denialOf } from '../../src/access/rule.ts';
import { Access } from '../../src/access/access.ts';
import { allPrivileges, type LocalCaller, type Privilege } from '../../src/access/caller.ts';
import { HvqlError } from '../../src/errors.ts';
import { areaOf, objectKey, readingKey, type ObjectName } from '../../src/snapshot/object-name.ts';
import { topologyOf } from '../../src/snapshot/topology.ts';

const partition = (id: bigint, parent: bigint | null) => ({
  id,
  parent,
  name: null,
  virtualProcessors: [0, 1],
});
/** The root 1 has the children 5 and 9; 9 has the child 13, and that one 14. */
const topology = topologyOf(
  [0, 1],
  [partition(1n, null), partition(5n, 1n), partition(9n, 1n), partition(13n, 9n), partition(14n, 13n)],
);

function caller(partitionId: bigint, privileges: readonly Privilege[] = allPrivileges): LocalCaller {
  return { partitionId, privileges: new Set(privileges) };
}

const objects: readonly ObjectName[] = [
  { object: 'HYPERVISOR' },
  { object: 'LOGICAL_PROCESSOR', index: 0 },
  ...[1n, 5n, 9n, 13n, 14n, 99n].flatMap((partitionId): ObjectName[] => [
    { object: 'PARTITION', partitionId },
    { object: 'VIRTUAL_PROCESSOR', partitionId, index: 1 },
  ]),
];

const yes = null;
const root = 'NOT_ROOT';
const else_ = 'NOT_SELF_OR_PARENT';
const weak = 'NO_PRIVILEGE';

describe('the access rules', () => {
  // prettier-ignore
  it.each([
    // caller                                                 hv    lp    1      5      9      13     14     99
    ['the root',                          caller(1n),         yes,  yes,  yes,   yes,   yes,   else_, else_, else_],
    ['the root without any privilege',    caller(1n, []),     weak, weak, weak,  weak,  weak,  else_, else_, else_],
    ['the root with ACCESS_STATS only',   caller(1n, ['ACCESS_STATS']),     yes,  yes,  weak, yes,  yes,  else_, else_, else_],
    ['the root with ACCESS_STATS_MSR only', caller(1n, ['ACCESS_STATS_MSR']), weak, weak, yes,  weak, weak, else_, else_, else_],
    ['a guest',                           caller(5n),         root, root, else_, yes,   else_, else_, else_, else_],
    ['a parent that is not root',         caller(9n),         root, root, else_, else_, yes,   yes,   else_, else_],
    ['a parent with ACCESS_STATS only',   caller(9n, ['ACCESS_STATS']),     root, root, else_, else_, weak, yes,  else_, else_],
    ['a parent with ACCESS_STATS_MSR only', caller(9n, ['ACCESS_STATS_MSR']), root, root, else_, else_, yes, weak, else_, else_],
    ['a parent without any privilege',    caller(9n, []),     root, root, else_, else_, weak,  weak,  else_, else_],
    ['a child and parent',                caller(13n),        root, root, else_, else_, else_, yes,   yes,   else_],
    ['a grandchild',                      caller(14n),        root, root, else_, else_, else_, else_, yes,   else_],
    ['an unknown partition',              caller(99n),        root, root, else_, else_, else_, else_, else_, else_],
  ] as const)('let %s read only itself and its children', (_who, who, hypervisor, logicalProcessor, ...local) => {
    const denials = objects.map((object) => denialOf(object, { caller: who, topology }));
    expect(denials).toEqual([hypervisor, logicalProcessor, ...local.flatMap((reason) => [reason, reason])]);
  });
});

/** The result of reading an object: its key, or the error. */
function outcome(way: () => { name: ObjectName } | ObjectName): unknown {
  try {
    const end = way();
    return objectKey('object' in end ? end : end.name);
  } catch (error) {
    if (error instanceof HvqlError)
      return { code: error.code, reason: error.extensions['reason'], message: error.message };
    throw error;
  }
}

describe('the area of a granted object', () => {
  it.each([
    ['the root', 1n, { 1: 'SELF', 5: 'PARENT', 9: 'PARENT' }],
    ['a parent that is not root', 9n, { 9: 'SELF', 13: 'PARENT' }],
    ['a guest', 5n, { 5: 'SELF' }],
  ])("is SELF for the caller's own objects and PARENT for those of its children: %s", (_who, id, areas) => {
    const access = new Access(caller(id), topology);
    const partitions = access.partitions();
    expect(Object.fromEntries(partitions.map(({ name }) => [name.partitionId, areaOf(name)]))).toEqual(areas);
    for (const granted of partitions) {
      const area = areaOf(granted.name);
      expect(access.partition(granted.entry.id).name).toBe(granted.name);
      expect(access.virtualProcessors(granted).map(areaOf)).toEqual([area, area]);
      expect(access.virtualProcessor(granted, 1)).toBe(access.virtualProcessors(granted)[1]);
    }
    expect(access.allVirtualProcessors().map(areaOf)).toEqual(
      partitions.flatMap(({ name }) => [areaOf(name), areaOf(name)]),
    );
  });

  it('is part of the name of the object, and equal names are the same JavaScript object', () => {
    const own = (id: bigint, of: bigint) => new Access(caller(id), topology).partition(of).name;
    expect(own(5n, 5n)).not.toEqual(own(1n, 5n));
    expect(own(5n, 5n)).toBe(own(5n, 5n));
    expect(readingKey(own(5n, 5n))).not.toBe(readingKey(own(1n, 5n)));
    expect(objectKey(own(5n, 5n))).toBe(objectKey(own(1n, 5n)));
  });
});

describe('access', () => {
  it('lists exactly the partitions that the caller may read', () => {
    const listed = (who: LocalCaller) => new Access(who, topology).partitions().map(({ entry }) => entry.id);
    expect(listed(caller(1n))).toEqual([1n, 5n, 9n]);
    expect(listed(caller(5n))).toEqual([5n]);
    expect(listed(caller(9n))).toEqual([9n, 13n]);
    expect(listed(caller(9n, ['ACCESS_STATS']))).toEqual([13n]);
    expect(listed(caller(99n))).toEqual([]);
    expect(listed(caller(1n, []))).toEqual([]);
  });

  it('tells the root that a partition does not exist', () => {
    expect(outcome(() => new Access(caller(1n), topology).partition(99n))).toEqual({
      code: 'INVALID_PARTITION_ID',
      reason: undefined,
      message: 'There is no partition 99.',
    });
  });

  it('denies a partition that does not exist to all other callers, with the same message as an existing one', () => {
    for (const id of [5n, 9n, 99n]) {
      const access = new Access(caller(id), topology);
      const [denied, missing] = [access, access].map((each, n) =>
        outcome(() => each.partition(n === 0 ? 14n : 98n)),
      );
      expect(JSON.stringify(missing).replace('98', '14')).toBe(JSON.stringify(denied));
      expect(denied).toMatchObject({ code: 'ACCESS_DENIED', reason: 'NOT_SELF_OR_PARENT' });
    }
  });

  it('denies a caller its own partition once that partition no longer exists', () => {
    expect(outcome(() => new Access(caller(99n), topology).partition(99n))).toMatchObject({
      code: 'ACCESS_DENIED',
    });
  });

  it('does not reveal the parent of a partition in its error', () => {
    for (const [who, id] of [
      [caller(13n), 13n],
      [caller(1n, ['ACCESS_STATS']), 5n],
    ] as const) {
      const access = new Access(who, topology);
      expect(outcome(() => access.parentOf(access.partition(id)) ?? { object: 'HYPERVISOR' })).toEqual({
        code: 'ACCESS_DENIED',
        reason: id === 13n ? 'NOT_SELF_OR_PARENT' : 'NO_PRIVILEGE',
        message: `Access denied: ${id === 13n ? 'only the partition itself and its parent may' : 'the caller lacks the privilege to'} read the parent of partition ${id}.`,
      });
    }
    const root = new Access(caller(1n), topology);
    expect(root.parentOf(root.partition(5n))?.entry.id).toBe(1n);
    expect(root.parentOf(root.partition(1n))).toBeNull();
  });

  it('denies logical processors without revealing which of them exist', () => {
    const guest = new Access(caller(5n), topology);
    const denied = {
      code: 'ACCESS_DENIED',
      reason: 'NOT_ROOT',
      message: 'Access denied: only the root partition may read the hypervisor and its logical processors.',
    };
    expect(outcome(() => guest.logicalProcessor(0))).toEqual(denied);
    expect(outcome(() => guest.logicalProcessor(7))).toEqual(denied);
    expect(() => guest.logicalProcessors()).toThrow(denied.message);
    expect(() => guest.hypervisor()).toThrow(denied.message);
  });

  it.each([
    ['the hypervisor', (guest: Access) => guest.hypervisor(), { object: 'HYPERVISOR' }],
    [
      'a logical processor',
      (guest: Access) => guest.logicalProcessor(7),
      { object: 'LOGICAL_PROCESSOR', index: 7 },
    ],
    [
      'all logical processors',
      (guest: Access) => guest.logicalProcessors(),
      { object: 'LOGICAL_PROCESSOR', index: 'all' },
    ],
    ["another's partition", (guest: Access) => guest.partition(9n), { object: 'PARTITION', partitionId: 9n }],
    [
      'what does not exist',
      (guest: Access) => guest.partition(98n),
      { object: 'PARTITION', partitionId: 98n },
    ],
  ])('names %s as the denied object, but not in the text of the error', (_what, read, object) => {
    let denied: unknown;
    try {
      read(new Access(caller(5n), topology));
    } catch (error) {
      denied = error;
    }
    expect(denied).toBeInstanceOf(AccessDenied);
    expect((denied as AccessDenied).object).toEqual(object);
    expect(Object.keys(denied as AccessDenied).sort()).toEqual(['code', 'extensions', 'name']);
    expect(Object.keys((denied as AccessDenied).extensions).sort()).toEqual(['code', 'hvStatus', 'reason']);
  });

  it('names the existing indexes in the error for an unknown index', () => {
    const access = new Access(caller(1n), topology);
    expect(outcome(() => access.logicalProcessor(2))).toEqual({
      code: 'INVALID_PARAMETER',
      reason: undefined,
      message: 'There is no logical processor 2; there are 2, from 0 to 1.',
    });
    expect(outcome(() => access.virtualProcessor(access.partition(5n), -1))).toEqual({
      code: 'INVALID_VP_INDEX',
      reason: undefined,
      message: 'Partition 5 has no virtual processor -1; there are 2, from 0 to 1.',
    });
  });

  describe('to processors that could not be listed', () => {
    const closed = (place: string): HvqlError =>
      new HvqlError('PAGE_UNAVAILABLE', `The folder ${place} cannot be listed.`);
    const partly = topologyOf(closed('lp'), [
      partition(1n, null),
      { ...partition(5n, 1n), virtualProcessors: [], listError: closed('partition/5/vp') },
      partition(9n, 1n),
      { ...partition(13n, 9n), virtualProcessors: [], listError: closed('partition/13/vp') },
    ]);

    it('fails with the reason for callers that may read them', () => {
      for (const who of [caller(1n), caller(5n)]) {
        const access = new Access(who, partly);
        const five = access.partition(5n);
        expect(() => access.virtualProcessors(five)).toThrow(closed('partition/5/vp'));
        expect(() => access.virtualProcessor(five, 0)).toThrow(closed('partition/5/vp'));
      }
      const root = new Access(caller(1n), partly);
      expect(() => root.logicalProcessors()).toThrow(closed('lp'));
      expect(() => root.logicalProcessor(0)).toThrow(closed('lp'));
    });

    it('is denied to all others', () => {
      for (const id of [5n, 9n, 99n]) {
        const access = new Access(caller(id), partly);
        expect(outcome(() => access.logicalProcessor(0))).toMatchObject({ code: 'ACCESS_DENIED' });
        expect(() => access.logicalProcessors()).toThrow(/^Access denied/);
        expect(outcome(() => access.partition(id === 5n ? 13n : 5n))).toMatchObject({
          code: 'ACCESS_DENIED',
        });
      }
    });

    it('lists the processors of all other partitions that the caller may read', () => {
      const keysOf = (who: LocalCaller): string[] =>
        new Access(who, partly).allVirtualProcessors().map(objectKey);
      expect(keysOf(caller(1n))).toEqual([
        'partition/1/vp/0',
        'partition/1/vp/1',
        'partition/9/vp/0',
        'partition/9/vp/1',
      ]);
      expect(keysOf(caller(9n))).toEqual(['partition/9/vp/0', 'partition/9/vp/1']);
      expect(keysOf(caller(5n))).toEqual([]);
    });
  });
});
