/** HTTP requests that only an attacker sends. */
import { ask } from './ask.ts';
import { kindsOf, type Kind, type Visit } from './kind.ts';
import { answersOf } from './transport.ts';
import type { Answer } from './answer.ts';

const body = '{"query":"{ viewer { isRoot } }"}';

function headersOf({ callers }: Visit, more: Record<string, string> = {}): Record<string, string> {
  return { authorization: `Bearer ${callers.root}`, 'content-type': 'application/json', ...more };
}

async function posted(
  visit: Visit,
  sent: { headers?: Record<string, string>; body: string | Buffer },
): Promise<readonly Answer[]> {
  const headers = headersOf(visit, sent.headers);
  return answersOf(visit, await ask(visit, { method: 'POST', headers, body: sent.body }));
}

/** What scanners send. */
export const hostileRequests: readonly Kind[] = kindsOf({
  'a batch': (visit) =>
    posted(visit, { body: `[${Array.from({ length: visit.random.whole(0, 500) }, () => body).join()}]` }),
  'a huge body': (visit) =>
    posted(visit, {
      body: `{"query":"{ viewer { isRoot } } #${'x'.repeat(visit.random.whole(1_100_000, 6_000_000))}"}`,
    }),
  'a huge body in chunks': (visit) =>
    posted(visit, {
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(visit.random.whole(1_100_000, 6_000_000), 0x20),
    }),
  'a body that is no JSON': (visit) =>
    posted(visit, {
      body: visit.random.one<string | Buffer>([
        '',
        '{',
        '{"query":',
        'query=%7B__typename%7D',
        '\uFEFF{}',
        '[{"query"',
        '['.repeat(100_000),
        '{"a":'.repeat(100_000),
        Buffer.from([0xff, 0xfe, 0x00]),
        Buffer.concat([Buffer.from('{"query":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
        Buffer.concat([Buffer.from([0x80]), visit.random.bytes(200)]),
      ]),
    }),
  'a wrong content type': (visit) =>
    posted(visit, {
      body,
      headers: visit.random.one<Record<string, string>>([
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/x-www-form-urlencoded' },
        { 'content-type': 'multipart/form-data; boundary=x' },
        { 'content-type': 'application/json; charset=utf-16' },
        { 'content-type': 'application/graphql' },
        { 'content-type': 'x'.repeat(5_000) },
        { 'content-encoding': 'gzip' },
        { 'content-encoding': 'identity, deflate' },
      ]),
    }),
  'a wrong method': async (visit) => {
    const method = visit.random.one(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND']);
    const reply = await ask(visit, { method, headers: headersOf(visit) });
    return method === 'HEAD' ? [{ channel: String(reply.status), code: 'no body' }] : answersOf(visit, reply);
  },
  'a path that is not there': async (visit) => {
    const path = visit.random.one([
      '/',
      '/graphqlx',
      '/graphql/',
      '//graphql',
      '/.git/config',
      '/graphql/../../etc/passwd',
      '/graphql/assets/../../package.json',
      '/graphql/assets/nothing.js',
      '/%00',
      '/%zz',
      `/${'x'.repeat(10_000)}`,
      `/?${'a=b&'.repeat(2_000)}`,
    ]);
    return answersOf(visit, await ask(visit, { path, headers: headersOf(visit) }));
  },
});
