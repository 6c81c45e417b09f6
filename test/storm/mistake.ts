/** Operations with errors. */
import { kindsOf, type Kind, type Visit } from './kind.ts';
import { answersOf, askBy, post, transports, type Question } from './transport.ts';
import { ask } from './ask.ts';

const counted =
  'query ($first: Int!, $id: UInt64) { hypervisor { logicalProcessors(first: $first) { index } } partition(id: $id) { name } }';

function byAnyTransport(make: (visit: Visit) => Omit<Question, 'token'>): Kind['attempt'] {
  return (visit) => askBy(transports, visit, { token: visit.callers.root, ...make(visit) });
}

/** Errors of every kind, over every transport. */
export const mistakes: readonly Kind[] = kindsOf({
  'a syntax error': byAnyTransport(({ random }) => ({
    query: random.one([
      '',
      '{',
      '}',
      '{ viewer { }',
      'query {{ }}',
      '"',
      '{ a(b: $) }',
      'fragment on on on { a }',
      random.word(),
    ]),
  })),
  'an unknown field': byAnyTransport(({ random }) => ({
    query: `{ viewer { ${random.word()} } ${random.word()} }`,
  })),
  'an unknown argument': byAnyTransport(({ random }) => ({
    query: `{ partition(${random.word()}: 1) { name } hypervisor { logicalProcessor { index } } }`,
  })),
  'variables of wrong types': byAnyTransport(({ random }) => ({
    query: counted,
    variables: random.one<unknown>([
      {},
      { first: 'two' },
      { first: null },
      { first: 1.5 },
      { first: 2 ** 40 },
      { first: [1] },
      { first: {} },
      { first: true },
      { first: 1, id: -1 },
      { first: 1, id: '18446744073709551616' },
      { first: 1, id: {} },
      { first: 1, id: [[]] },
      { first: 1, id: '' },
      { first: 1, id: 1e300 },
    ]),
  })),
  'variables that are no object': byAnyTransport(({ random }) => ({
    query: counted,
    variables: random.one<unknown>([[], 'x', 7, true]),
  })),
  'an operation that is not there': byAnyTransport(({ random }) => ({
    query: 'query A { viewer { isRoot } } query B { viewer { isRoot } }',
    operationName: random.one([random.word(), '__proto__', undefined]),
  })),
  'arguments out of range': byAnyTransport(({ random }) => ({
    query: random.one([
      '{ hypervisor { logicalProcessor(index: 4096) { index } } }',
      '{ hypervisor { logicalProcessor(index: -1) { index } } }',
      '{ hypervisor { logicalProcessors(first: -1) { index } } }',
      '{ partition(id: "2") { virtualProcessor(index: 500) { index } } }',
      '{ partition(id: "424242") { name } }',
      '{ hypervisor { partitions(first: -5) { totalCount } } }',
      '{ hypervisor { partitions(after: "nothing") { totalCount } } }',
    ]),
  })),
  'a subscription by POST or GET': (visit) =>
    askBy(['POST', 'GET'], visit, {
      token: visit.callers.root,
      query: 'subscription { hypervisor(every: "1s") { sampledAt } }',
    }),
  'a request without an operation': async (visit) => {
    const { random, callers } = visit;
    const headers = { authorization: `Bearer ${callers.root}`, 'content-type': 'application/json' };
    if (random.whole(0, 1) === 0) return answersOf(visit, await ask(visit, { headers }));
    const body = random.one([
      '{}',
      '{"query":null}',
      '{"query":7}',
      '{"query":["{ viewer { isRoot } }"]}',
      'null',
      '7',
      '"x"',
    ]);
    return answersOf(visit, await ask(visit, { method: 'POST', headers, body }));
  },
  'a mutation': (visit) =>
    visit.random.whole(0, 1) === 0
      ? post(visit, { token: visit.callers.root, query: 'mutation { stop(partition: 2) }' })
      : askBy(transports, visit, {
          token: visit.callers.root,
          query: `mutation ${visit.random.word()} { __typename }`,
        }),
});
