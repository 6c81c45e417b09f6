import { describe, expect, it } from 'vitest';
import { Place } from '../../../src/cli/top/answer.ts';
import { heldMillisecondsFor } from '../../../src/cli/top/top.ts';
import type { ViewName, Wanted } from '../../../src/cli/top/view/view.ts';
import { columnsOfView, views } from '../../../src/cli/top/view/views.ts';

/** The numbers of the rows, in the order of the table. */
function shown(name: ViewName, rows: readonly (number | null)[], changes: Partial<Wanted> = {}) {
  const view = views[name];
  const columns = columnsOfView(view, ['totalRunTime']);
  const wanted: Wanted = {
    columns,
    sort: { key: 'totalRunTime', isDescending: true },
    filter: '',
    partitionId: null,
    rows: 20,
    over: '1m',
    ...changes,
  };
  const rates = (value: number | null) => ({ rates: { totalRunTime: value } });
  const place = Place.of({
    data: {
      logicalProcessors: rows.map((value, index) => ({ index, ...rates(value) })),
      virtualProcessors: rows.map((value, index) => ({ index, partition: {}, ...rates(value) })),
      partitions: {
        nodes: rows.map((value, index) => ({
          partitionId: String(index),
          virtualProcessorTotals: { of: index + 1, readable: index + 1, ...rates(value) },
        })),
      },
    },
  });
  return view.table(place, wanted).rows.map(({ cells }) => cells.at(-1)?.value);
}

describe('the rows of a query', () => {
  it.each(['virtual-processors', 'logical-processors'] as const)(
    'are sorted by the shown rates: %s',
    (name) => {
      expect(shown(name, [3, null, 40, 7])).toEqual([40, 7, 3, null]);
      const sort = { key: 'totalRunTime', isDescending: false };
      expect(shown(name, [3, null, 40, 7], { sort })).toEqual([3, 7, 40, null]);
    },
  );

  it('are sorted by the time of all virtual processors of a partition', () => {
    // 1 × 90, 2 × 50, 3 × 40 and 4 × 5 percent of a processor.
    expect(shown('partitions', [90, 50, 40, 5])).toEqual([40, 50, 90, 5]);
  });

  it('keep the order of the graph in events, which have the rates that it sorts by', () => {
    expect(shown('virtual-processors', [3, 40, 7], { over: null })).toEqual([3, 40, 7]);
  });
});

it('readings are held long enough for the rates that the graph sorts by', () => {
  expect([100, 1_000, 5_000, 3_600_000].map(heldMillisecondsFor)).toEqual([3_000, 3_000, 15_000, 120_000]);
});
