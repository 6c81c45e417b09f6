import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HvqlError } from '../../src/errors.ts';
import { maskErrors } from '../../src/server/error-mask.ts';
import { readableLog, secretText, send, startTestService, type TestService } from './test-service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const masked = (path: readonly (string | number)[]): unknown => ({
  message: 'Unexpected error',
  locations: [{ line: 1, column: 3 }],
  path,
  extensions: {
    code: 'INTERNAL_SERVER_ERROR',
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  },
});

describe('an error of a resolver', () => {
  it.each([
    'throwsError',
    'rejects',
    'throwsText',
    'throwsNull',
    'throwsGraphqlError',
    'wrapsError',
    'grumpy',
    'notInteger',
    'thing',
  ])('by %s is masked, and is logged with the id that the client gets', async (name) => {
    const selection = name === 'thing' ? 'thing { id }' : name;
    const response = await service.post({ query: `{ ${selection} hello }` });
    const text = await response.text();
    expect(text).not.toContain('swordfish');
    expect(JSON.parse(text)).toEqual({ data: { [name]: null, hello: 'world' }, errors: [masked([name])] });
    expect(response.status).toBe(200);
    const requestId = response.headers.get('x-request-id') ?? 'none';
    expect(text).toContain(requestId);
    const logged = service.lines.filter((line) => line.includes(requestId) && line.includes('"level":50'));
    expect(logged).toHaveLength(1);
    if (name !== 'throwsNull' && name !== 'notInteger') expect(logged[0]).toContain(secretText);
    if (name === 'throwsError') expect(logged[0]).toContain('test-service.ts');
  });

  it('for a missing non-null value is masked', async () => {
    const response = await service.post({ query: '{ nothing }' });
    expect(await response.json()).toEqual({ data: null, errors: [masked(['nothing'])] });
  });

  it('of type HvqlError reaches the client with its code and facts', async () => {
    expect(await (await service.post({ query: '{ denied hello }' })).json()).toEqual({
      data: { denied: null, hello: 'world' },
      errors: [
        {
          message: 'Not yours.',
          locations: [{ line: 1, column: 3 }],
          path: ['denied'],
          extensions: { code: 'ACCESS_DENIED', hvStatus: 'HV_STATUS_ACCESS_DENIED', reason: 'NOT_ROOT' },
        },
      ],
    });
  });
});

describe('an error outside the resolvers', () => {
  it.each([
    ['an Error', () => new Error(secretText)],
    ['a string', () => secretText],
    ['an object', () => ({ toString: () => secretText })],
    ['nothing', () => undefined],
    ['several errors', () => new AggregateError([new Error(secretText), new Error(secretText)])],
    ['a TimeoutError', () => new DOMException(secretText, 'TimeoutError')],
  ])('of a context function that throws %s is masked', async (_, make) => {
    const own = await startTestService({
      contextOf: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- anything can be thrown
        throw make();
      },
    });
    try {
      const response = await own.post({ query: '{ hello }' });
      const text = await response.text();
      expect(response.status).toBe(500);
      expect(text).not.toContain('swordfish');
      const { errors } = JSON.parse(text) as { errors: object[] };
      expect(errors[0]).toEqual({
        message: 'Unexpected error',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: response.headers.get('x-request-id') },
      });
    } finally {
      await own.close();
    }
  });

  it('of the execution engine is masked', async () => {
    const own = await startTestService({ execute: () => Promise.reject(new TypeError(secretText)) });
    try {
      const response = await own.post({ query: '{ hello }' });
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('swordfish');
    } finally {
      await own.close();
    }
  });

  it('of the identity method is masked', async () => {
    const own = await startTestService({
      identity: { authenticate: () => Promise.reject(new Error(secretText)) },
    });
    try {
      const response = await own.post({ query: '{ hello }' });
      expect(response.status).toBe(500);
      expect(await response.json()).toEqual({
        errors: [
          {
            message: 'Unexpected error',
            extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: response.headers.get('x-request-id') },
          },
        ],
      });
      expect(own.lines.join('')).toContain(secretText);
    } finally {
      await own.close();
    }
  });

  it('of type HvqlError reaches clients, also from the context function', async () => {
    const own = await startTestService({
      contextOf: () => {
        throw new HvqlError('LIMIT_EXCEEDED', 'Too much.', { limit: 1 });
      },
    });
    try {
      const body = await (await own.post({ query: '{ hello }' })).json();
      expect(body).toEqual({
        errors: [{ message: 'Too much.', extensions: { code: 'LIMIT_EXCEEDED', limit: 1 } }],
      });
    } finally {
      await own.close();
    }
  });
});

describe('an error in a stream of events', () => {
  it('is masked, both in an event and as the end of the stream', async () => {
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${service.rootToken}`,
      accept: 'text/event-stream',
    };
    const response = await service.post({ query: 'subscription { tick }' }, { headers });
    const text = await response.text();
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(text).toContain('{"data":{"tick":"one"}}');
    expect(text).not.toContain('swordfish');
    expect(text.match(/"message":"Unexpected error"/g)).toHaveLength(2);
  });
});

describe('a request for something other than an operation', () => {
  it.each([
    ['/', 404, 'There is nothing at this path; GraphQL is at /graphql.'],
    ['/graphql/', 404, 'There is nothing at this path; GraphQL is at /graphql.'],
    ['//', 404, 'There is nothing at this path; GraphQL is at /graphql.'],
    ['/graphql/assets/nothing.js', 404, 'There is nothing at this path; GraphQL is at /graphql.'],
    ['/graphql/assets/../../package.json', 404, 'There is nothing at this path; GraphQL is at /graphql.'],
  ])('for %s has the status %d', async (path, status, message) => {
    const answer = await send(service.url, { path });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toEqual({
      errors: [{ message, extensions: { code: 'NOT_FOUND' } }],
    });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['/graphql', 'PUT', 'GET, POST'],
    ['/graphql', 'OPTIONS', 'GET, POST'],
    ['/graphql', 'HEAD', 'GET, POST'],
    ['/health', 'POST', 'GET, HEAD'],
    ['/ready', 'DELETE', 'GET, HEAD'],
  ])('for %s with the method %s gets the list of methods', async (path, method, allow) => {
    const answer = await send(service.url, { path, method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
  });

  it('from a page of another origin has no CORS headers that permit reading the response', async () => {
    const answer = await send(service.url, {
      method: 'POST',
      headers: {
        origin: 'https://evil.example',
        authorization: `Bearer ${service.rootToken}`,
        'content-type': 'application/json',
      },
      body: ['{"query":"{ hello }"}'],
    });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('the error mask', () => {
  const { log } = readableLog();
  const context = { requestId: 'r', signal: new AbortController().signal, server: { log } };

  it('handles errors that did not pass through GraphQL', () => {
    const own = new HvqlError('PAGE_UNAVAILABLE', 'Gone.');
    expect(
      maskErrors([own, new Error(secretText), secretText], context).map((error) => error.toJSON()),
    ).toEqual([
      { message: 'Gone.', extensions: { code: 'PAGE_UNAVAILABLE' } },
      { message: 'Unexpected error', extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r' } },
      { message: 'Unexpected error', extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r' } },
    ]);
  });

  it('finds an HvqlError inside other errors', () => {
    const deep = new GraphQLError('Gone.', {
      path: ['a'],
      originalError: new GraphQLError('Gone.', { originalError: new HvqlError('PAGE_UNAVAILABLE', 'Gone.') }),
    });
    expect(maskErrors([deep], context)).toEqual([deep]);
  });
});
