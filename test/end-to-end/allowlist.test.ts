/** Allowed operations on every transport: only those of the folder run. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program, serve, type Served } from './program.ts';

const folder = 'schema/operations';
const documents = readdirSync(folder)
  .sort()
  .map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return { file, text, documentId: idOf(text), isLive: /^subscription /m.test(text) };
  });
const [first, second] = documents;
if (first === undefined || second === undefined) throw new Error('there are no examples');
const unlisted = '{ viewer { isRoot } }';

function idOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** As the links for persisted queries of Apollo Client and urql send it. */
function hashOf(text: string): { readonly extensions: object } {
  return { extensions: { persistedQuery: { version: 1, sha256Hash: idOf(text).slice(7) } } };
}

/** The first response: a result, or only errors. `status` is null for a transport that has none. */
interface Answer {
  readonly status: number | null;
  readonly body: { readonly data?: unknown; readonly errors?: readonly { readonly extensions: any }[] };
}
type Parameters = Readonly<Record<string, unknown>>;
type Ask = (served: Served, parameters: Parameters) => Promise<Answer>;

function byHttp(method: 'GET' | 'POST', accept: string): Ask {
  return async ({ url, tokens }, parameters) => {
    const search = new URLSearchParams(
      Object.entries(parameters).map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    const response = await fetch(method === 'GET' ? `${url}?${search}` : url, {
      method,
      headers: {
        accept,
        authorization: `Bearer ${tokens[0]}`,
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      body: method === 'POST' ? JSON.stringify(parameters) : null,
    });
    const { status } = response;
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      return { status, body: (await response.json()) as Answer['body'] };
    }
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes as Uint8Array).toString();
      const [, data] = /^event: next\ndata: (.*)\n\n/m.exec(text) ?? [];
      // Leaving the loop ends the stream.
      if (data !== undefined) return { status, body: JSON.parse(data) as Answer['body'] };
    }
    throw new Error(`no event came: ${text}`);
  };
}

const byWebSocket: Ask = async ({ url, tokens }, payload) => {
  const socket = new WebSocket(url.replace('http', 'ws'), ['graphql-transport-ws']);
  const next = async (): Promise<any> => JSON.parse(String((await once(socket, 'message'))[0]));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { Authorization: `Bearer ${tokens[0]}` } }));
  expect(await next()).toEqual({ type: 'connection_ack' });
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
  const message = await next();
  socket.terminate();
  return { status: null, body: message.type === 'error' ? { errors: message.payload } : message.payload };
};

const json = 'application/graphql-response+json, application/json';
const ways: Readonly<Record<string, Ask>> = {
  POST: byHttp('POST', json),
  GET: byHttp('GET', json),
  'SSE by POST': byHttp('POST', 'text/event-stream'),
  'SSE by GET': byHttp('GET', 'text/event-stream'),
  WebSocket: byWebSocket,
};
const withoutEvents = ['POST', 'GET'];

/** The refused requests, and their errors; the statuses are those of transports that have them. */
const refusals: Readonly<Record<string, readonly [request: Parameters, code: string, status: number]>> = {
  'another text': [{ query: unlisted }, 'OPERATION_NOT_ALLOWED', 403],
  'another text under the name of a listed operation': [
    { query: 'query Overview { viewer { isRoot } }', operationName: 'Overview' },
    'OPERATION_NOT_ALLOWED',
    403,
  ],
  'another subscription': [{ query: 'subscription { partition { name } }' }, 'OPERATION_NOT_ALLOWED', 403],
  'a listed text with an extra space': [{ query: `${first.text} ` }, 'OPERATION_NOT_ALLOWED', 403],
  introspection: [{ query: '{ __schema { types { name } } }' }, 'OPERATION_NOT_ALLOWED', 403],
  '{ __typename }': [{ query: '{ __typename }' }, 'OPERATION_NOT_ALLOWED', 403],
  'a text that is not GraphQL': [{ query: '}{' }, 'OPERATION_NOT_ALLOWED', 403],
  'an unknown id': [{ documentId: idOf(unlisted) }, 'PERSISTED_DOCUMENT_NOT_FOUND', 400],
  'an unknown id with its text': [
    { query: unlisted, documentId: idOf(unlisted) },
    'PERSISTED_DOCUMENT_NOT_FOUND',
    400,
  ],
  'a listed id with another text': [{ query: unlisted, documentId: first.documentId }, 'BAD_REQUEST', 400],
  'a listed id with another listed text': [
    { query: second.text, documentId: first.documentId },
    'BAD_REQUEST',
    400,
  ],
  'a malformed id': [{ documentId: first.documentId.slice('sha256:'.length) }, 'BAD_REQUEST', 400],
  'an id that is not a string': [{ documentId: { sha256: 1 } }, 'BAD_REQUEST', 400],
  'a listed hash with another text': [
    {
      query: unlisted,
      extensions: { persistedQuery: { version: 1, sha256Hash: first.documentId.slice(7) } },
    },
    'BAD_REQUEST',
    400,
  ],
  'an unknown hash': [hashOf(unlisted), 'PERSISTED_DOCUMENT_NOT_FOUND', 400],
  'an unknown doc_id': [{ doc_id: '36fb238ddc126d79f09bfdb536691fb8' }, 'PERSISTED_DOCUMENT_NOT_FOUND', 400],
  'a hash and an id of two documents': [
    { documentId: first.documentId, ...hashOf(second.text) },
    'BAD_REQUEST',
    400,
  ],
};

describe('a service with allowed operations', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1', '--operations', folder]);
  });
  afterAll(() => served.program.stop());

  describe.each(Object.entries(ways))('by %s', (way, ask) => {
    it.each(documents)('answers $file', async ({ text, documentId, isLive }) => {
      const requests = [
        { documentId },
        { query: '', documentId },
        { query: text },
        { query: text, documentId },
        hashOf(text),
        { query: text, documentId, operationName: '', ...hashOf(text) },
      ];
      const answers = await Promise.all(requests.map((request) => ask(served, request)));
      for (const { status, body } of answers) {
        if (isLive && withoutEvents.includes(way)) {
          // Allowed, but not over this transport.
          expect([status, body.errors?.[0]?.extensions.code]).toEqual([406, 'NOT_ACCEPTABLE']);
        } else {
          expect(body).toMatchObject({ data: {} });
          expect(body).not.toHaveProperty('errors');
        }
      }
    });

    it.each(Object.entries(refusals))('refuses %s', async (_, [request, code, status]) => {
      const answer = await ask(served, request);
      expect(answer.body).not.toHaveProperty('data');
      expect(answer.body.errors?.map(({ extensions }) => extensions.code)).toEqual([code]);
      expect(answer.status).toBe(way === 'WebSocket' ? null : status);
    });
  });

  it('answers no document to a caller without an identity', async () => {
    const search = new URLSearchParams({ documentId: first.documentId });
    expect((await fetch(`${served.url}?${search}`)).status).toBe(401);
  });

  it('shows exactly its documents in the tabs of GraphiQL', async () => {
    const page = await (await fetch(served.url, { headers: { accept: 'text/html' } })).text();
    const [, tabs] = /"defaultTabs":(\[.*\]),"headers"/.exec(page) ?? [];
    const texts = (JSON.parse(String(tabs)) as { query: string }[]).map(({ query }) => query);
    const own = documents.find(({ file }) => file.includes('own-partition'))?.text;
    expect(texts).toEqual([...documents.map(({ text }) => text), own]);
  });
});

describe('a service without allowed operations', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(['--source', 'simulator?seed=1']);
  });
  afterAll(() => served.program.stop());

  it.each(Object.entries(ways))(
    'accepts any text by %s, and refuses an id without text',
    async (way, ask) => {
      const status = (number: number): number | null => (way === 'WebSocket' ? null : number);
      const answer = await ask(served, { query: unlisted });
      expect(answer).toEqual({ status: status(200), body: { data: { viewer: { isRoot: true } } } });
      expect(await ask(served, { query: unlisted, documentId: idOf(unlisted) })).toEqual(answer);
      expect(await ask(served, { query: unlisted, ...hashOf(unlisted) })).toEqual(answer);
      expect(await ask(served, { query: unlisted, operationName: '' })).toEqual(answer);
      for (const request of [hashOf(unlisted), { doc_id: 'x' }]) {
        const error = {
          message: 'PersistedQueryNotSupported',
          extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
        };
        expect(await ask(served, request)).toEqual({ status: status(400), body: { errors: [error] } });
      }
      const refused = await ask(served, { documentId: first.documentId });
      expect(refused).toEqual({
        status: status(400),
        body: {
          errors: [
            {
              message: 'This service has no persisted documents: send the text of the document as query.',
              extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND', documentId: first.documentId },
            },
          ],
        },
      });
    },
  );
});

describe('an invalid folder of operations', () => {
  const broken = mkdtempSync(join(tmpdir(), 'hvql-operations-'));
  afterAll(() => rmSync(broken, { recursive: true, force: true }));

  it('prevents the service from starting, and is reported together with all other problems', async () => {
    writeFileSync(join(broken, 'a.graphql'), 'query A {\n  foo\n}');
    writeFileSync(join(broken, 'b.graphql'), '{');
    const program = new Program(['serve', '--port', '0', '--source', 'pages:nowhere'], {
      HVQL_OPERATIONS: broken,
    });
    expect(await program.exited).toBe(2);
    expect(program.stdout).toBe('');
    expect(program.stderr.trim().split('\n')).toEqual([
      expect.stringContaining('nowhere'),
      `hvql: ${broken}/a.graphql:2:3: Cannot query field "foo" on type "Query".`,
      `hvql: ${broken}/b.graphql:1:2: Syntax Error: Expected Name, found <EOF>.`,
    ]);
  });

  it('has no manifest, for the same reasons', async () => {
    writeFileSync(join(broken, 'a.graphql'), 'query A {\n  foo\n}');
    const program = new Program(['operations', broken]);
    expect(await program.exited).toBe(2);
    expect(program.stdout).toBe('');
    expect(program.stderr).toContain('a.graphql:2:3: Cannot query field "foo" on type "Query".');
  });
});

describe('the manifest', () => {
  it('is printed as JSON, with the ids that the service accepts', async () => {
    const program = new Program(['operations', folder]);
    expect(await program.exited).toBe(0);
    expect(program.stderr).toBe('');
    const manifest = JSON.parse(program.stdout);
    expect(manifest).toMatchObject({ format: 'hvql-operations', version: 1 });
    expect(manifest.operations.map(({ documentId }: any) => documentId)).toEqual(
      documents.map(({ documentId }) => documentId),
    );
  });
});
