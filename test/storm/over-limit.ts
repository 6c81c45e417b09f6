/** Operations beyond each of the limits, over each transport. */
import type { Answer } from './answer.ts';
import { kindsOf, pause, type Kind, type Visit } from './kind.ts';
import { serviceLimits } from './stormed-service.ts';
import { askBy, liveTransports, longTransports, transports, type Transport } from './transport.ts';
import { WebSocketVisitor } from './websocket-visitor.ts';

function asked(
  among: readonly Transport[],
  make: (visit: Visit) => { query: string; variables?: object },
): Kind['attempt'] {
  return (visit) => askBy(among, visit, { token: visit.callers.root, ...make(visit) });
}

const times = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');
/** Ids of partitions that do not exist. */
const absentIds = Array.from({ length: 5_000 }, (_, n) =>
  Buffer.from(`partition:partition/${1_000_000 + n}`).toString('base64url'),
);
/** So that no response comes from a cache. */
const fresh = ({ random }: Visit): string => `query ${random.word()}`;

/** One operation beyond each limit. */
export const overLimits: readonly Kind[] = kindsOf({
  'too many tokens': asked(longTransports, (visit) => ({
    query: `${fresh(visit)} { ${'viewer { isRoot } '.repeat(2_600)} }`,
  })),
  'too deep': asked(transports, (visit) => ({
    query: `${fresh(visit)} { partition { ${'parent { '.repeat(16)} name ${'}'.repeat(16)} } }`,
  })),
  'too many aliases': asked(transports, (visit) => ({
    query: `${fresh(visit)} { viewer { ${times(201, (n) => `a${n}: isRoot`)} } }`,
  })),
  'too many directives': asked(transports, (visit) => ({
    query: `${fresh(visit)} { viewer { ${'isRoot @include(if: true) '.repeat(51)} } }`,
  })),
  'too many values': asked(transports, (visit) => ({
    query: `${fresh(visit)} { hypervisor { ${times(100, (n) => `a${n}: logicalProcessors { page { bytes } }`)} } }`,
  })),
  'too many pages': asked(transports, (visit) => ({
    query: `${fresh(visit)} { hypervisor { counters { logicalProcessors } logicalProcessors { counters { totalRunTime } }
      partitions(first: 100) { nodes { counters { virtualProcessors } virtualProcessors { counters { totalRunTime } } } } } }`,
  })),
  'too many list items': asked(longTransports, () => ({
    query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    variables: { ids: Array.from({ length: 5_001 }, (_, n) => `id${n}`) },
  })),
  // Once held the process for 20 seconds: all of them were resolved before anything was charged.
  'the most errors that a guest can ask for': (visit) =>
    askBy(longTransports, visit, {
      token: visit.callers.guest,
      query: `query ${visit.random.word()}($ids: [ID!]!) { ${times(199, (n) => `a${n}: nodes(ids: $ids) { id }`)} }`,
      variables: { ids: absentIds },
    }),
  'the most orders and totals': asked(longTransports, (visit) => ({
    query: `${fresh(visit)} { hypervisor { ${times(190, (n) => `a${n}: partitions { nodes { virtualProcessorTotals { readable } virtualProcessors(orderBy: { counter: HYPERCALLS }) { id page { bytes } } } }`)} } }`,
  })),
  'too large a page of a connection': asked(transports, () => ({
    query: '{ hypervisor { partitions(first: 101) { totalCount } } }',
  })),
  'growth over too long or too short a time': asked(transports, ({ random }) => ({
    query: `{ partition { deltas(over: "${random.one(['1ms', '61s', '10h'])}") { gpaSpaceModifications } } }`,
  })),
  'too short or too long an interval': asked(liveTransports, ({ random }) => ({
    query: `subscription { hypervisor(every: "${random.one(['1ms', '99ms', '61m', '1000h'])}") { sampledAt } }`,
  })),
  'too many values in an event': asked(liveTransports, () => ({
    query: `subscription { hypervisor { ${times(20, (n) => `a${n}: logicalProcessors { page { bytes } }`)} } }`,
  })),
});

/** More at once than one caller, or one connection, may have. */
export const greed: readonly Kind[] = kindsOf({
  'too many streams of one caller': (visit) =>
    wantMany(visit, {
      count: serviceLimits.maxStreamsPerCaller + 5,
      query: 'subscription { partition(every: "1h") { name } }',
    }),
  'too many operations on one WebSocket': (visit) =>
    // Each waits for a second reading, and not as long as an answer that is taken to hang.
    wantMany(visit, {
      count: 1_005,
      query: '{ partition { deltas(over: "30s") { gpaSpaceModifications } } }',
    }),
});

/** Starts this many and waits until some are refused, or all are done: none has to wait where its readings are held. */
async function wantMany(visit: Visit, wanted: { count: number; query: string }): Promise<readonly Answer[]> {
  const visitor = new WebSocketVisitor(visit);
  const instead = await visitor.begin(visit.callers.guest);
  if (instead !== null) return instead;
  for (let n = 0; n < wanted.count; n += 1) visitor.subscribe(`n${n}`, wanted);
  const answers: Answer[] = [];
  let refused = 0;
  let done = 0;
  while (refused < 5 && done < wanted.count) {
    const received = await visitor.receive();
    const some = visitor.answersOf(received);
    answers.push(...some);
    refused += some.filter(({ code }) => code !== 'data').length;
    if (received === null || received.type === 'closed') return answers;
    // An operation ends with one or the other.
    if (received.type === 'complete' || received.type === 'error') done += 1;
  }
  await visitor.leave(visit.random.one(['politely', 'by cutting'] as const));
  // The service counts them until it has seen the end of the connection; and a thousand at once keep it from all others.
  await pause(2_000, visit.over);
  return answers;
}
