/** Valid operations. */
import { getIntrospectionQuery } from 'graphql';
import { logicalProcessorCounters, virtualProcessorCounters } from './counter-name.ts';
import { examples } from './example.ts';
import type { Answer } from './answer.ts';
import { kindsOf, type Kind, type Visit } from './kind.ts';
import {
  askBy,
  get,
  longTransports,
  post,
  postByGuestSocket,
  postForReply,
  transports,
} from './transport.ts';
import { WebSocketVisitor } from './websocket-visitor.ts';

const tiny = '{ viewer { partitionId isRoot } }';
const ownPartition =
  '{ partition { name counters { virtualProcessors } virtualProcessors { index counters { totalRunTime } } } }';

/** A selection with a large response. */
export const everyPage =
  '{ hypervisor { page { bytes } logicalProcessors { page { bytes groups { type values } } } partitions(first: 100) { nodes { page { bytes } } } } }';

/** An example operation of a caller that may ask it. */
function example({ random, callers }: Visit): { token: string; query: string } {
  return { token: callers.root, query: random.one(examples.questions) };
}

/** Operations of low cost. */
export const questions: readonly Kind[] = kindsOf({
  'an example by POST': (visit) => post(visit, example(visit)),
  'an example by GET': (visit) => get(visit, example(visit)),
  'an example by SSE': (visit) => askBy(['SSE'], visit, example(visit)),
  'an example by WebSocket': (visit) => askBy(['WebSocket'], visit, example(visit)),
  'a tiny question, connection kept': (visit) => post(visit, { token: visit.callers.guest, query: tiny }),
  'a tiny question, connection of its own': (visit) =>
    visit.random.one([post, get])(visit, { token: visit.callers.root, query: tiny }, false),
  "a guest's own partition": (visit) =>
    askBy(transports, visit, { token: visit.callers.guest, query: ownPartition }),
  "a guest's own partition by its socket": (visit) =>
    postByGuestSocket(visit, { token: null, query: ownPartition }),
  'global ids': askGlobalIds,
  introspection: (visit) =>
    askBy(longTransports, visit, { token: visit.callers.guest, query: getIntrospectionQuery() }),
  'many questions over one WebSocket': askMany,
});

/** Operations with large responses. */
export const largeQuestions: readonly Kind[] = kindsOf({
  'every counter of every processor': (visit) =>
    askBy(longTransports, visit, {
      token: visit.callers.root,
      query: `{ hypervisor { sampledAt
        logicalProcessors { index counters { ${logicalProcessorCounters} } }
        partitions(first: 100) { nodes { virtualProcessors { index counters { ${virtualProcessorCounters} } } } }
      } }`,
    }),
  'every page': (visit) => askBy(longTransports, visit, { token: visit.callers.root, query: everyPage }),
});

async function askGlobalIds(visit: Visit): Promise<readonly Answer[]> {
  const token = visit.callers.root;
  const query =
    '{ hypervisor { id logicalProcessors(first: 3) { id } partition(id: "2") { id virtualProcessors { id } } } }';
  const { text } = await postForReply(visit, { token, query });
  const ids = [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id);
  const again = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename ... on Partition { name } } }';
  return post(visit, { token, query: again, variables: { ids } });
}

async function askMany(visit: Visit): Promise<readonly Answer[]> {
  const visitor = new WebSocketVisitor(visit);
  const instead = await visitor.begin(visit.callers.root);
  if (instead !== null) return instead;
  const answers: Answer[] = [];
  const count = 20;
  for (let n = 0; n < count; n += 1) visitor.subscribe(`q${n}`, { query: tiny });
  for (let completed = 0; completed < count;) {
    const received = await visitor.receive();
    answers.push(...visitor.answersOf(received));
    if (received === null || received.type === 'closed') return answers;
    if (received.type === 'complete') completed += 1;
  }
  await visitor.leave('politely');
  return answers;
}
