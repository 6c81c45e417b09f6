/** Traffic to the service of outage-service.ts. It needs no page, so the troubles of the source do not concern it. */
import type { Answer } from '../answer.ts';
import { openEventStream } from '../event-stream.ts';
import { kindsOf, type Kind, type Visit } from '../kind.ts';
import { askBy, transports, type Question } from '../transport.ts';
import { openWebSocketStream } from '../websocket-visitor.ts';

/** The visit, to that service. */
const there = (visit: Visit): Visit => ({ ...visit, port: visit.outageService?.port ?? 0 });

async function questionOf({ outageService }: Visit, partition: string, query: string): Promise<Question> {
  return { token: (await outageService?.keys.sign(partition)) ?? null, query };
}

const eventsWanted = 5;

/** What is expected of each stands in expectation.ts, with what may come while there is an outage. */
export const outageTraffic: readonly Kind[] = kindsOf({
  'a question during outages': async (visit) =>
    askBy(
      transports,
      freshly(there(visit)),
      await questionOf(visit, '1', '{ viewer { partitionId isRoot } }'),
    ),
  'a denied question during outages': async (visit) =>
    askBy(
      transports,
      freshly(there(visit)),
      await questionOf(visit, '2', '{ hypervisor { logicalProcessors { index } } }'),
    ),
  'events during outages': async (visit) => {
    const open = visit.random.one([openEventStream, openWebSocketStream]);
    const question = await questionOf(visit, '1', 'subscription { partition(every: "100ms") { name } }');
    const stream = open(there(visit), question);
    const answers: Answer[] = [];
    for (let n = 0; n < eventsWanted; n += 1) answers.push(...((await stream.receive()) ?? []));
    await stream.leave(visit.random.one(['politely', 'by cutting']));
    return answers;
  },
});

/** On connections of their own: one that was kept may be one of a worker that has just ended. */
function freshly(visit: Visit): Visit {
  return { ...visit, agent: false };
}
