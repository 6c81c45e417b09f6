/** The transports of operations, and their responses. */
import { answersOfText, leaksIn, type Answer } from './answer.ts';
import { ask, type Reply } from './ask.ts';
import { openEventStream } from './event-stream.ts';
import type { Visit } from './kind.ts';
import type { Stream } from './stream.ts';
import { openWebSocketStream } from './websocket-visitor.ts';

/** An operation and its caller. */
export interface Question {
  /** null for no credentials. */
  readonly token: string | null;
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

/** A transport. */
export type Transport = 'POST' | 'GET' | 'SSE' | 'WebSocket';

/** All of them. */
export const transports: readonly Transport[] = ['POST', 'GET', 'SSE', 'WebSocket'];
/** Those without a limit on the address, which Node's parser sets at 16 KB. */
export const longTransports: readonly Transport[] = ['POST', 'SSE', 'WebSocket'];
/** Those that can answer with events. */
export const liveTransports: readonly Transport[] = ['SSE', 'WebSocket'];

/** Sends the operation by a random one of these transports, and returns all responses. */
export function askBy(
  among: readonly Transport[],
  visit: Visit,
  question: Question,
): Promise<readonly Answer[]> {
  switch (visit.random.one(among)) {
    case 'POST':
      return post(visit, question);
    case 'GET':
      return get(visit, question);
    case 'SSE':
      return takeAll(openEventStream(visit, question));
    case 'WebSocket':
      return takeAll(openWebSocketStream(visit, question));
  }
}

/** Sends an operation by POST. */
export async function post(visit: Visit, question: Question, isKept = true): Promise<readonly Answer[]> {
  return answersOf(visit, await postForReply(visit, question, isKept));
}

/** The same, with the response itself. */
export function postForReply(visit: Visit, question: Question, isKept = true): Promise<Reply> {
  const { token, ...operation } = question;
  const headers = { 'content-type': 'application/json', ...headersOf(token) };
  return ask(visit, { method: 'POST', headers, body: JSON.stringify(operation), isKept });
}

/** Asks by POST through the guest's socket; the token does not count. */
export async function postByGuestSocket(
  visit: Visit,
  { token, ...operation }: Question,
): Promise<readonly Answer[]> {
  const headers = { 'content-type': 'application/json', ...headersOf(token) };
  const { guestSocket: socketPath } = visit;
  const body = JSON.stringify(operation);
  return answersOf(visit, await ask(visit, { method: 'POST', headers, body, socketPath }));
}

/** Sends an operation by GET. */
export async function get(visit: Visit, question: Question, isKept = true): Promise<readonly Answer[]> {
  const { token, query, variables, operationName } = question;
  const search = new URLSearchParams({ query });
  if (variables !== undefined) search.set('variables', JSON.stringify(variables));
  if (typeof operationName === 'string') search.set('operationName', operationName);
  const path = `/graphql?${search}`;
  return answersOf(visit, await ask(visit, { path, headers: headersOf(token), isKept }));
}

/** The content of an HTTP response. */
export function answersOf({ unspeakable }: Visit, { status, text }: Reply): readonly Answer[] {
  return [...answersOfText(String(status), text), ...leaksIn(text, unspeakable)];
}

function headersOf(token: string | null): Record<string, string> {
  return {
    accept: 'application/graphql-response+json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
}

async function takeAll(stream: Stream): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let some = await stream.receive(); some !== null; some = await stream.receive()) answers.push(...some);
  await stream.leave('politely');
  return answers;
}
