/** Connections that are hardly HTTP, or slow. */
import type { Answer } from './answer.ts';
import { kindsOf, pause, type Kind, type Visit } from './kind.ts';
import { RawConnection } from './raw-connection.ts';
import { answersOfText } from './answer.ts';

const question = '{"query":"{ viewer { isRoot } }"}';

function headOf({ callers }: Visit, ...more: readonly string[]): string {
  const lines = ['POST /graphql HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${callers.root}`];
  return `${[...lines, 'Content-Type: application/json', ...more].join('\r\n')}\r\n\r\n`;
}

/** Sends, and waits until the service has closed the connection. */
function sent(make: (visit: Visit) => string | Buffer): Kind['attempt'] {
  return async (visit) => {
    const connection = new RawConnection(visit);
    connection.write(make(visit));
    connection.socket.end();
    await connection.closed();
    return connection.answers;
  };
}

/** Fast ones. */
export const hostileConnections: readonly Kind[] = kindsOf({
  'half a request, left': async (visit) => {
    const connection = new RawConnection(visit);
    const whole = headOf(visit, `Content-Length: ${question.length}`) + question;
    connection.write(whole.slice(0, visit.random.whole(1, whole.length - 1)));
    await pause(visit.random.whole(0, 20), visit.signal);
    await connection.cut();
    return [];
  },
  'random bytes': sent(({ random }) => random.bytes(random.whole(1, 2_000))),
  'too long a head': sent((visit) =>
    headOf(visit, `X-Long: ${'x'.repeat(visit.random.whole(17_000, 200_000))}`),
  ),
  'a request that two would read differently': sent(
    (visit) =>
      visit.random.one([
        headOf(visit, 'Content-Length: 5', 'Transfer-Encoding: chunked'),
        headOf(visit, 'Content-Length: 5', 'Content-Length: 6'),
        headOf(visit, 'Content-Length: -1'),
        headOf(visit, 'Content-Length: 1e3'),
        headOf(visit, 'Transfer-Encoding: chunked, identity'),
        headOf(visit, 'Transfer-Encoding : chunked'),
        headOf(visit, 'X-Split: a\nInjected: b'),
        headOf(visit, 'Transfer-Encoding: chunked') + 'zz\r\n',
        'GET /graphql HTTP/1.1\r\n\r\n',
        'GET /graphql HTTP/9.9\r\nHost: localhost\r\n\r\n',
        'GET  /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'get /graphql http/1.1\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ]) + '0\r\n\r\n',
  ),
  'requests in a row, answers unread': async (visit) => {
    const connection = new RawConnection(visit);
    connection.socket.pause();
    const one = headOf(visit, `Content-Length: ${question.length}`) + question;
    connection.write(one.repeat(visit.random.whole(2, 200)));
    await pause(visit.random.whole(5, 200), visit.signal);
    await connection.cut();
    return [];
  },
  'upgrades that are invalid': async (visit) => {
    const { random } = visit;
    const connection = new RawConnection(visit);
    const key = random.one(['', 'x', 'AAAAAAAAAAAAAAAAAAAAAA==']);
    const path = random.one(['/graphql', '/health', '/nothing']);
    const lines = [
      `${random.one(['GET', 'POST'])} ${path} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade, close',
      `Upgrade: ${random.one(['websocket', 'h2c', 'TLS/1.0', 'websocket, h2c', ''])}`,
      `Sec-WebSocket-Version: ${random.one(['13', '8', 'x'])}`,
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Protocol: ${random.one(['graphql-transport-ws', 'a, b', ',,'])}`,
    ];
    connection.write(`${lines.join('\r\n')}\r\n\r\n`);
    await pause(random.whole(20, 100), visit.signal);
    connection.socket.end();
    await connection.closed();
    return connection.answers;
  },
});

/** Those that hold a connection for as long as they can. */
export const patientConnections: readonly Kind[] = kindsOf({
  'a slow body': async (visit) => {
    const connection = new RawConnection(visit);
    connection.write(headOf(visit, `Content-Length: ${question.length}`, 'Connection: close'));
    for (const letter of question) {
      connection.write(letter);
      await pause(visit.random.whole(5, 50), visit.signal);
    }
    await connection.closed();
    const [head = '', body = ''] = connection.text.split('\r\n\r\n');
    return answersOfText(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 'socket', body);
  },
  'half a head, held': async (visit): Promise<readonly Answer[]> => {
    const connection = new RawConnection(visit);
    connection.write('POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Never: ');
    await connection.closed(visit.over);
    return visit.over.aborted ? [] : connection.answers;
  },
});

const slowConnections = 12;
const answersEach = 8;
/** Some 2.5 MB. */
const largeQuestion = JSON.stringify({
  query: `{ hypervisor { ${Array.from({ length: 24 }, (_, n) => `a${n}: logicalProcessors { page { bytes } }`).join(' ')} } }`,
});

const leastLength = 1_500_000;

/** Reads the head of an answer and nothing more; gives the length of its body, and 0 without a body. */
async function stopReadingAtHead(connection: RawConnection): Promise<number> {
  const { socket } = connection;
  const length = (): string => /\r\nContent-Length: (\d+)\r\n/i.exec(connection.text)?.[1] ?? '';
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.on('data', () => {
      if (length() === '') return;
      socket.pause();
      resolve();
    });
  });
  return Number(length());
}

/** They ask for far more than the buffers of their connections hold, and take nothing of it until they are cut. */
export const slowReaders: readonly Kind[] = kindsOf({
  'large answers in a row, never read': async (visit) => {
    const connections = Array.from({ length: slowConnections }, () => new RawConnection(visit));
    const one = headOf(visit, `Content-Length: ${largeQuestion.length}`) + largeQuestion;
    for (const connection of connections) connection.write(one.repeat(answersEach));
    const lengths = await Promise.all(connections.map(stopReadingAtHead));
    // In trouble answers are short, and may fit into the buffers of their connections.
    for (const [n, length] of lengths.entries()) if (length < leastLength) void connections[n]?.cut();
    const closings = connections.map((connection) => connection.closed(visit.over));
    // A client that does not read learns of its end only when it writes; empty lines between requests say nothing.
    const knock = setInterval(() => connections.forEach((connection) => connection.write('\r\n')), 1_000);
    await Promise.all(closings);
    clearInterval(knock);
    return visit.over.aborted ? [] : connections.map(() => ({ channel: 'socket', code: 'cut' }));
  },
});
