import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createFleetSchema } from '../../../src/fleet/gateway/fleet-schema.ts';
import { createSchema } from '../../../src/graph/schema.ts';
import { figuresText, quantile } from './figures.ts';
import { fleetQueries } from './fleet-query.ts';
import { groupsOf } from './ground.ts';
import { missedEvents } from './watching.ts';

describe('the benchmark of a fleet', () => {
  it('sends valid queries', () => {
    const { list, busiest, busiestByValue, one, direct, live } = fleetQueries;
    const schema = createFleetSchema();
    for (const query of [list, busiest, busiestByValue, live, one('host-1')])
      expect(validate(schema, parse(query))).toEqual([]);
    expect(validate(createSchema(), parse(direct))).toEqual([]);
  });

  it('computes quantiles of response times', () => {
    const times = Array.from({ length: 20 }, (_, n) => 20 - n);
    expect([0.5, 0.95, 1].map((share) => quantile(times, share))).toEqual([10, 19, 20]);
    expect(quantile([7], 0.95)).toBe(7);
    expect(quantile([], 0.95)).toBeNaN();
  });

  it('says for each figure whether its goal is reached, or by which factor it is missed', () => {
    const figures = [
      { what: 'a', value: 900, goal: 1_000, unit: 'ms' },
      { what: 'b', value: 3, goal: 2, unit: '%' },
      { what: 'c', value: NaN, goal: 2, unit: '×' },
    ] as const;
    const [, , ...lines] = figuresText(figures).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['a', '900 ms', '≤ 1000 ms', 'yes'],
      ['b', '3.0 %', '≤ 2 %', 'no: × 1.5'],
      ['c', 'NaN ×', '≤ 2 ×', 'no'],
    ]);
  });

  it('counts missed events', () => {
    expect(missedEvents([0, 1_010, 1_990, 3_400], 1_000)).toBe(0);
    expect(missedEvents([0, 2_100, 5_000], 1_000)).toBe(3);
  });

  it('runs the hosts that it stops in a separate process', () => {
    const names = Array.from({ length: 606 }, (_, n) => `host-${n}`);
    const groups = groupsOf(names);
    expect(groups.map(({ length }) => length)).toEqual([250, 250, 101, 5]);
    expect(groups.flat()).toEqual(names);
  });
});
