/** More event streams on a page than a browser opens connections, through the proxy that docs/front-ends.md shows. */
import { readFileSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { tlsFile } from '../secure.ts';
import { nginx, startNginx } from './nginx.ts';
import { serve, type Served } from './program.ts';
import { until } from '../until.ts';

const executablePath = findProgram('chromium');
const streams = 8;
/** The connections that a browser opens to one origin over HTTP/1.1. */
const connections = 6;

/** The server block of the documentation, for a port of this machine and with the test's certificate. */
function documentedBlock({ port, served }: { readonly port: number; readonly served: number }): string {
  const docs = readFileSync(new URL('../../docs/front-ends.md', import.meta.url), 'utf8');
  const block = /^server \{\n(?<inside>[^]*?)^\}$/m.exec(docs)?.groups?.['inside'] ?? '';
  const own = {
    'listen 443': `listen 127.0.0.1:${port}`,
    '/etc/hvql/server.pem': tlsFile('server.pem'),
    '/etc/hvql/server.key': tlsFile('server.key'),
    'http://127.0.0.1:4000': `http://127.0.0.1:${served}`,
  };
  return Object.entries(own).reduce((text, [shown, real]) => {
    if (!text.includes(shown)) throw new Error(`docs/front-ends.md does not say ${shown}`);
    return text.replace(shown, real);
  }, block);
}

/** What the page has received: events of each event stream and of each WebSocket subscription, and the answer to its query. */
interface Received {
  readonly events: readonly number[];
  readonly messages: readonly number[];
  readonly isAnswered: boolean;
}

/** Runs in the page. */
function watch({
  token,
  count,
  busy,
}: {
  readonly token: string;
  readonly count: number;
  readonly busy: number;
}): void {
  const none = Array<number>(count).fill(0);
  const received = { events: [...none], messages: [...none], isAnswered: false };
  Object.assign(globalThis, { received });
  const subscriptionOf = (index: number): string =>
    `subscription { hypervisor(every: "200ms") { logicalProcessor(index: ${index}) { index } sampledAt } }`;
  const ask = (query: string, accept: string): Promise<Response> =>
    fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    });
  const read = async (index: number): Promise<void> => {
    const { body } = await ask(subscriptionOf(index), 'text/event-stream');
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let text; (text = (await reader?.read())?.value) !== undefined;) {
      received.events[index] = (received.events[index] ?? 0) + (text.match(/event: next/g)?.length ?? 0);
    }
  };
  const socket = new WebSocket(`wss://${location.host}/graphql`, 'graphql-transport-ws');
  const send = (message: object): void => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: 'connection_init', payload: { Authorization: `Bearer ${token}` } });
  socket.onmessage = ({ data }) => {
    const { type, id = '' } = JSON.parse(String(data)) as { type: string; id?: string };
    if (type === 'next') received.messages[Number(id)] = (received.messages[Number(id)] ?? 0) + 1;
    if (type !== 'connection_ack') return;
    for (const index of none.keys()) {
      send({ type: 'subscribe', id: String(index), payload: { query: subscriptionOf(index) } });
    }
  };
  for (const index of none.keys()) void read(index);
  // Once streams have all the connections: a browser does not always send requests in their order.
  const waiting = setInterval(() => {
    if (received.events.filter((events) => events > 0).length < busy) return;
    clearInterval(waiting);
    void ask('{ __typename }', 'application/json').then((response) => (received.isAnswered = response.ok));
  }, 20);
}

describe.skipIf(executablePath === null || nginx === null)('a page with eight event streams', () => {
  let served: Served;
  let browser: Browser;
  let run: (origin: string, isDone: (received: Received) => boolean) => Promise<Received>;

  beforeAll(async () => {
    served = await serve(['--source', 'simulator?lps=8']);
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    });
    run = async (origin, isDone) => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      await page.goto(`${origin}/page`);
      await page.evaluate(watch, { token: served.tokens[0] ?? '', count: streams, busy: connections });
      const readReceived = (): Promise<Received> =>
        page.evaluate(() => (globalThis as unknown as { received: Received }).received);
      let received = await readReceived();
      await until(
        async () => isDone((received = await readReceived())),
        () => JSON.stringify(received),
      );
      await context.close();
      return received;
    };
  });
  afterAll(async () => {
    await browser.close();
    await served.program.stop();
  });

  const page = `location = /page { default_type text/html; return 200 '<!doctype html><title>page</title>'; }`;
  const portOf = ({ url }: Served): number => Number(new URL(url).port);

  it('receives the events of all, and a response at the same time, over HTTP/2', async () => {
    const port = await startNginx(
      (own) => `${documentedBlock({ port: own, served: portOf(served) })}\n${page}`,
    );
    const isDone = ({ events, messages, isAnswered }: Received): boolean =>
      isAnswered && [...events, ...messages].every((count) => count >= 5);
    const { events, messages, isAnswered } = await run(`https://127.0.0.1:${port}`, isDone);
    expect([...events, ...messages].filter((count) => count >= 5)).toHaveLength(2 * streams);
    expect(isAnswered).toBe(true);
  });

  it('receives those of six, those of its WebSocket, and no response, over HTTP/1.1', async () => {
    const port = await startNginx((own) => {
      const block = documentedBlock({ port: own, served: portOf(served) });
      return `${block.replace(' http2;', ';')}\n${page}`;
    });
    const isDone = ({ events, messages }: Received): boolean =>
      events.filter((count) => count >= 10).length === connections && messages.every((count) => count >= 5);
    const { events, messages, isAnswered } = await run(`https://127.0.0.1:${port}`, isDone);
    expect(events.filter((count) => count > 0)).toHaveLength(connections);
    expect(messages.filter((count) => count >= 5)).toHaveLength(streams);
    expect(isAnswered).toBe(false);
  });
});
