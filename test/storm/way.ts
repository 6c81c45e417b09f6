/** The ways by which an operation can come, and what is answered by each. */
import { answersOfText, leaksIn, type Answer } from './answer.ts';
import { ask, type Reply } from './ask.ts';
import { openEventStream } from './event-stream.ts';
import type { Visit } from './kind.ts';
import type { Stream } from './stream.ts';
import { openWebSocketStream } from './websocket-visitor.ts';

/** An operation, and who asks. */
export interface Question {
  /** null for nobody. */
  readonly token: string | null;
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

/** A way. */
export type Way = 'POST' | 'GET' | 'SSE' | 'WebSocket';

/** All of them. */
export const ways: readonly Way[] = ['POST', 'GET', 'SSE', 'WebSocket'];
/** Those without a limit on the address, which Node's parser sets at 16 KB. */
export const longWays: readonly Way[] = ['POST', 'SSE', 'WebSocket'];
/** Those that can answer with events. */
export const liveWays: readonly Way[] = ['SSE', 'WebSocket'];

/** Asks by one of these ways, by chance, and takes all that is answered. */
export function askBy(among: readonly Way[], visit: Visit, question: Question): Promise<readonly Answer[]> {
  switch (visit.chance.one(among)) {
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

/** Asks by POST. */
export async function post(visit: Visit, question: Question, isKept = true): Promise<readonly Answer[]> {
  return answersOf(visit, await postForReply(visit, question, isKept));
}

/** The same, for those who want to know what was said. */
export function postForReply(visit: Visit, question: Question, isKept = true): Promise<Reply> {
  const { token, ...operation } = question;
  const headers = { 'content-type': 'application/json', ...headersOf(token) };
  return ask(visit, { method: 'POST', headers, body: JSON.stringify(operation), isKept });
}

/** Asks by POST through the guest's socket, whatever the token says. */
export async function postByGuestSocket(
  visit: Visit,
  { token, ...operation }: Question,
): Promise<readonly Answer[]> {
  const headers = { 'content-type': 'application/json', ...headersOf(token) };
  const { guestSocket: socketPath } = visit;
  const body = JSON.stringify(operation);
  return answersOf(visit, await ask(visit, { method: 'POST', headers, body, socketPath }));
}

/** Asks by GET. */
export async function get(visit: Visit, question: Question, isKept = true): Promise<readonly Answer[]> {
  const { token, query, variables, operationName } = question;
  const search = new URLSearchParams({ query });
  if (variables !== undefined) search.set('variables', JSON.stringify(variables));
  if (typeof operationName === 'string') search.set('operationName', operationName);
  const path = `/graphql?${search}`;
  return answersOf(visit, await ask(visit, { path, headers: headersOf(token), isKept }));
}

/** What a reply by HTTP says. */
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
