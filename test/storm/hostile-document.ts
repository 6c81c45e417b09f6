/** Documents that are designed to cause harm. */
import { kindsOf, type Kind, type Visit } from './kind.ts';
import { askBy, longTransports, transports, type Question, type Transport } from './transport.ts';

function hostile(
  among: readonly Transport[],
  make: (visit: Visit) => Omit<Question, 'token'>,
): Kind['attempt'] {
  return (visit) => askBy(among, visit, { token: visit.callers.root, ...make(visit) });
}

const times = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');

/** Bombs, circles and depths. */
export const hostileDocuments: readonly Kind[] = kindsOf({
  'an alias bomb': hostile(longTransports, ({ random }) => ({
    query: `query ${random.word()} { ${times(1_500, (n) => `a${n}: hypervisor { logicalProcessors { index } }`)} }`,
  })),
  // Each fragment doubles the size of the one before.
  'a fragment bomb': hostile(longTransports, ({ random }) => ({
    query: `query ${random.word()} { hypervisor { ...f0 } }
      ${times(30, (n) => `fragment f${n} on Hypervisor { a${n}: partition(id: 1) { name } ...f${n + 1} ...f${n + 1} }`)}
      fragment f30 on Hypervisor { ${times(190, (n) => `b${n}: logicalProcessors { page { bytes } }`)} }`,
  })),
  'fragments in a circle': hostile(longTransports, ({ random }) => ({
    query: `query ${random.word()} { viewer { ...f0 } }
      ${times(100, (n) => `fragment f${n} on Viewer { isRoot ...f${(n + 1) % 100} }`)}`,
  })),
  'deep nesting': hostile(longTransports, ({ random }) => {
    const depth = random.one([20, 500, 3_000, 30_000]);
    return { query: `query ${random.word()} ${'{ partition '.repeat(depth)}{ name ${'}'.repeat(depth + 1)}` };
  }),
  'one field a thousand times': hostile(longTransports, ({ random }) => ({
    query: `query ${random.word()} { viewer { ${'isRoot '.repeat(random.one([500, 5_000]))} } }`,
  })),
  'nested values': hostile(longTransports, ({ random }) => {
    const depth = random.one([50, 2_000, 4_900, 100_000]);
    const [open, close] = random.one([['[', ']'] as const, ['{a:', '}'] as const]);
    return { query: `{ partition(id: ${open.repeat(depth)}1${close.repeat(depth)}) { name } }` };
  }),
  'nested variables': hostile(longTransports, ({ random }) => {
    let id: unknown = 1;
    for (let depth = random.one([10, 1_000]); depth > 0; depth -= 1) id = random.one([[id], { id }]);
    return { query: 'query ($id: UInt64) { partition(id: $id) { name } }', variables: { id } };
  }),
  'circular introspection': hostile(transports, ({ random }) => ({
    query: `query ${random.word()} { __schema { types { ${'fields { type { '.repeat(10)} name ${'} }'.repeat(10)} } } }`,
  })),
  'strange names and texts': hostile(longTransports, ({ random }) => ({
    query: random.one([
      'query __proto__ { constructor toString __proto__ }',
      'query ($__proto__: Int) { viewer { isRoot } }',
      '{ \u0000 }',
      '{ partition(id: "\\uD800") { name } }',
      '{ partition(id: "\u{1F4A3}".repeat) { name } }',
      `{ node(id: "${'A'.repeat(50_000)}") { id } }`,
      '\uFEFF{ viewer { isRoot } }',
      '{ viewer { isRoot } } #' + 'x'.repeat(100_000),
      '"""' + '\n'.repeat(50_000) + '"""',
      '{ node(id: "../../etc/passwd") { id } }',
      'query ($a: [[[[[[Int]]]]]] = [[[[[[1]]]]]]) { viewer { isRoot } }',
      ' ,'.repeat(100_000),
    ]),
    variables: JSON.parse('{"__proto__": {"isRoot": true}, "constructor": 1}'),
  })),
});
