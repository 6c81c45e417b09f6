/** Questions with a mistake in them. */
import { kindsOf, type Kind, type Visit } from './kind.ts';
import { answersOf, askBy, post, ways, type Question } from './way.ts';
import { ask } from './ask.ts';

const counted =
  'query ($first: Int!, $id: UInt64) { hypervisor { logicalProcessors(first: $first) { index } } partition(id: $id) { name } }';

function byAnyWay(make: (visit: Visit) => Omit<Question, 'token'>): Kind['attempt'] {
  return (visit) => askBy(ways, visit, { token: visit.callers.root, ...make(visit) });
}

/** Mistakes of every sort, by every way. */
export const mistakes: readonly Kind[] = kindsOf({
  'a syntax error': byAnyWay(({ chance }) => ({
    query: chance.one([
      '',
      '{',
      '}',
      '{ viewer { }',
      'query {{ }}',
      '"',
      '{ a(b: $) }',
      'fragment on on on { a }',
      chance.word(),
    ]),
  })),
  'an unknown field': byAnyWay(({ chance }) => ({
    query: `{ viewer { ${chance.word()} } ${chance.word()} }`,
  })),
  'an unknown argument': byAnyWay(({ chance }) => ({
    query: `{ partition(${chance.word()}: 1) { name } hypervisor { logicalProcessor { index } } }`,
  })),
  'variables of wrong types': byAnyWay(({ chance }) => ({
    query: counted,
    variables: chance.one<unknown>([
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
  'variables that are no object': byAnyWay(({ chance }) => ({
    query: counted,
    variables: chance.one<unknown>([[], 'x', 7, true]),
  })),
  'an operation that is not there': byAnyWay(({ chance }) => ({
    query: 'query A { viewer { isRoot } } query B { viewer { isRoot } }',
    operationName: chance.one([chance.word(), '__proto__', undefined]),
  })),
  'arguments out of range': byAnyWay(({ chance }) => ({
    query: chance.one([
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
    const { chance, callers } = visit;
    const headers = { authorization: `Bearer ${callers.root}`, 'content-type': 'application/json' };
    if (chance.whole(0, 1) === 0) return answersOf(visit, await ask(visit, { headers }));
    const body = chance.one([
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
    visit.chance.whole(0, 1) === 0
      ? post(visit, { token: visit.callers.root, query: 'mutation { stop(partition: 2) }' })
      : askBy(ways, visit, {
          token: visit.callers.root,
          query: `mutation ${visit.chance.word()} { __typename }`,
        }),
});
