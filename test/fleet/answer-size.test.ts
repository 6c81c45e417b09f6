import { buildSchema, graphqlSync, type GraphQLResolveInfo } from 'graphql';
import { describe, expect, it } from 'vitest';
import { estimatedBytes } from '../../src/fleet/gateway/answer-size.ts';

const schema = buildSchema(`
  type Query { host: Host }
  interface Node { id: ID! }
  type Host implements Node { id: ID! busy: Float parts(first: Int): Parts all(first: Int = 3): [Item!]! cpus: [Item] ids: [ID!]! }
  type Parts { nodes: [Item!]! total: Int }
  type Item implements Node { id: ID! load: Float items: [Item!] }
`);

/** What is expected of a host for its field. */
function estimate(query: string, variableValues?: Record<string, unknown>): number {
  let bytes = NaN;
  const host = (_args: object, _context: object, info: GraphQLResolveInfo) => {
    bytes = estimatedBytes(info.fieldNodes, info);
    return null;
  };
  const { errors } = graphqlSync({
    schema,
    source: query,
    rootValue: { host },
    ...(variableValues && { variableValues }),
  });
  expect(errors).toBeUndefined();
  return bytes;
}

/** An object with its key. */
const object = (key: string, inner: number): number => key.length + 4 + inner;
const leaf = (key: string): number => key.length + 24;

describe('the estimated size of a response in bytes', () => {
  it('counts values, with the keys that the client has chosen', () => {
    expect(estimate('{ host { id busy } }')).toBe(object('host', leaf('id') + leaf('busy')));
    expect(estimate('{ host { theIdOfIt: id } }')).toBe(object('host', leaf('theIdOfIt')));
  });

  it('counts each item of a list: as many as "first" says, as a literal, as a variable or by default', () => {
    const items = (count: number): number => object('host', 'all'.length + count * (4 + leaf('id')));
    expect(estimate('{ host { all(first: 7) { id } } }')).toBe(items(7));
    expect(estimate('query($n: Int) { host { all(first: $n) { id } } }', { n: 5 })).toBe(items(5));
    expect(estimate('{ host { all { id } } }')).toBe(items(3));
  });

  it('applies "first" of a connection to its own list, and not to lists below', () => {
    const below = 'items'.length + 32 * (4 + leaf('id'));
    const nodes = 'nodes'.length + 2 * (4 + below);
    expect(estimate('{ host { parts(first: 2) { nodes { items { id } } } } }')).toBe(
      object('host', object('parts', nodes)),
    );
  });

  it('assumes a number of items if the operation does not specify one', () => {
    expect(estimate('{ host { cpus { load } ids } }')).toBe(
      object('host', 'cpus'.length + 32 * (4 + leaf('load')) + 'ids'.length + 32 * 24),
    );
  });

  it('counts a fragment wherever it is spread, even if fragments spread each other many times', () => {
    const query = '{ host { cpus { ...Item } } } fragment Item on Item { ... on Node { id } load }';
    expect(estimate(query)).toBe(estimate('{ host { cpus { id load } } }'));
    const levels = Array.from(
      { length: 40 },
      (_, n) => `fragment F${n} on Host { ...F${n + 1} ...F${n + 1} }`,
    );
    const twice = `{ host { ...F0 } } ${levels.join(' ')} fragment F40 on Host { id }`;
    expect(estimate(twice)).toBe(object('host', 2 ** 40 * leaf('id')));
  });
});
