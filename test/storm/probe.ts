/** Probes: the health of the service, and its page. */
import type { Answer } from './answer.ts';
import { ask, type Reply } from './ask.ts';
import { kindsOf, type Kind } from './kind.ts';

/** What load balancers and browsers ask for. */
export const probes: readonly Kind[] = kindsOf({
  '/health': async (visit) => [stateOf(await ask(visit, { path: '/health' }))],
  '/ready': async (visit) => [stateOf(await ask(visit, { path: '/ready' }))],
  "GraphiQL's page": async (visit) => {
    const reply = await ask(visit, { headers: { accept: 'text/html' } });
    return [whereOfType(reply, { type: 'text/html', code: 'page' })];
  },
  "GraphiQL's files": async (visit) => {
    const { text } = await ask(visit, { headers: { accept: 'text/html' } });
    const path = visit.random.one(
      [...text.matchAll(/"(\/graphql\/assets\/[^"]+\.js)"/g)].map(([, found]) => found ?? ''),
    );
    const reply = await ask(visit, { path, headers: { 'accept-encoding': 'gzip' } });
    return [whereOfType(reply, { type: 'javascript', code: 'file' })];
  },
});

function stateOf({ status, text }: Reply): Answer {
  const channel = String(status);
  try {
    const { status: state, reason } = JSON.parse(text) as { status?: string; reason?: string };
    return { channel, code: reason ?? state ?? 'no state' };
  } catch {
    return { channel, code: 'no JSON', message: text.slice(0, 200) };
  }
}

function whereOfType({ status, type, text }: Reply, wanted: { type: string; code: string }): Answer {
  const isIt = type.includes(wanted.type) && text.length > 0;
  return { channel: String(status), code: isIt ? wanted.code : 'something else', message: type };
}
