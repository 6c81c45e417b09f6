import { buildSchema, graphqlSync, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { hostPart, requestOf, type HostPart } from '../../src/fleet/gateway/host-part.ts';

describe('the operation that a gateway sends to a host', () => {
  it("is not longer than the client's operation, at any depth", () => {
    const depth = 20;
    const selection = `${'a{'.repeat(depth)}b(n:$n)${'}'.repeat(depth)}`;
    const query = `query($n:Int){fleet{${selection}...F}}fragment F on A{${selection}}`;
    let part: HostPart | null = null;
    const schema = buildSchema('type Query { fleet: A } type A { a: A b(n: Int): Int }');
    const fleet = (_args: object, _context: object, info: Parameters<typeof hostPart>[0]) => {
      part = hostPart(info, (text) => `fleet ${text}`);
      return null;
    };
    graphqlSync({ schema, source: query, rootValue: { fleet } });
    if (part === null) throw new TypeError('it was not asked for');
    const asked = JSON.parse(requestOf([part], { n: 1, other: 2 }).toString());
    expect(asked.variables).toEqual({ n: 1 });
    expect(() => parse(asked.query)).not.toThrow();
    // The name of the operation and the alias are added.
    expect(asked.query.length).toBeLessThan(query.length + 20);
  });
});
