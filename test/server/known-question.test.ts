/** Requests that were parsed and checked once are not parsed and checked again, which must not change any result. */
import { Socket } from 'node:net';
import { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GraphQLError } from 'graphql';
import { allowlist, type Allow } from '../../src/server/allowlist.ts';
import { documentIdOf } from '../../src/server/named-document.ts';
import { operationReader } from '../../src/server/operation-reader.ts';
import { DocumentStore } from '../../src/server/document-store.ts';
import { testLimits } from '../ask.ts';
import { startTestService, testSchema, type TestService } from './test-service.ts';

const services: TestService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
  vi.restoreAllMocks();
});

function post(body: string | Buffer): { request: IncomingMessage; search: string } {
  const request = new IncomingMessage(new Socket());
  request.method = 'POST';
  request.headers = { 'content-type': 'application/json' };
  request.push(body);
  request.push(null);
  return { request, search: '' };
}
function get(search: string): { request: IncomingMessage; search: string } {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  return { request, search };
}

describe('a request', () => {
  it('that was allowed is the same operation object when its exact bytes arrive again', async () => {
    const allow = vi.fn<Allow>(allowlist(null));
    const read = operationReader(allow);
    const first = await read(post('{"query":"{ hello }"}'));
    expect(await read(post('{"query":"{ hello }"}'))).toBe(first);
    expect(await read(post('{"query":"{ hello }" }'))).not.toBe(first);
    const byGet = await read(get('query={hello}'));
    expect(await read(get('query={hello}'))).toBe(byGet);
    expect(allow).toHaveBeenCalledTimes(3);
  });

  it('that was refused is parsed again', async () => {
    const allow = vi.fn<Allow>(allowlist([]));
    const read = operationReader(allow);
    for (const _ of [1, 2]) {
      await expect(read(post('{"query":"{ hello }"}'))).rejects.toThrow(/only listed operations/);
      await expect(read(post('{"query":'))).rejects.toThrow(/not valid JSON/);
    }
    expect(allow).toHaveBeenCalledTimes(2);
  });

  it('is not taken for one with other bytes, even if both decode to the same text', async () => {
    const read = operationReader(allowlist(null));
    // U+FFFD, which is also what bytes that are no UTF-8 are often read as.
    await read(post('{"query":"{ hello }","variables":{"t":"\ufffd"}}'));
    const broken = Buffer.concat([
      Buffer.from('{"query":"{ hello }","variables":{"t":"'),
      Buffer.from([0xff]),
      Buffer.from('"}}'),
    ]);
    await expect(read(post(broken))).rejects.toThrow('The body is not UTF-8.');
  });

  it('is removed from the cache by others, and is not cached if it is long', async () => {
    const read = operationReader(allowlist(null));
    const short = await read(post('{"query":"{ hello }"}'));
    const long = `{"query":"{ hello }${' '.repeat(10_000)}"}`;
    expect(await read(post(long))).not.toBe(await read(post(long)));
    expect(await read(post('{"query":"{ hello }"}'))).toBe(short);
    for (let n = 0; n < 300; n += 1) await read(post(`{"query":"{ a${n}: hello }"}`));
    expect(await read(post('{"query":"{ hello }"}'))).not.toBe(short);
  });

  it('gets the same response the second time, for every caller', async () => {
    const service = await startTestService();
    services.push(service);
    const other = `Bearer ${await service.identity.sign(5n)}`;
    const ask = async (authorization: string) => {
      const headers = { 'content-type': 'application/json', authorization };
      return (await service.post({ query: '{ partition }' }, { headers })).json();
    };
    const root = `Bearer ${service.rootToken}`;
    for (const _ of [1, 2]) {
      expect(await ask(root)).toEqual({ data: { partition: '1' } });
      expect(await ask(other)).toEqual({ data: { partition: '5' } });
    }
    expect(await ask('Bearer x')).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('with a listed document remains the only accepted one, even if others are repeated', async () => {
    const text = '{ hello }';
    const service = await startTestService({ allowedDocuments: [{ documentId: documentIdOf(text), text }] });
    services.push(service);
    for (const _ of [1, 2]) {
      expect((await service.post({ query: text })).status).toBe(200);
      expect((await service.post({ query: '{ hello  }' })).status).toBe(403);
    }
  });
});

describe('a document', () => {
  const prepare = (introspection: 'on' | 'off' = 'on') =>
    new DocumentStore({ schema: testSchema, limits: testLimits, introspection });

  it('is parsed and validated once per text', () => {
    const prepared = prepare();
    const first = prepared.prepare('{ hello }');
    expect(prepared.prepare('{ hello }')).toBe(first);
    const wrong = prepared.prepare('{ hallo }');
    expect(prepared.prepare('{ hallo }').errors).toBe(wrong.errors);
    expect(prepared.prepare('{').errors).toBe(prepared.prepare('{').errors);
  });

  it('with errors keeps no stack traces', () => {
    const stacks = ['{', '{ hallo }'].flatMap((text) =>
      prepare()
        .prepare(text)
        .errors.map(({ stack }) => stack),
    );
    expect(stacks).toEqual(['', '']);
  });

  it('that selects the schema is refused if no caller may read it, the first time and the second', () => {
    const prepared = prepare('off');
    for (const _ of [1, 2]) {
      const [error] = prepared.prepare('{ __schema { queryType { name } } }').errors;
      expect(error).toBeInstanceOf(GraphQLError);
      expect(error.message).toMatch(/introspection/i);
    }
  });
});
