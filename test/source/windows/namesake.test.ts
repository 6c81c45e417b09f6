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
    ['of three machines', [0, 0, 1, 0, 1], [1, 2, 2], [[0], [1, 2], [3, 4]]],
    [
      'by order alone where no machine says how many it has',
      [0, 1, 0, 1],
      [null, null],
      [
        [0, 1],
        [2, 3],
      ],
    ],
    ['all of the only machine', [1, 0], [7], [[0, 1]]],
    ['none of a machine that has none yet', [], [0], [[]]],
  ])('are distinguished: %s', (_title, indexes, counts, groups) => {
    expect(tellApart({ indexes, counts })).toEqual(groups);
  });

  it.each([
    ['one that just goes leaves some of its processors', [0, 0, 1], [2, 2]],
    ['there are more than of the machines', [0, 0], [1]],
    ['one has none listed', [0, 1], [2, 1]],
  ])('are not, where %s', (_title, indexes, counts) => {
    expect(tellApart({ indexes, counts })).toBeNull();
  });
});

describe("an instance's name", () => {
  it.each([
    ['web:Hv VP 0', 'web', 0],
    ['a:b:Hv VP 12', 'a:b', 12],
    ['a:Hv VP 1:Hv VP 0', 'a:Hv VP 1', 0],
    ['two\nlines:Hv VP 3', 'two\nlines', 3],
    ['web:Hv VP 0#1', 'web', 0],
  ])('%j is that of a virtual processor', (name, machine, index) => {
    expect(machineProcessorOf(name)).toEqual({ machine, index });
  });

  it.each(['_Total', 'Root VP 0', ':Hv VP 0', 'web:Hv VP', 'web:Hv VP 99999999999', 'web:hvpt'])(
    '%j is not',
    (name) => expect(machineProcessorOf(name)).toBeNull(),
  );

  it('names a partition', () => {
    expect(['a:b:hvpt', 'x:hvpt:hvpt', 'web:hvpt#1', '_Total', ':hvpt'].map(machineOf)).toEqual([
      'a:b',
      'x:hvpt',
      'web',
      null,
      null,
    ]);
  });
});

describe('the id of a partition that has none', () => {
  it('is another one for each name, place and number of namesakes', () => {
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
