/** The audits of graphql-http, which follow the draft "GraphQL over HTTP" sentence by sentence, against the running service. */
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Served } from './program.ts';

/** The same bytes a second time take the hot path. */
const paths = [
  { by: 'through Yoga', flags: ['--hot-path', 'off'], times: 1 },
  { by: 'by the hot path', flags: ['--hot-path', 'on'], times: 2 },
];

/** What each of them asks for begins with MUST, SHOULD or MAY: also what the draft leaves open is done its way. */
describe.each(paths)('the service, audited by graphql-http $by,', ({ flags, times }) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(flags);
  });
  afterAll(() => served.program.stop());

  const audits = serverAudits({
    // They are listed before the service listens.
    url: () => served.url,
    fetchFn: async (url: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${served.tokens[0]}`);
      for (let n = 1; n < times; n += 1) await (await fetch(url, { ...init, headers })).arrayBuffer();
      return fetch(url, { ...init, headers });
    },
  });

  it.each(audits)('$name ($id)', async ({ fn }) => {
    const result = await fn();
    const there = result.status === 'ok' ? '' : `${result.reason} (${result.response.status})`;
    expect(result.status, there).toBe('ok');
  });

  it('runs all 61 audits', () => {
    expect(new Set(audits.map(({ id }) => id)).size).toBe(61);
    const levels = audits.map(({ name }) => name.split(' ', 1)[0]);
    expect([...new Set(levels)].sort()).toEqual(['MAY', 'MUST', 'SHOULD']);
  });
});
