import { describe, expect, it } from 'vitest';
import { machineOf, machineProcessorOf, partitionIdOf } from '../../../src/source/windows/instance-name.ts';
import { tellApart } from '../../../src/source/windows/namesake.ts';

describe('the virtual processors of machines with one name', () => {
  it.each([
    ['machine by machine', [0, 1, 0], [2, 1], [[0, 1], [2]]],
    ['the smaller machine first', [0, 0, 1], [1, 2], [[0], [1, 2]]],
    [
      'index by index',
      [0, 0, 1, 1],
      [2, 2],
      [
        [0, 2],
        [1, 3],
      ],
    ],
    ['with three machines', [0, 0, 1, 0, 1], [1, 2, 2], [[0], [1, 2], [3, 4]]],
    [
      'by order alone where no machine says how many it has',
      [0, 1, 0, 1],
      [null, null],
      [
        [0, 1],
        [2, 3],
      ],
    ],
    ['all to the only machine', [1, 0], [7], [[0, 1]]],
    ['none to a machine that has none yet', [], [0], [[]]],
  ])('are assigned to machines: %s', (_title, indexes, counts, groups) => {
    expect(tellApart({ indexes, counts })).toEqual(groups);
  });

  it.each([
    ['a machine that is stopping still has some of its processors', [0, 0, 1], [2, 2]],
    ['there are more processors than the machines have', [0, 0], [1]],
    ['a machine has no listed processors', [0, 1], [2, 1]],
  ])('are not assigned if %s', (_title, indexes, counts) => {
    expect(tellApart({ indexes, counts })).toBeNull();
  });
});

describe('the name of an instance', () => {
  it.each([
    ['web:Hv VP 0', 'web', 0],
    ['a:b:Hv VP 12', 'a:b', 12],
    ['a:Hv VP 1:Hv VP 0', 'a:Hv VP 1', 0],
    ['two\nlines:Hv VP 3', 'two\nlines', 3],
    ['web:Hv VP 0#1', 'web', 0],
  ])('names a virtual processor: %j', (name, machine, index) => {
    expect(machineProcessorOf(name)).toEqual({ machine, index });
  });

  it.each(['_Total', 'Root VP 0', ':Hv VP 0', 'web:Hv VP', 'web:Hv VP 99999999999', 'web:hvpt'])(
    'does not name a virtual processor: %j',
    (name) => expect(machineProcessorOf(name)).toBeNull(),
  );

  it('may name a partition', () => {
    expect(['a:b:hvpt', 'x:hvpt:hvpt', 'web:hvpt#1', '_Total', ':hvpt'].map(machineOf)).toEqual([
      'a:b',
      'x:hvpt',
      'web',
      null,
      null,
    ]);
  });
});

describe('the generated id of a partition that has none', () => {
  it('differs for each name, position and number of partitions with that name', () => {
    const ids = [
      { name: 'web', place: 0, namesakes: 1 },
      { name: 'Web', place: 0, namesakes: 1 },
      { name: 'web', place: 0, namesakes: 2 },
      { name: 'web', place: 1, namesakes: 2 },
      { name: 'web', place: 1, namesakes: 3 },
    ].map(partitionIdOf);
    expect(new Set(ids).size).toBe(5);
    for (const id of ids) expect(id > 1n && id < 2n ** 48n + 2n).toBe(true);
  });
});
