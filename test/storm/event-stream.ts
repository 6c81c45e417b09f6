/** Responses by Server-Sent Events, as a client receives them. */
import { request, type IncomingMessage } from 'node:http';
import { answersOfText, leaksIn, type Answer } from './answer.ts';
import type { Visit } from './kind.ts';
import { Inbox, type Departure, type Stream } from './stream.ts';
import type { Question } from './transport.ts';

/** Sends the request on a separate connection. Anything but an event stream is one response with its status. */
export function openEventStream(visit: Visit, { token, ...operation }: Question): Stream {
  const { port, signal, unspeakable } = visit;
  const inbox = new Inbox<readonly Answer[]>();
  let given: IncomingMessage | undefined;
  let hasLeft = false;
  const fail = (error: NodeJS.ErrnoException): void => {
    // A client that leaves causes this error itself.
    if (!hasLeft) inbox.put([{ channel: 'SSE', code: 'cut', message: error.message }]);
    inbox.end();
  };
  const headers = {
    accept: 'text/event-stream',
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const to = { port, host: '127.0.0.1', path: '/graphql', agent: false } as const;
  const sent = request({ ...to, method: 'POST', headers, signal }, (response) => {
    given = response;
    let rest = '';
    response.once('error', fail);
    response.setEncoding('utf8').on('data', (text: string) => {
      rest += text;
      if (response.statusCode !== 200) return;
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const answers = answersOfBlock(block);
        if (answers.length > 0) inbox.put([...answers, ...leaksIn(block, unspeakable)]);
      }
    });
    response.once('end', () => {
      if (response.statusCode !== 200) inbox.put(answersOfText(String(response.statusCode), rest));
      inbox.end();
    });
    response.once('close', () => inbox.end());
  });
  sent.once('error', fail);
  const closed = new Promise<void>((resolve) => sent.once('close', () => resolve()));
  sent.end(JSON.stringify(operation));
  return {
    receive: () => inbox.take(),
    stopReading: () => given?.pause(),
    leave: async (how: Departure) => {
      hasLeft = true;
      if (how === 'by half') sent.socket?.end();
      else sent.destroy();
      // The service ends its side as well; a client that has stopped reading would not see it.
      given?.resume();
      await closed;
    },
  };
}

/** An event with a result; nothing for comments and for the end. */
function answersOfBlock(block: string): readonly Answer[] {
  if (!block.includes('event: next')) return [];
  const data = block.split('\n').find((line) => line.startsWith('data: '));
  return answersOfText('SSE', data?.slice('data: '.length) ?? '');
}
