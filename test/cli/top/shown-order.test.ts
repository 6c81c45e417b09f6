/** The rows of a query are sorted by the rates that they show, over the interval of top. */
import { describe, expect, it } from 'vitest';
import { documentOf, subjectOf, type Asked } from '../../../src/cli/top/document.ts';
import type { ViewName } from '../../../src/cli/top/view/view.ts';
import { columnsOfView, views } from '../../../src/cli/top/view/views.ts';
import { ask, samplerOf } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';

/** The query of a view, sorted by the rate of one counter over this interval. */
function asked(name: ViewName, over: string, isDescending = true): Asked {
  const view = views[name];
  // The share of a logical processor's time is that of its own clock, which grows here like all counters.
  const key = name === 'logical-processors' ? 'hardwareInterrupts' : 'totalRunTime';
  const columns = columnsOfView(view, [key]);
  const sort = { key, isDescending };
  const wanted = { columns, sort, filter: '', partitionId: null, rows: 20, over };
  return { view, wanted, host: null, isRoot: true };
}

/** Partition 5 and logical processor 0 are idle until the fourth second, then busier than 9 and 1, which always are. */
function busyObjects(): FakeSource {
  const source = new FakeSource();
  source.logicalProcessors = [0, 1];
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(9n, 1n)];
  source.value = (_counter, name: any, milliseconds) => {
    if (name.partitionId === 1n) return 0n;
    const isSteady = name.partitionId === undefined ? name.index === 1 : name.partitionId === 9n;
    return BigInt(1_000 * (isSteady ? milliseconds : 2 * Math.max(0, milliseconds - 4_000)));
  };
  return source;
}

describe.each(['partitions', 'virtual-processors', 'logical-processors'] as const)(
  'the rows of %s',
  (name) => {
    it('are sorted by rates over the interval of top, without waiting for a second reading', async () => {
      const source = busyObjects();
      const sampler = samplerOf(source);
      const shown = async (question: Asked): Promise<{ ids: unknown[]; rates: (number | null)[] }> => {
        const result = await ask({ source, sampler, query: documentOf(question, null) });
        const { rows } = question.view.table(subjectOf(result as never, question), question.wanted);
        return {
          ids: rows.map(({ cells }) => cells[0]?.text),
          rates: rows.map(({ cells }) => (cells.at(-1)?.value ?? null) as number | null),
        };
      };
      await shown(asked(name, '1s'));
      source.milliseconds = 6_000;
      const before = source.batches.length;

      const [steady, busier] = name === 'logical-processors' ? ['1', '0'] : ['9', '5'];
      const { ids, rates } = await shown(asked(name, '5s'));
      expect(ids[0]).toBe(steady);
      expect(rates).toEqual(rates.toSorted((a, b) => Number(b) - Number(a)));
      expect(rates[0]).toBeGreaterThan(Number(rates.at(-1)));
      const ascending = await shown(asked(name, '5s', false));
      expect(ascending.rates).toEqual(rates.toReversed());
      expect([source.batches.length - before, source.milliseconds]).toEqual([2, 6_000]);
      expect((await shown(asked(name, '1s'))).ids[0]).toBe(busier);
    });
  },
);
