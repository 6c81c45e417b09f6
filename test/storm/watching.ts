/** Subscribers: they open a stream, receive some events and disconnect, in every way. */
import type { Answer } from './answer.ts';
import { openEventStream } from './event-stream.ts';
import { examples } from './example.ts';
import { kindsOf, pause, type Kind, type Visit } from './kind.ts';
import { departures, type Stream } from './stream.ts';
import { askBy, liveTransports, type Question } from './transport.ts';
import { openWebSocketStream, WebSocketVisitor } from './websocket-visitor.ts';

const busy =
  'subscription { hypervisor(every: "100ms") { sampledAt logicalProcessors { index rates { totalRunTime } } } }';
const growing =
  'subscription { partition(every: "100ms") { name deltas(over: "500ms") { gpaSpaceModifications } virtualProcessors { counters { totalRunTime } } } }';
const quiet = 'subscription { partition(every: "1h", suppressUnchanged: true, heartbeat: "30m") { name } }';
const large =
  'subscription { hypervisor(every: "100ms") { logicalProcessors { page { bytes } } partitions(first: 100) { nodes { page { bytes } } } } }';

type Open = (visit: Visit, question: Question) => Stream;

function watched({ random, callers }: Visit): Question {
  const query = random.one([...examples.subscriptions, busy, busy, growing, quiet, large]);
  return { token: callers.root, query };
}

/** Receives up to this many events, as many as arrive soon, and disconnects in any way. */
function takeSome(open: Open): Kind['attempt'] {
  return async (visit) => {
    const question = watched(visit);
    const stream = open(visit, question);
    const answers: Answer[] = [];
    // The next event of a quiet one is far away.
    const most = question.query === quiet ? 1 : visit.random.whole(1, 4);
    for (let n = 0; n < most; n += 1) answers.push(...((await stream.receive()) ?? []));
    await stream.leave(visit.random.one(departures));
    return answers;
  };
}

/** Streams that their clients leave. */
export const watching: readonly Kind[] = kindsOf({
  'events by SSE': takeSome(openEventStream),
  'events by WebSocket': takeSome(openWebSocketStream),
  'events that are left before the first': async (visit) => {
    const stream = open(visit, watched(visit));
    await pause(visit.random.whole(0, 5), visit.signal);
    await stream.leave('by cutting');
    return [];
  },
  'events that are never read': async (visit) => {
    const stream = open(visit, { token: visit.callers.root, query: large });
    const first = await stream.receive();
    stream.stopReading();
    await pause(visit.random.whole(100, 1_500), visit.over);
    await stream.leave('by cutting');
    // It is only known that it has begun.
    return (first ?? []).filter(({ code }) => code !== 'data');
  },
  'many streams over one WebSocket': watchMany,
  'streams opened and completed in one breath': async (visit) => {
    const visitor = new WebSocketVisitor(visit);
    const instead = await visitor.begin(visit.callers.root);
    if (instead !== null) return instead;
    for (let n = 0; n < 30; n += 1) {
      visitor.subscribe('same', { query: growing });
      visitor.send({ id: 'same', type: 'complete' });
    }
    visitor.subscribe('last', { query: '{ viewer { isRoot } }' });
    const answers: Answer[] = [];
    for (let isOver = false; !isOver;) {
      const received = await visitor.receive();
      answers.push(...visitor.answersOf(received));
      isOver =
        received === null || received.type === 'closed' || ('id' in received && received.id === 'last');
    }
    await visitor.leave('politely');
    return answers;
  },
  'events of a partition that is not there': (visit) =>
    askBy(liveTransports, visit, {
      token: visit.callers.root,
      query: 'subscription { partition(id: "999999") { name } }',
    }),
});

/** Streams that the service ends. */
export const endlessly: readonly Kind[] = kindsOf({
  'events until the token ends': async (visit) => {
    const token = await visit.callers.shortLived(2);
    return askBy(liveTransports, visit, { token, query: growing });
  },
});

function open(visit: Visit, question: Question): Stream {
  return visit.random.one<Open>([openEventStream, openWebSocketStream])(visit, question);
}

async function watchMany(visit: Visit): Promise<readonly Answer[]> {
  const visitor = new WebSocketVisitor(visit);
  const instead = await visitor.begin(visit.callers.root);
  if (instead !== null) return instead;
  const answers: Answer[] = [];
  const count = visit.random.whole(2, 10);
  for (let n = 0; n < count; n += 1) visitor.subscribe(`s${n}`, { query: visit.random.one([busy, growing]) });
  for (let n = 0; n < count * 3; n += 1) {
    const received = await visitor.receive();
    answers.push(...visitor.answersOf(received));
    if (received === null || received.type === 'closed') return answers;
  }
  for (let n = 0; n < count; n += 2) visitor.send({ id: `s${n}`, type: 'complete' });
  await visitor.leave(visit.random.one(departures));
  return answers;
}
