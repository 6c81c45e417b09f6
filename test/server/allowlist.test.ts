import { createHash } from 'node:crypto';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowlist, type AllowedDocument } from '../../src/server/allowlist.ts';
import { documentIdOf } from '../../src/server/named-document.ts';
import { HttpError } from '../../src/server/http/http-error.ts';
import { openAcknowledged, startLiveService, type LiveService } from './live-service.ts';
import { until } from '../until.ts';

const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const allow = (text: string): AllowedDocument => ({ documentId: documentIdOf(text), text });

const hello = '# Greets.\nquery Hello { hello }\n';
const live = 'subscription Live { tick }';
const two = 'query One { hello }\nsubscription Two { tick }';
const list = [hello, live, two].map(allow);
const foreign = '{ __typename }';
const malformed =
  'The parameter documentId needs to be "sha256:" and 64 hexadecimal digits in lower case, but is ';

/** The outcome of a request: the text that runs, or the problem. */
function outcomeOf(allowed: readonly AllowedDocument[] | null, request: object): unknown {
  try {
    return allowlist(allowed)({ ...request }).query;
  } catch (thrown) {
    if (!(thrown instanceof HttpError)) throw thrown;
    return [thrown.status, thrown.extensions['code'], thrown.message];
  }
}

describe('the id of a document', () => {
  it('is the SHA-256 of its text in UTF-8, as the GraphQL draft specifies', () => {
    // The examples of GraphQL over HTTP, appendix "Persisted Documents".
    expect(documentIdOf('query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}')).toBe(
      'sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e',
    );
    expect(documentIdOf('query($id:ID!){user(id:$id){name}}')).toBe(
      'sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b',
    );
    expect(documentIdOf('# é €\n{ a }')).toBe(hashOf('# é €\n{ a }'));
  });
});

describe('an allowlist with a list', () => {
  it.each([
    ['its id', { documentId: hashOf(hello) }],
    ['its id and an empty query', { query: '', documentId: hashOf(hello) }],
    ['its id and a query that is null', { query: null, documentId: hashOf(hello) }],
    ['its text', { query: hello }],
    ['its text and an id that is null', { query: hello, documentId: null }],
    ['its text and its id', { query: hello, documentId: hashOf(hello) }],
  ])('accepts a document that is named by %s', (_, request) => {
    expect(outcomeOf(list, request)).toBe(hello);
  });

  it.each([
    ['another text', { query: foreign }, 403, 'OPERATION_NOT_ALLOWED', 'this document is not listed'],
    ['its text with an extra space', { query: `${hello} ` }, 403, 'OPERATION_NOT_ALLOWED', 'the exact text'],
    ['its text with an extra byte order mark', { query: `\ufeff${hello}` }, 403, 'OPERATION_NOT_ALLOWED', ''],
    ['introspection', { query: '{ __schema { types { name } } }' }, 403, 'OPERATION_NOT_ALLOWED', ''],
    ['a text that is not GraphQL', { query: '}{' }, 403, 'OPERATION_NOT_ALLOWED', ''],
    ['an empty text', { query: '' }, 403, 'OPERATION_NOT_ALLOWED', ''],
    ['another id', { documentId: hashOf(foreign) }, 400, 'PERSISTED_DOCUMENT_NOT_FOUND', 'use another id'],
    [
      'another text with its id',
      { query: foreign, documentId: hashOf(foreign) },
      400,
      'PERSISTED_DOCUMENT_NOT_FOUND',
      'have the document added',
    ],
    [
      'its text with the id of another',
      { query: hello, documentId: hashOf(live) },
      400,
      'BAD_REQUEST',
      `need to name the same document, but the id of the text is ${hashOf(hello)}`,
    ],
    [
      'another text with the id of a listed one',
      { query: foreign, documentId: hashOf(hello) },
      400,
      'BAD_REQUEST',
      '',
    ],
    [
      'neither',
      {},
      400,
      'BAD_REQUEST',
      'The parameter query needs to be a GraphQL document, but is missing.',
    ],
    ['a query of another type', { query: 1 }, 400, 'BAD_REQUEST', 'but is not a string.'],
    [
      'such a query together with an id',
      { query: [], documentId: hashOf(hello) },
      400,
      'BAD_REQUEST',
      'but is not',
    ],
    ['an id of another type', { documentId: 1 }, 400, 'BAD_REQUEST', `${malformed}not a string.`],
    ['an empty id', { documentId: '' }, 400, 'BAD_REQUEST', `${malformed}"".`],
    ['a hash alone', { documentId: hashOf(hello).slice(7) }, 400, 'BAD_REQUEST', malformed],
    ['an id in upper case', { documentId: hashOf(hello).toUpperCase() }, 400, 'BAD_REQUEST', malformed],
    ['an id with a line break', { documentId: `${hashOf(hello)}\n` }, 400, 'BAD_REQUEST', malformed],
    ['a long id', { documentId: 'x'.repeat(1e6) }, 400, 'BAD_REQUEST', `"${'x'.repeat(100)}".`],
  ])('refuses %s', (_, request, status, code, message) => {
    expect(outcomeOf(list, request)).toEqual([status, code, expect.stringContaining(message)]);
  });

  it('distinguishes two texts that have the same bytes in UTF-8', () => {
    const replaced = '# \ufffd\n{ hello }';
    expect(outcomeOf([allow(replaced)], { query: replaced })).toBe(replaced);
    expect(outcomeOf([allow(replaced)], { query: replaced.replace('\ufffd', '\ud800') })).toEqual([
      403,
      'OPERATION_NOT_ALLOWED',
      expect.any(String),
    ]);
  });

  it('passes on the other parameters unchanged, and the id of the document', () => {
    const request = { documentId: hashOf(two), operationName: 'One', variables: { n: 1 }, extensions: {} };
    const operation = allowlist(list)(request);
    expect(operation.parameters).toEqual({
      query: two,
      operationName: 'One',
      variables: { n: 1 },
      extensions: {},
    });
    expect(operation.documentId).toBe(hashOf(two));
  });
});

const hash = (text: string, more: object = {}): object => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(text).slice(7), ...more } },
});

describe('an allowlist with a manifest', () => {
  // The key of GraphQL Code Generator looks like a hash of the text but is another one.
  const codegenKey = hashOf('before printing');
  const listed: readonly AllowedDocument[] = [
    { ...allow(hello), keys: ['36fb238ddc126d79f09bfdb536691fb8', 'hello'] },
    { ...allow(live), keys: [codegenKey] },
    { ...allow(two), keys: [hashOf(two).slice(7)] },
  ];

  it.each([
    ['a key of it as doc_id', { doc_id: '36fb238ddc126d79f09bfdb536691fb8' }, hello],
    ['another key of it', { doc_id: 'hello', query: '' }, hello],
    ['a key as documentId', { documentId: 'hello', query: null }, hello],
    ['a key as hash', hash('', { sha256Hash: 'hello' }), hello],
    ['its hash', hash(hello), hello],
    ['its hash, and its id', { documentId: hashOf(hello), ...hash(hello) }, hello],
    ['a key that begins with sha256:', { documentId: codegenKey }, live],
    ['such a key as hash', hash('', { sha256Hash: codegenKey }), live],
    ['such a key without its prefix as hash', hash('before printing'), live],
    ['the hash of its text beside such a key', { doc_id: codegenKey, ...hash(live) }, live],
    ['such a key and its text', { documentId: codegenKey, query: live }, live],
    ['a key and its text', { doc_id: 'hello', query: hello }, hello],
    ['its hash and its text', { query: hello, ...hash(hello) }, hello],
    ['a key that is its hash', { doc_id: hashOf(two).slice(7) }, two],
    ['a hash without a version', hash(two, { version: undefined }), two],
    [
      'its text together with ids that are null',
      { query: two, doc_id: null, extensions: { persistedQuery: null } },
      two,
    ],
  ])('accepts a document that is named by %s', (_, request, text) => {
    expect(outcomeOf(listed, request)).toBe(text);
  });

  it.each([
    ['an unknown hash', hash(foreign), 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['an unknown key', { doc_id: 'x' }, 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['an unknown key as documentId', { documentId: 'x' }, 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['an unknown key as hash', hash('', { sha256Hash: 'x' }), 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['a hash as doc_id', { doc_id: hashOf(hello) }, 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['another text with its hash', { query: foreign, ...hash(foreign) }, 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['a text with the key of another', { query: two, doc_id: 'hello' }, 'BAD_REQUEST'],
    ['a text with the hash of another', { query: two, ...hash(hello) }, 'BAD_REQUEST'],
    ['another text with a key', { query: foreign, doc_id: 'hello' }, 'BAD_REQUEST'],
    ['a text with its hash as doc_id', { query: hello, doc_id: hashOf(hello) }, 'BAD_REQUEST'],
    ['a text with an unknown key', { query: hello, doc_id: 'x' }, 'BAD_REQUEST'],
    ['ids of two documents', { doc_id: 'hello', documentId: hashOf(two) }, 'BAD_REQUEST'],
    ['a key of another type', { doc_id: 1 }, 'BAD_REQUEST'],
    ['a hash of another type', hash('', { sha256Hash: 1 }), 'BAD_REQUEST'],
    ['no hash', hash('', { sha256Hash: undefined }), 'BAD_REQUEST'],
    ['another version', hash(hello, { version: 2 }), 'BAD_REQUEST'],
    [
      'a persistedQuery of another type together with a text',
      { query: hello, extensions: { persistedQuery: [] } },
      'BAD_REQUEST',
    ],
    ['a query of another type', { query: 1, doc_id: 'hello' }, 'BAD_REQUEST'],
  ])('refuses %s', (_, request, code) => {
    expect(outcomeOf(listed, request)).toEqual([400, code, expect.any(String)]);
  });

  it.each([
    [{ doc_id: 'x' }, 'PERSISTED_DOCUMENT_NOT_FOUND', 'no listed document has this id'],
    [hash(foreign), 'PERSISTED_DOCUMENT_NOT_FOUND', 'no listed document has this id'],
    [
      hash('', { sha256Hash: 'x' }),
      'BAD_REQUEST',
      'The parameter extensions.persistedQuery.sha256Hash needs to be 64 hexadecimal digits in lower case, but is "x".',
    ],
  ])('for a folder, whose ids are hashes, refuses %j', (request, code, message) => {
    expect(outcomeOf(list, request)).toEqual([400, code, expect.stringContaining(message)]);
  });
});

describe('an allowlist without a list', () => {
  it('accepts any text, and computes its id', () => {
    const operation = allowlist(null)({ query: foreign, variables: null });
    expect([operation.query, operation.documentId]).toEqual([foreign, hashOf(foreign)]);
    expect(operation.parameters).toEqual({ query: foreign, variables: null });
    expect(outcomeOf(null, { query: foreign, documentId: hashOf(foreign) })).toBe(foreign);
  });

  it.each([
    [
      { documentId: hashOf(hello) },
      'PERSISTED_DOCUMENT_NOT_FOUND',
      'This service has no persisted documents: send the text of the document as query.',
    ],
    [{ documentId: 'x' }, 'BAD_REQUEST', `${malformed}"x".`],
    [{ query: hello, documentId: hashOf(live) }, 'BAD_REQUEST', expect.stringContaining('the same document')],
    [{}, 'BAD_REQUEST', 'The parameter query needs to be a GraphQL document, but is missing.'],
    // Links for persisted queries look for this message, or this code.
    [hash(hello), 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported'],
    [{ doc_id: 'x' }, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported'],
    [{ query: hello, ...hash(live) }, 'BAD_REQUEST', expect.stringContaining('the same document')],
    [{ query: hello, doc_id: 'x' }, 'BAD_REQUEST', expect.stringContaining('send query without it')],
  ])('refuses %j', (request, code, message) => {
    expect(outcomeOf(null, request)).toEqual([400, code, message]);
  });

  it('accepts a text together with its hash', () => {
    expect(outcomeOf(null, { query: hello, ...hash(hello) })).toBe(hello);
  });

  it('treats an empty operation name as a missing one', () => {
    expect(allowlist(null)({ query: hello, operationName: '' }).parameters).toEqual({ query: hello });
  });
});

describe('a service with a list of allowed documents', () => {
  let service: LiveService;
  beforeAll(async () => {
    service = await startLiveService({ allowedDocuments: list, first: { data: { tick: 'one' } } });
  });
  afterAll(() => service.close());
  const headers = (accept: string): RequestInit => ({
    headers: {
      accept,
      'content-type': 'application/json',
      authorization: `Bearer ${service.rootToken}`,
    },
  });

  it.each(['application/json', 'application/graphql-response+json'])(
    'returns refusals as %s, with their status',
    async (type) => {
      const notAllowed = await service.post({ query: '{' }, headers(type));
      expect([notAllowed.status, notAllowed.headers.get('content-type')]).toEqual([
        403,
        `${type}; charset=utf-8`,
      ]);
      expect(await notAllowed.json()).toEqual({
        errors: [
          {
            message:
              'This service answers only listed operations, and this document is not listed: send the exact text of ' +
              'one, or its documentId.',
            extensions: { code: 'OPERATION_NOT_ALLOWED', documentId: hashOf('{') },
          },
        ],
      });
      const notFound = await service.post({ documentId: hashOf(foreign) }, headers(type));
      expect([notFound.status, notFound.headers.get('content-type')]).toEqual([
        400,
        `${type}; charset=utf-8`,
      ]);
      expect(await notFound.json()).toMatchObject({
        errors: [{ extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND', documentId: hashOf(foreign) } }],
      });
    },
  );

  it('decides between a response and events by the document, not by the request', async () => {
    const accept = 'application/json, text/event-stream';
    const typeOf = async (body: object): Promise<string | null> => {
      const response = await service.post(body, headers(accept));
      await response.body?.cancel();
      return response.headers.get('content-type');
    };
    expect(await typeOf({ documentId: hashOf(live) })).toContain('text/event-stream');
    expect(await typeOf({ documentId: hashOf(hello) })).toContain('application/json');
    expect(await typeOf({ documentId: hashOf(two), operationName: 'One' })).toContain('application/json');
    expect(await typeOf({ documentId: hashOf(two), operationName: 'Two' })).toContain('text/event-stream');
    expect(await typeOf({ query: 'subscription Other { tick }' })).toContain('application/json');
  });

  it('answers graphql-sse, which sends an empty query and an id', async () => {
    const client = createSseClient({
      url: service.url,
      headers: { authorization: `Bearer ${service.rootToken}` },
      retryAttempts: 0,
    });
    const ask = (documentId: string): AsyncIterableIterator<unknown> =>
      client.iterate({ query: '', documentId } as { query: string });
    const events = ask(hashOf(live));
    expect((await events.next()).value).toEqual({ data: { tick: 'one' } });
    await events.return?.();
    expect((await ask(hashOf(hello)).next()).value).toEqual({ data: { hello: 'world' } });
    await expect(ask(hashOf(foreign)).next()).rejects.toMatchObject({ response: { status: 400 } });
    client.dispose();
  });

  it('answers graphql-ws, which sends an empty query and an id', async () => {
    const client = createWebSocketClient({
      url: service.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${service.rootToken}` },
      retryAttempts: 0,
    });
    const ask = (documentId: string): AsyncIterableIterator<unknown> =>
      client.iterate({ query: '', documentId } as { query: string });
    const events = ask(hashOf(live));
    expect((await events.next()).value).toEqual({ data: { tick: 'one' } });
    await events.return?.();
    expect((await ask(hashOf(hello)).next()).value).toEqual({ data: { hello: 'world' } });
    await expect(ask(hashOf(foreign)).next()).rejects.toMatchObject([
      { extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND', documentId: hashOf(foreign) } },
    ]);
    await client.dispose();
  });

  it.each([
    ['no query', { documentId: hashOf(hello) }, 'next'],
    ['a query that is null', { query: null, documentId: hashOf(hello) }, 'next'],
    ['an id of another type', { documentId: 1 }, 'BAD_REQUEST'],
    ['another text', { query: foreign }, 'OPERATION_NOT_ALLOWED'],
  ])('answers a subscribe message with %s, and keeps its connection open', async (_, payload, expected) => {
    const { messages, send, socket } = await openAcknowledged(service);
    send({ id: 'a', type: 'subscribe', payload });
    await until(() => messages.some(({ id }) => id === 'a'));
    const answer = messages.find(({ id }) => id === 'a');
    if (expected === 'next') expect(answer).toMatchObject({ payload: { data: { hello: 'world' } } });
    else expect(answer).toMatchObject({ type: 'error', payload: [{ extensions: { code: expected } }] });
    // The id is free again.
    const before = messages.length;
    send({ id: 'a', type: 'subscribe', payload: { query: hello } });
    await until(() => messages.slice(before).some(({ type }) => type === 'complete'));
    socket.close();
  });

  it.each([{}, { query: null }, { documentId: null }])(
    'answers a subscribe message that names no document with an error, and continues: %j',
    async (payload) => {
      const { send, messages } = await openAcknowledged(service);
      send({ id: 'a', type: 'subscribe', payload });
      await until(() => messages.length > 1);
      expect(messages.at(-1)).toMatchObject({
        id: 'a',
        type: 'error',
        payload: [
          { message: expect.stringContaining('The parameter query'), extensions: { code: 'BAD_REQUEST' } },
        ],
      });
    },
  );

  it('logs only expected problems', () => {
    expect(service.complaints()).toEqual([]);
  });
});
