/** Clients without credentials, and callers that ask for what they may not read. */
import { saysAnything, answersOfText, leaksIn, type Answer } from './answer.ts';
import { kindsOf, type Kind, type Visit } from './kind.ts';
import {
  askBy,
  get,
  liveTransports,
  post,
  postByGuestSocket,
  postForReply,
  transports,
  type Question,
} from './transport.ts';

const valid = '{ viewer { partitionId } }';
const rootsOwn =
  '{ hypervisor { counters { partitions } logicalProcessors { index } logicalProcessorTotals { of } page { bytes } logicalProcessor(index: 0) { index } } }';
const others =
  '{ one: partition(id: "1") { name } four: partition(id: "4") { name } none: partition(id: "999") { name } }';

/** Missing credentials, and those of others. */
export const unauthorized: readonly Kind[] = kindsOf({
  'no token': (visit) =>
    askBy(transports, visit, { token: null, query: visit.random.one([valid, '{', rootsOwn]) }),
  'a bad token': (visit) =>
    askBy(transports, visit, { token: visit.random.one(visit.callers.bad), query: valid }),
  'a guest asking for what is the root’s': (visit) =>
    denied(visit, { token: visit.callers.guest, query: rootsOwn }),
  'a guest asking for other partitions': (visit) =>
    denied(visit, { token: visit.callers.guest, query: others }),
  'a guest asking by its socket, with the root’s token': (visit) =>
    postByGuestSocket(visit, { token: visit.callers.root, query: visit.random.one([rootsOwn, others]) }),
  'a guest asking for global ids of others': askForIds,
  'a guest without privileges': (visit) =>
    denied(visit, {
      token: visit.callers.powerless,
      query: '{ partition { counters { virtualProcessors } } hypervisor { logicalProcessors { index } } }',
    }),
  'an unknown partition': (visit) =>
    denied(visit, { token: visit.callers.unknown, query: visit.random.one([rootsOwn, others]) }),
  'an unknown partition watching a partition': (visit) =>
    askBy(liveTransports, visit, {
      token: visit.callers.unknown,
      query: 'subscription { partition(id: "4", every: "1s") { name } }',
    }),
});

/** Asks over a random transport; over POST, checks the data as well, in which nothing may stand. */
async function denied(visit: Visit, question: Question): Promise<readonly Answer[]> {
  if (visit.random.whole(0, 1) === 0) return askBy(transports, visit, question);
  const { status, text } = await postForReply(visit, question);
  const answers = [...answersOfText(String(status), text), ...leaksIn(text, visit.unspeakable)];
  const { data } = JSON.parse(text) as { data?: unknown };
  return saysAnything(data)
    ? [...answers, { channel: String(status), code: 'leak', message: text }]
    : answers;
}

/** The ids are the root's to know; a guest who has them learns nothing. */
async function askForIds(visit: Visit): Promise<readonly Answer[]> {
  const { text } = await postForReply(visit, {
    token: visit.callers.root,
    query:
      '{ hypervisor { logicalProcessors(first: 2) { id } partition(id: "4") { id virtualProcessors { id } } } }',
  });
  const ids = [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id);
  if (ids.length === 0) return answersOfText('200', text);
  const question = {
    token: visit.callers.guest,
    query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    variables: { ids },
  };
  return visit.random.one([post, get])(visit, question);
}
