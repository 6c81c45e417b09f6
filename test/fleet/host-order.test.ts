import { describe, expect, it } from 'vitest';
import { countersOf } from '../../src/catalogue/catalogue.ts';
import { partitionRanking, virtualProcessorRanking } from '../../src/fleet/gateway/host-order.ts';

const slotOf = (field: string): number =>
  countersOf('VIRTUAL_PROCESSOR').findIndex((counter) => counter.field === field);

describe('the number that a gateway merges the lists of hosts by', () => {
  it('is a rate over the interval of the order', () => {
    const order = { counter: slotOf('hypercalls'), direction: 'DESC' } as const;
    expect(virtualProcessorRanking(order).selection).toBe('hvql_rank: rates { value: hypercalls }');
    expect(virtualProcessorRanking({ ...order, over: 5_000 }).selection).toBe(
      'hvql_rank: rates(over: "5s") { value: hypercalls }',
    );
    expect(virtualProcessorRanking({ ...order, by: 'VALUE', over: 5_000 }).selection).toBe(
      'hvql_rank: counters { value: hypercalls }',
    );
    expect(partitionRanking({ virtualProcessors: { ...order, over: 1_500 } }).selection).toMatch(
      /readable rates\(over: "1500ms"\) \{ value: hypercalls \}/,
    );
  });
});
