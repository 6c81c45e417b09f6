/** WebSockets that do not speak the protocol. */
import type { Answer } from './answer.ts';
import { kindsOf, type Kind, type Visit } from './kind.ts';
import { WebSocketVisitor } from './websocket-visitor.ts';

const tiny = '{ viewer { isRoot } }';
const lasting = 'subscription { partition(every: "1h") { name } }';

/** All responses until the service closes the connection. */
async function untilClosed(visitor: WebSocketVisitor): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let received = await visitor.receive(); received !== null; received = await visitor.receive()) {
    answers.push(...visitor.answersOf(received));
  }
  return answers;
}

/** Does something with a WebSocket, acknowledged or not, and takes what is answered until it is closed. */
function refusedByService(
  misbehave: (visitor: WebSocketVisitor, visit: Visit) => void,
  isAcknowledged: 'always' | 'by random' | 'never' = 'by random',
): Kind['attempt'] {
  return async (visit) => {
    const visitor = new WebSocketVisitor(visit);
    const isTo =
      isAcknowledged === 'always' || (isAcknowledged === 'by random' && visit.random.whole(0, 1) === 0);
    const instead = isTo ? await visitor.begin(visit.callers.root) : null;
    if (instead !== null) return instead;
    if (!isTo) await visitor.opened;
    misbehave(visitor, visit);
    return untilClosed(visitor);
  };
}

/** Fast ones. */
export const hostileWebSockets: readonly Kind[] = kindsOf({
  'WebSocket garbage': refusedByService((visitor, { random }) =>
    visitor.send(
      random.one<unknown>([
        '',
        '{',
        'null',
        '[]',
        '{"type":"nothing"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":7,"payload":{}}',
        '{"type":"connection_ack"}',
        '{"type":"complete"}',
        '{"type":"next","id":"a","payload":{}}',
        '['.repeat(100_000),
        Buffer.from([0, 1, 2, 255]),
        random.bytes(500),
        { type: 'subscribe', id: 'x'.repeat(10_000), payload: { query: tiny } },
        { type: 'subscribe', id: '', payload: { query: tiny } },
      ]),
    ),
  ),
  'broken frames': refusedByService(({ socket }, { random }) => {
    // Not masked; reserved bits; a reserved opcode; a fragmented ping; longer than 2^53; not UTF-8; anything.
    const frames = [
      [0x81, 0x01, 0x61],
      [0xf1, 0x80, 0, 0, 0, 0],
      [0x83, 0x80, 0, 0, 0, 0],
      [0x09, 0x80, 0, 0, 0, 0],
    ];
    const others = [
      [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28],
      [0x80, 0x80, 0, 0, 0, 0],
    ];
    const bytes = Buffer.from(random.one([...frames, ...others]));
    rawSocketOf(socket).write(bytes);
  }),
  'too long a message': refusedByService((visitor) =>
    visitor.send({ type: 'ping', payload: { text: 'x'.repeat(1_100_000) } }),
  ),
  'a flood of pings': async (visit) => {
    const visitor = new WebSocketVisitor(visit);
    const instead = await visitor.begin(visit.callers.guest);
    if (instead !== null) return instead;
    for (let n = 0; n < 1_000; n += 1) {
      visitor.socket.ping(Buffer.alloc(100));
      visitor.send({ type: 'ping', payload: { n } });
      if (n % 10 === 0) visitor.socket.pong();
    }
    visitor.subscribe('a', { query: tiny });
    for (;;) {
      const received = await visitor.receive();
      const answers = visitor.answersOf(received);
      if (received?.type === 'pong') continue;
      await visitor.leave('politely');
      return answers;
    }
  },
  'an id used twice': refusedByService((visitor) => {
    visitor.subscribe('same', { query: lasting });
    visitor.subscribe('same', { query: lasting });
  }, 'always'),
  'connection_init twice': refusedByService((visitor, { callers }) => {
    const init = { type: 'connection_init', payload: { Authorization: `Bearer ${callers.guest}` } };
    visitor.send(init);
    visitor.send(init);
  }, 'by random'),
  'a subscription before connection_init': refusedByService(
    (visitor) => visitor.subscribe('a', { query: lasting }),
    'never',
  ),
  'another subprotocol': async (visit) =>
    untilClosed(new WebSocketVisitor(visit, visit.random.one([['graphql-ws'], ['graphql-ws', 'mqtt']]))),
});

/** Slow ones. */
export const patientWebSockets: readonly Kind[] = kindsOf({
  'no connection_init at all': async (visit) => {
    const visitor = new WebSocketVisitor(visit);
    const cut = (): void => visitor.socket.terminate();
    visit.over.addEventListener('abort', cut);
    const answers = await untilClosed(visitor);
    visit.over.removeEventListener('abort', cut);
    return visit.over.aborted ? [] : answers;
  },
});

/** The connection beneath a WebSocket, which ws does not show. */
function rawSocketOf(socket: object): { write(bytes: Buffer): void } {
  return (socket as { _socket: { write(bytes: Buffer): void } })._socket;
}
