import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyLimitInBytes } from '../../src/server/operation-reader.ts';
import { requesterOf, send, startTestService, type TestService } from './test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const json = async (response: Response): Promise<unknown> => response.json();
const asRoot = (): Record<string, string> => ({ authorization: `Bearer ${service.rootToken}` });
const get = (parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service.url}?${new URLSearchParams(parameters).toString()}`, {
    headers: { ...asRoot(), ...headers },
  });

describe('an operation by POST', () => {
  it('returns JSON that must not be cached', async () => {
    const response = await service.post({ query: '{ hello }' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await json(response)).toEqual({ data: { hello: 'world' } });
  });

  it('accepts variables and an operation name', async () => {
    const query = 'query A($t: String!) { length(text: $t) } query B { hello }';
    expect(await json(await service.post({ query, operationName: 'A', variables: { t: 'four' } }))).toEqual({
      data: { length: 4 },
    });
  });

  it('runs for the caller of the token, and the token itself is not passed on', async () => {
    const authorization = `Bearer ${await service.identity.sign(5n)}`;
    const headers = { 'content-type': 'application/json', authorization, 'x-partition': '1' };
    const response = await service.post({ query: '{ partition privileges keys }' }, { headers });
    const { data } = (await response.json()) as { data: Record<string, string> };
    expect(data).toMatchObject({ partition: '5', privileges: 'ACCESS_STATS,ACCESS_STATS_MSR' });
    expect(data['keys']).not.toContain('authorization');
  });

  it('returns the requested media type', async () => {
    const headers = {
      ...asRoot(),
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    };
    const response = await service.post({ query: '{ hello }' }, { headers });
    expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    expect(await json(response)).toEqual({ data: { hello: 'world' } });
  });

  it('is refused for an unknown media type', async () => {
    const headers = { ...asRoot(), 'content-type': 'application/json', accept: 'image/png' };
    expect((await service.post({ query: '{ hello }' }, { headers })).status).toBe(406);
  });

  it.each([
    ['{', 'The body is not valid JSON.'],
    ['', 'The body is not valid JSON.'],
    ['[]', 'The body needs to be a JSON object, but is an array; batching is not supported.'],
    [
      '[{"query":"{ hello }"}]',
      'The body needs to be a JSON object, but is an array; batching is not supported.',
    ],
    ['null', 'The body needs to be a JSON object, but is null.'],
    ['"x"', 'The body needs to be a JSON object, but is a string.'],
    ['{}', 'The parameter query needs to be a GraphQL document, but is missing.'],
    ['{"query":1}', 'The parameter query needs to be a GraphQL document, but is not a string.'],
    [
      '{"query":"{ hello }","variables":"x"}',
      'Expected "variables" param to be empty or an object, but given string.',
    ],
  ])('with the body %s is a bad request', async (body, message) => {
    const headers = {
      ...asRoot(),
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    };
    const response = await service.post(body, { headers });
    expect(response.status).toBe(400);
    expect(await json(response)).toEqual({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('may begin with a byte order mark, in repeated requests as well', async () => {
    for (let n = 0; n < 3; n++) {
      const response = await fetch(service.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${service.rootToken}` },
        body: `\ufeff${JSON.stringify({ query: '{ hello }' })}`,
      });
      expect(await response.json()).toMatchObject({ data: { hello: expect.anything() } });
    }
  });

  it('that is not UTF-8 is a bad request', async () => {
    const response = await fetch(service.url, {
      method: 'POST',
      headers: { ...asRoot(), 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('The body is not UTF-8.');
  });

  it.each([
    ['text/plain', 'not "text/plain".'],
    ['application/x-www-form-urlencoded', 'not "application/x-www-form-urlencoded".'],
    ['multipart/form-data; boundary=x', 'not "multipart/form-data; boundary=x".'],
    ['application/json; charset=latin1', 'not "application/json; charset=latin1".'],
  ])('with the content type %s is refused', async (type, ending) => {
    const response = await service.post('{ hello }', { headers: { ...asRoot(), 'content-type': type } });
    expect(response.status).toBe(415);
    expect(await json(response)).toEqual({
      errors: [
        {
          message: `The body needs the content type application/json in UTF-8, ${ending}`,
          extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' },
        },
      ],
    });
  });

  it('with an encoded body is refused', async () => {
    const headers = { ...asRoot(), 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect((await service.post('x', { headers })).status).toBe(415);
  });

  it.each([
    ['whose length is declared', (bytes: number) => ({ headers: { 'content-length': String(bytes) } })],
    ['that comes in chunks', () => ({ headers: { 'transfer-encoding': 'chunked' } })],
  ])('with a body that is too long, %s, is refused with a clear message', async (_, headersOf) => {
    const chunk = ' '.repeat(65_536);
    const chunks = Array.from({ length: bodyLimitInBytes / chunk.length + 4 }, () => chunk);
    const { headers } = headersOf(chunks.length * chunk.length);
    const answer = await send(service.url, {
      method: 'POST',
      headers: { ...asRoot(), 'content-type': 'application/json', ...headers },
      body: chunks,
    });
    expect(answer.status).toBe(413);
    const { errors } = JSON.parse(answer.body.toString()) as {
      errors: { message: string; extensions: object }[];
    };
    expect(errors[0]?.message).toBe('The body has more than 1048576 bytes, the most that is read.');
    expect(errors[0]?.extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 1_048_576 });
  });

  it('with a body that is too long leaves the connection usable for the next request', async () => {
    const socket = connect(service.port, '127.0.0.1');
    let answers = '';
    socket.on('data', (bytes: Buffer) => (answers += bytes.toString()));
    const head = ['POST /graphql HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${service.rootToken}`];
    head.push('Content-Type: application/json', 'Transfer-Encoding: chunked', '', '');
    socket.write(head.join('\r\n'));
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    // More than the buffers of both ends hold.
    for (let n = 0; n < 200; n += 1) socket.write(chunk);
    socket.write('0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });

  it('with a body of the maximum length is accepted', async () => {
    const query = '{ hello }'.padEnd(bodyLimitInBytes - '{"query":""}'.length);
    expect((await service.post({ query })).status).toBe(200);
  });

  it('with a document of too many tokens is rejected before its validation', async () => {
    const { errors } = (await (await service.post({ query: `{ ${'hello '.repeat(20_000)} }` })).json()) as {
      errors: { message: string }[];
    };
    expect(errors[0]?.message).toMatch(/more tha[nt] 10000 tokens/);
  });

  it.each([
    ['parsed', `{ length(text: ${'['.repeat(4_900)}${']'.repeat(4_900)}) }`],
    ['validated', `{ hello ${'{ hello '.repeat(2_400)}${'}'.repeat(2_400)} }`],
  ])('that is nested too deeply to be %s is a client error', async (_step, query) => {
    const response = await service.post({ query });
    expect(await json(response)).toEqual({
      errors: [
        {
          message: expect.stringMatching(
            /^The document is nested too deeply to be read\.$|^The operation is 24\d\d fields deep/,
          ),
          // Which of them depends on the stack that is left: validation may fit into it, and the limit on depth is next.
          extensions: expect.objectContaining({
            code: expect.stringMatching(/^(?:GRAPHQL_VALIDATION_FAILED|LIMIT_EXCEEDED)$/),
          }),
        },
      ],
    });
  });

  it('with invalid variables gets an error with a code', async () => {
    const query = 'query Q($t: String!) { length(text: $t) }';
    expect(await json(await service.post({ query, variables: { t: 4 } }))).toMatchObject({
      errors: [
        { message: expect.stringContaining('got invalid value 4'), extensions: { code: 'BAD_USER_INPUT' } },
      ],
    });
  });
});

describe('an operation by GET', () => {
  it('runs', async () => {
    const query = 'query Q($t: String!) { length(text: $t) }';
    expect(await json(await get({ query, variables: '{"t":"abc"}', operationName: 'Q' }))).toEqual({
      data: { length: 3 },
    });
  });

  it('accepts null for parameters that are not given, as in a body', async () => {
    const response = await get({ query: '{ hello }', variables: 'null', extensions: 'null' });
    expect(await json(response)).toEqual({ data: { hello: 'world' } });
  });

  it.each([
    [{ query: '{ hello }', variables: '{' }, 'The parameter variables is not valid JSON.'],
    [
      { query: '{ hello }', variables: '[1]' },
      'The parameter variables needs to be a JSON object, but is an array.',
    ],
    [{ query: '{ hello }', extensions: 'x' }, 'The parameter extensions is not valid JSON.'],
    [{ operationName: 'x' }, 'The parameter query needs to be a GraphQL document, but is missing.'],
  ])('with %j is a bad request', async (parameters, message) => {
    const response = await get(parameters);
    expect(await json(response)).toEqual({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
    expect(response.status).toBe(400);
  });
});

describe('an operation that cannot run', () => {
  it.each([
    ['{ hello', 'Syntax Error: Expected Name, found <EOF>.', 'GRAPHQL_PARSE_FAILED'],
    [
      '{ hallo }',
      'Cannot query field "hallo" on type "Query". Did you mean "hello"?',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'query A { hello } query B { hello }',
      'Could not determine what operation to execute.',
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('gets an error, with the status for its media type: %s', async (query, message, code) => {
    const accept = (type: string): RequestInit => ({
      headers: { ...asRoot(), 'content-type': 'application/json', accept: type },
    });
    const strict = await service.post({ query }, accept('application/graphql-response+json'));
    expect(strict.status).toBe(400);
    const answer = (await strict.json()) as { errors: unknown[] };
    expect(answer.errors[0]).toMatchObject({ message, extensions: { code } });
    expect(answer).not.toHaveProperty('data');
    const lenient = await service.post({ query }, accept('application/json'));
    expect(lenient.status).toBe(code === 'OPERATION_RESOLUTION_FAILURE' ? 400 : 200);
  });

  it('gets an error if its variables are invalid', async () => {
    const headers = {
      ...asRoot(),
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    };
    const query = 'query ($n: Even) { even(n: $n) }';
    const response = await service.post({ query, variables: { n: 3 } }, { headers });
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: unknown[] };
    expect(errors[0]).toMatchObject({
      message: 'Variable "$n" got invalid value 3; Even needs an even number, but got 3.',
    });
  });

  it('gets a short error if its invalid variables are very large', async () => {
    const query = 'query ($n: Even) { even(n: $n) }';
    const response = await service.post({ query, variables: { n: 'x'.repeat(100_000) } });
    const text = await response.text();
    expect(text).toContain('Variable \\"$n\\" got invalid value \\"xxx');
    expect(text.length).toBeLessThan(1_500);
  });

  it('gets an error at the path of a null in a non-null field', async () => {
    const query = 'query ($t: String = "x") { length(text: $t) }';
    expect(await json(await service.post({ query, variables: { t: null } }))).toMatchObject({
      data: { length: null },
      errors: [{ message: expect.stringContaining('must not be null') as string, path: ['length'] }],
    });
  });
});

describe('the execution engine', () => {
  it('is the function that was passed', async () => {
    const own = await startTestService({
      execute: async (args) => ({
        data: { by: 'this one', has: 'caller' in (args.contextValue as object) },
      }),
    });
    try {
      expect(await json(await own.post({ query: '{ hello }' }))).toEqual({
        data: { by: 'this one', has: true },
      });
    } finally {
      await own.close();
    }
  });
});

describe('a client that disconnects', () => {
  it('aborts the signal of its resolvers', async () => {
    let aborted: () => void = () => undefined;
    const wasAborted = new Promise<void>((resolve) => (aborted = resolve));
    let started: () => void = () => undefined;
    const wasStarted = new Promise<void>((resolve) => (started = resolve));
    const onWait = (signal: AbortSignal): Promise<string> => {
      started();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted();
          reject(new Error('gone'));
        });
      });
    };
    const own = await startTestService({
      contextOf: (requester) => ({ ...requesterOf(requester), onWait }),
    });
    try {
      const client = new AbortController();
      const answer = own.post(
        { query: '{ wait }' },
        {
          headers: { authorization: `Bearer ${own.rootToken}`, 'content-type': 'application/json' },
          signal: client.signal,
        },
      );
      await wasStarted;
      client.abort();
      await expect(answer).rejects.toThrow();
      await wasAborted;
    } finally {
      await own.close();
    }
    expect(own.lines.filter((line) => line.includes('"level":50'))).toEqual([]);
  });
});
