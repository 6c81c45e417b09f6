import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/catalogue/catalogue.ts';
import { statisticsObjects } from '../../../src/catalogue/group.ts';
import { columnOf, nextView, parseColumns, selectionOf } from '../../../src/cli/top/view/counter-column.ts';
import { UsageError } from '../../../src/errors.ts';

describe('a column', () => {
  it('can be any counter of the catalogue, by its name', () => {
    for (const object of statisticsObjects) {
      const counters = catalogue.filter((counter) => counter.object === object);
      const columns = parseColumns(
        counters.map(({ field }) => field),
        [object],
      );
      expect(columns.map(({ counter }) => counter)).toEqual(counters);
    }
  });

  it('shows the rate of a total and the value of a gauge, unless a view is named', () => {
    const [rate, value, total, delta] = parseColumns(
      ['hypercalls', 'gpaPages', 'hypercalls.counters', 'hypercalls.deltas'],
      ['PARTITION', 'VIRTUAL_PROCESSOR'],
    );
    expect(rate).toMatchObject({ key: 'hypercalls', field: 'rates', unit: '/s' });
    expect(value).toMatchObject({ key: 'gpaPages', field: 'counters', unit: 'pages' });
    expect(total).toMatchObject({ key: 'hypercalls.counters', field: 'counters', unit: '' });
    expect(delta).toMatchObject({ key: 'hypercalls.deltas', field: 'deltas' });
  });

  it('is refused for unknown counters, and the message lists all of them', () => {
    const parse = () =>
      parseColumns(['hypercals', 'gpaPages.rates', 'totalRunTime'], ['PARTITION', 'VIRTUAL_PROCESSOR']);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(
      'A partition or a virtual processor has no counter "hypercals". Did you mean hypercalls? ' +
        'schema/counters.md lists all names.\n"gpaPages.rates" needs one of gpaPages.counters, or gpaPages alone.',
    );
  });

  it('is requested once, and a cost together with its operations', () => {
    const columns = parseColumns(
      ['hypercalls', 'hypercallsCost', 'gpaPages'],
      ['PARTITION', 'VIRTUAL_PROCESSOR'],
    );
    expect(selectionOf(columns, '2s')).toBe(
      'rates(over: "2s") { hypercalls hypercallsCost interval { seconds reset } } counters { gpaPages }',
    );
  });

  it('is requested together with its delta if its percentage uses a clock of the object, which may stop', () => {
    const columns = parseColumns(['totalRunTime', 'contextSwitches'], ['LOGICAL_PROCESSOR']);
    expect(selectionOf(columns, null)).toBe(
      'rates { totalRunTime contextSwitches interval { seconds reset } } deltas { totalRunTime interval { seconds reset } }',
    );
    expect(selectionOf(parseColumns(['totalRunTime'], ['VIRTUAL_PROCESSOR']), null)).not.toContain('deltas');
  });

  it('cycles through rates, deltas and totals', () => {
    const [column] = parseColumns(['hypercalls'], ['VIRTUAL_PROCESSOR']);
    if (column === undefined) throw new Error('there is no column');
    const views = [nextView(column), nextView(nextView(column)), nextView(nextView(nextView(column)))];
    expect(views.map(({ key }) => key)).toEqual(['hypercalls.deltas', 'hypercalls.counters', 'hypercalls']);
    const [level] = parseColumns(['gpaPages'], ['PARTITION']);
    expect(level && nextView(level)).toEqual(level && columnOf(level.counter));
  });
});
