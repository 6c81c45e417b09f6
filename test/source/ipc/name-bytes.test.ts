import { describe, expect, it } from 'vitest';
import { hypervisorName, withUnlisted, type ObjectName } from '../../../src/snapshot/object-name.ts';
import { decodeNames, encodeNames } from '../../../src/source/ipc/name-bytes.ts';

describe('object names that are encoded as bytes', () => {
  it('are decoded with their area and request flags', () => {
    const names: ObjectName[] = [
      hypervisorName,
      { object: 'LOGICAL_PROCESSOR', index: 7 },
      { object: 'PARTITION', partitionId: 2n ** 64n - 1n },
      { object: 'PARTITION', partitionId: 5n, area: 'SELF' },
      { object: 'VIRTUAL_PROCESSOR', partitionId: 5n, index: 3 },
      { object: 'VIRTUAL_PROCESSOR', partitionId: 5n, index: 3, area: 'SELF' },
    ];
    const all = [...names, ...names.map(withUnlisted)];
    expect(decodeNames(encodeNames(all))).toEqual(all);
  });
});
