/** Repeated requests run without Yoga, with exactly the responses of Yoga. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Plugin } from 'graphql-yoga';
import { startLiveService, type LiveService } from './live-service.ts';
import { requesterOf, startTestService, type TestService } from './test-service.ts';
import { HvqlError } from '../../src/errors.ts';
import type { Requester } from '../../src/server/context.ts';

const services: TestService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

/** Counts what passes through Yoga. */
function counter(): { readonly plugin: Plugin; readonly count: () => number } {
  let executed = 0;
  return { plugin: { onExecute: () => void (executed += 1) }, count: () => executed };
}

async function start(options: Parameters<typeof startTestService>[0] = {}): Promise<TestService> {
  const service = await startTestService(options);
  services.push(service);
  return service;
}

const query = '{ hello partition }';

describe('the hot path', () => {
  it('serves the second request with the same bytes from every sender, with the rights of that sender', async () => {
    const { plugin, count } = counter();
    const service = await start({ plugins: [{ plugin, observesOnly: true }] });
    const other = { authorization: `Bearer ${await service.identity.sign(5n)}` };
    const ask = async (headers = {}) =>
      (
        await service.post(JSON.stringify({ query }), {
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${service.rootToken}`,
            ...headers,
          },
        })
      ).json();
    expect(await ask()).toEqual({ data: { hello: 'world', partition: '1' } });
    expect(await ask()).toEqual({ data: { hello: 'world', partition: '1' } });
    expect(count()).toBe(1);
    // A token that is not known yet goes through Yoga once.
    expect(await ask(other)).toEqual({ data: { hello: 'world', partition: '5' } });
    expect(await ask(other)).toEqual({ data: { hello: 'world', partition: '5' } });
    expect(count()).toBe(2);
    expect(await ask({ authorization: 'Bearer x' })).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it.each([
    ['it is switched off', { hotPath: false }],
    ['a plugin may deny operations', {}],
  ])('is disabled if %s', async (_, options) => {
    const { plugin, count } = counter();
    const service = await start({
      ...options,
      plugins: [{ plugin, observesOnly: 'hotPath' in options }],
    });
    for (const _ of [1, 2, 3]) await (await service.post({ query })).text();
    expect(count()).toBe(3);
  });

  it.each([
    ['another media type', { headers: { accept: 'application/graphql-response+json' } }],
    [
      'another spelling of the content type',
      { headers: { 'content-type': 'application/json; charset=UTF-8' } },
    ],
    ['another method', { method: 'GET' }],
    ['a query string', { search: '?x=1' }],
  ])('passes a request with %s to Yoga the first time', async (_, change) => {
    const { plugin, count } = counter();
    const service = await start({ plugins: [{ plugin, observesOnly: true }] });
    const ask = ({ headers = {}, method = 'POST', search = '' } = {}) =>
      fetch(service.url + (method === 'GET' ? `?query=${encodeURIComponent(query)}` : search), {
        method,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${service.rootToken}`,
          ...headers,
        },
        ...(method === 'GET' ? {} : { body: JSON.stringify({ query }) }),
      });
    await (await ask()).text();
    await (await ask()).text();
    expect(count()).toBe(1);
    const response = await ask(change);
    expect(await response.json()).toEqual({ data: { hello: 'world', partition: '1' } });
    expect(count()).toBe(2);
  });

  it('does not cache a query that has errors', async () => {
    const { plugin, count } = counter();
    const service = await start({ plugins: [{ plugin, observesOnly: true }] });
    for (const _ of [1, 2]) await (await service.post({ query: '{ hello denied }' })).text();
    expect(count()).toBe(2);
  });

  it('masks, audits and returns errors like Yoga', async () => {
    interface Asked extends Requester {
      readonly onWait: () => Promise<string>;
    }
    const audit: string[] = [];
    let failing: Error | null = null;
    const service = await start({
      audit: (line) => audit.push(line),
      contextOf: (requester): Asked => ({
        ...requesterOf(requester),
        onWait: () => (failing === null ? Promise.resolve('fine') : Promise.reject(failing)),
      }),
    });
    const ask = async () => {
      const response = await service.post({ query: 'query Ask { wait }' });
      return [response.status, (await response.text()).replace(/"requestId":"[^"]*"/, '')];
    };
    const both = async (thrown: Error) => {
      const answers = [];
      // By Yoga where there is no entry yet; then an entry is made, and the hot path meets the same error.
      failing = thrown;
      answers.push(await ask());
      failing = null;
      await ask();
      failing = thrown;
      answers.push(await ask());
      failing = null;
      return answers;
    };
    const [byYoga, hot] = await both(new HvqlError('ACCESS_DENIED', 'Not yours.', { reason: 'NOT_ROOT' }));
    expect(byYoga).toEqual(hot);
    expect(byYoga?.[1]).toContain('"ACCESS_DENIED"');
    const lines = audit.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ event, way, operation }) => [event, way, operation])).toEqual([
      ['denied', 'POST', 'Ask'],
      ['denied', 'POST', 'Ask'],
    ]);
    const secret = await (async () => {
      failing = new Error('the password is swordfish');
      return ask();
    })();
    expect(secret[1]).toContain('Unexpected error');
    expect(secret[1]).not.toContain('swordfish');
  });
});

describe('a subscription', () => {
  it('is started through Yoga each time', async () => {
    let subscribed = 0;
    const plugin: Plugin = { onSubscribe: () => void (subscribed += 1) };
    const service: LiveService = await startLiveService({ plugins: [{ plugin, observesOnly: true }] });
    services.push(service);
    const headers = { authorization: `Bearer ${service.rootToken}`, accept: 'text/event-stream' };
    for (const n of [1, 2, 3]) {
      const answer = fetch(`${service.url}?query=subscription{tick}`, { headers });
      const stream = await service.stream();
      stream.end();
      await (await answer).text();
      expect(subscribed).toBe(n);
    }
  });
});
