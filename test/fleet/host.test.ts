import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signDelegated, type FleetGrant } from '../../src/fleet/delegated-token.ts';
import { aliveMilliseconds } from '../../src/fleet/host/fleet-host.ts';
import { parseAlive, type Alive } from '../../src/fleet/message.ts';
import { aliveSubject, askSubject } from '../../src/fleet/subject.ts';
import { emptyRevocationList } from '../../src/revocation/revocation-list.ts';
import { until } from '../until.ts';
import { natsServerPath, startNatsServer, type NatsServer } from './nats-server.ts';
import {
  addressOf,
  grant,
  makeKeys,
  openGateway,
  openHost,
  type TestHost,
  type TestKeys,
} from './test-host.ts';

const noToken = { tokenId: null, subject: null };
const own =
  '{ hypervisor { host } viewer { partitionId isRoot } partition { name virtualProcessors { index } } }';

describe.skipIf(natsServerPath === null)('a host in a fleet', () => {
  let nats: NatsServer;
  let keys: TestKeys;
  let host: TestHost;
  let gateway: Awaited<ReturnType<typeof openGateway>>;
  beforeAll(async () => {
    // Small messages, so that answers come in parts.
    nats = await startNatsServer('max_payload: 2048');
    keys = await makeKeys();
    gateway = await openGateway(nats.url, keys.key);
  });
  afterAll(async () => {
    await gateway.close();
    await nats.close();
    keys.remove();
  });
  beforeEach(async () => {
    host = await openHost({ nats: addressOf(nats.url), name: 'web-17', gatewayKeys: keys.path });
    await host.fleet.joined;
  });
  afterEach(async () => {
    await host.close();
    expect(gateway.questions.size).toBe(0);
  });

  it.each([1n, 'root', 5n] as const)(
    'returns the same response to the partition %s as over HTTP',
    async (partitionId) => {
      const token = await host.service.identity.sign(partitionId === 5n ? 5n : 1n);
      const response = await fetch(host.service.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: own }),
      });
      const answer = await gateway.ask('web-17', { query: own }, grant(partitionId));
      expect(answer).toEqual(await response.json());
      expect(answer.data.viewer.isRoot).toBe(partitionId !== 5n);
    },
  );

  it('sends its response in parts if it is longer than a NATS message may be', async () => {
    const query = '{ __schema { types { name fields { name description } } } }';
    const answer = await gateway.ask('web-17', { query });
    expect(JSON.stringify(answer).length).toBeGreaterThan(20 * 2048);
    expect(answer.data.__schema.types.length).toBeGreaterThan(20);
  });

  it('sends heartbeats by its own clock, and reads nothing for them', async () => {
    const said: (Alive | null)[] = [];
    const subscription = gateway.connection.subscribe(aliveSubject('web-18'), {
      callback: (_error, { data }) => void said.push(parseAlive(data)),
    });
    await gateway.connection.flush();
    const other = await openHost({
      nats: addressOf(nats.url),
      name: 'web-18',
      gatewayKeys: keys.path,
      clockAhead: 9e6,
    });
    await other.fleet.joined;
    await until(() => said.length > 0);
    const reads = other.source.batches.length;
    await until(() => said.length > 1);
    expect(other.source.batches.length).toBe(reads);
    const [first, second] = said;
    expect(first).toMatchObject({ version: '1.2.3', source: 'fake', isAnswering: true });
    expect(first?.at).toBeGreaterThan(Date.now() + 8e6);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(aliveMilliseconds - 1_000);
    expect(second?.instance).toBe(first?.instance);
    subscription.unsubscribe();
    await other.close();
  });

  it('is refused while another host has its name', async () => {
    const second = await openHost({ nats: addressOf(nats.url), name: 'web-17', gatewayKeys: keys.path });
    await expect(second.fleet.joined).rejects.toThrow(
      'A host with the name web-17 is already in this fleet: give each host its own --host-name, or stop the other one first.',
    );
    await second.close();
    expect(await gateway.ask('web-17', { query: '{ __typename }' })).toEqual({
      data: { __typename: 'Query' },
    });
    await host.close();
    host = await openHost({ nats: addressOf(nats.url), name: 'web-17', gatewayKeys: keys.path });
    await host.fleet.joined;
  });

  it('returns an unexpected error immediately, with the id under which it is logged', async () => {
    const verify = () => Promise.reject(new TypeError('what only the log may have'));
    const nameless = { nats: addressOf(nats.url), name: 'web-19', gatewayKeys: keys.path, verify };
    const other = await openHost(nameless);
    await other.fleet.joined;
    const { errors } = await gateway.ask('web-19', { query: own });
    expect(errors).toMatchObject([
      { message: 'Unexpected error', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ]);
    const line = other.lines.find((each) => each.includes('what only the log may have'));
    expect(line).toContain(errors[0].extensions.requestId);
    await other.close();
  });

  it('joins once NATS is available, and responds again when NATS is back', async () => {
    await nats.kill();
    const late = await openHost({ nats: addressOf(nats.url), name: 'web-19', gatewayKeys: keys.path });
    await nats.restart();
    await late.fleet.joined;
    for (const name of ['web-17', 'web-19']) {
      let answer: unknown = null;
      await until(async () => {
        answer = await gateway.ask(name, { query: '{ hypervisor { host } }' }).catch(() => null);
        return answer !== null;
      });
      expect(answer).toEqual({ data: { hypervisor: { host: name } } });
    }
    await late.close();
  });

  describe('refuses a token', () => {
    const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;
    const claims = { hv_partition: 'root', hv_host: '*' };
    const refusals: [string, () => Promise<string>, RegExp][] = [
      ['that is missing', async () => '', /^No identity was given/],
      [
        'of another key',
        () => sign(claims, { key: generateKeyPairSync('ed25519').privateKey }),
        /signature does not fit/,
      ],
      [
        'for another purpose',
        () => sign(claims, { audience: 'hvql' }),
        /claim aud is "hvql": expected "hvql.fleet"/,
      ],
      ['that names another host', () => sign({ ...claims, hv_host: 'web-18' }), /this is the host "web-17"/],
      ['that names no host', () => sign({ hv_partition: '1' }), /lacks the claim hv_host/],
      ['that has expired', () => sign(claims, { end: -1 }), /expired at/],
      ['that is valid for too long', () => sign(claims, { end: 60 }), /ends within 40 seconds/],
      ['without an end', () => sign(claims, { end: null }), /ends within 40 seconds/],
      [
        'that is not signed',
        async () =>
          new UnsecuredJWT(claims).setAudience('hvql.fleet').setExpirationTime(inSeconds(30)).encode(),
        /./,
      ],
      ['of its own callers', async () => host.service.rootToken, /./],
    ];
    async function sign(
      payload: object,
      how: { key?: TestKeys['key']['key']; audience?: string; end?: number | null } = {},
    ): Promise<string> {
      const { key = keys.key.key, audience = 'hvql.fleet', end = 30 } = how;
      const token = new SignJWT({ ...payload })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'a' })
        .setAudience(audience);
      if (end !== null) token.setExpirationTime(inSeconds(end));
      return token.sign(key);
    }

    it.each(refusals)('%s', async (_, token, message) => {
      const body = Buffer.from(JSON.stringify({ query: own }));
      const made = await token();
      const authorization = made === '' ? '' : `Bearer ${made}`;
      const reads = host.source.batches.length;
      const bytes = await gateway.questions.ask({ host: 'web-17', body, authorization }, 60_000);
      const answer = JSON.parse(bytes.toString());
      expect(answer).toEqual({
        errors: [{ message: expect.stringMatching(message), extensions: { code: 'UNAUTHENTICATED' } }],
      });
      expect(host.source.batches.length).toBe(reads);
    });

    it('that is signed, in development mode, where tokens are not signed', async () => {
      const unsigned = await openGateway(nats.url, null);
      const open = await openHost({ nats: addressOf(nats.url), name: 'web-20', gatewayKeys: null });
      await open.fleet.joined;
      const query = '{ viewer { isRoot } }';
      expect(await unsigned.ask('web-20', { query })).toEqual({ data: { viewer: { isRoot: true } } });
      for (const refused of [
        gateway.ask('web-20', { query }),
        unsigned.ask('web-20', { query }, grant('root', ['web-17'])),
      ])
        expect(await refused).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      await open.close();
      await unsigned.close();
    });
  });

  it('ignores messages without a reply subject of its own, and continues', async () => {
    const body = JSON.stringify({ query: own });
    const got: unknown[] = [];
    const subscription = gateway.connection.subscribe('hvql.host.web-18.to.x.1', {
      callback: () => void got.push(1),
    });
    gateway.connection.publish(askSubject('web-17'), body);
    gateway.connection.publish(askSubject('web-17'), body, { reply: 'hvql.host.web-18.to.x.1' });
    gateway.connection.publish(askSubject('web-17'), randomBytes(100), { reply: 'hvql.host.web-17.to.x.1' });
    expect(await gateway.ask('web-17', { query: '{ __typename }' })).toEqual({
      data: { __typename: 'Query' },
    });
    expect(got).toEqual([]);
    subscription.unsubscribe();
  });

  describe('streams', () => {
    const body = Buffer.from(JSON.stringify({ query: 'subscription { partition(every: "100ms") { id } }' }));
    async function watch(expiresInMilliseconds: number, token: FleetGrant['token'] = noToken) {
      const events: any[] = [];
      const ends: string[] = [];
      const given = { ...grant('root', '*', Date.now() + expiresInMilliseconds), token };
      const stream = gateway.questions.watch(
        { host: 'web-17', body, authorization: await gateway.authorize(given) },
        {
          event: (bytes) => void events.push(JSON.parse(bytes.toString())),
          end: (kind) => void ends.push(kind),
        },
      );
      return { stream, events, ends };
    }

    it('send events until they are cancelled', async () => {
      const { stream, events, ends } = await watch(60_000);
      await until(() => events.length > 2);
      expect(events[2]).toMatchObject({ data: { partition: { id: expect.any(String) } } });
      expect(host.live.size).toBe(1);
      stream.cancel();
      await until(() => host.live.size === 0);
      expect(ends).toEqual([]);
    });

    it('end with their lease, which a later token of the same caller extends', async () => {
      const { events, ends } = await watch(3_000);
      const renewed = await watch(3_000);
      renewed.stream.renew(await gateway.authorize(grant('root')));
      // Of another caller: it changes nothing.
      const foreign = await watch(3_000);
      foreign.stream.renew(await gateway.authorize(grant(5n)));
      await until(() => ends.length > 0 && foreign.ends.length > 0);
      expect([ends, foreign.ends, renewed.ends]).toEqual([['expired'], ['expired'], []]);
      expect(events.at(-1)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      const { length } = renewed.events;
      await until(() => renewed.events.length > length);
      renewed.stream.cancel();
      await until(() => host.live.size === 0);
    });

    const withdrawn: [string, () => unknown, string][] = [
      [
        'the id of the token of their caller',
        () => host.revocations.replace({ ...emptyRevocationList, tokenIds: new Set(['a']) }),
        'The token has been revoked',
      ],
      [
        'the subject of their caller',
        () => host.revocations.replace({ ...emptyRevocationList, subjects: new Set(['one']) }),
        'The token has been revoked',
      ],
    ];
    it.each(withdrawn)(
      'and queries end when %s is revoked; those of others continue',
      async (_, revoke, why) => {
        const mine = await watch(30_000, { tokenId: 'a', subject: 'one' });
        const others = await watch(30_000, { tokenId: 'b', subject: 'two' });
        await until(() => mine.events.length > 0 && others.events.length > 0);
        const rights = { ...grant('root'), token: { tokenId: 'a', subject: 'one' } };
        const waiting =
          '{ hypervisor { logicalProcessor(index: 1) { rates(over: "1m") { totalRunTime } } } }';
        const underWay = gateway.ask('web-17', { query: waiting }, rights);
        await until(() => host.source.batches.flat().includes('lp/1'));
        revoke();
        const error = { extensions: { code: 'UNAUTHENTICATED' } };
        expect(await underWay).toMatchObject({ errors: [{ ...error, message: `${why}.` }] });
        await until(() => mine.ends.length > 0);
        expect(mine.events.at(-1)).toMatchObject({
          errors: [{ ...error, message: `${why}, so the stream has ended.` }],
        });
        const { length } = others.events;
        await until(() => others.events.length > length);
        expect([mine.ends, others.ends]).toEqual([['expired'], []]);
        expect(await gateway.ask('web-17', { query: own }, rights)).toMatchObject({ errors: [error] });
        others.stream.cancel();
        await until(() => host.live.size === 0);
      },
    );

    it('end when the key of their gateway is withdrawn, unless a token with another key has renewed them', async () => {
      const next = await makeKeys('b');
      const [before, after] = [keys.path, next.path].map((path) => readFileSync(path, 'utf8'));
      const both = { keys: [before, after].flatMap((text) => JSON.parse(text ?? '').keys) };
      writeFileSync(keys.path, JSON.stringify(both));
      await host.renewKeys();
      const [mine, renewed] = [await watch(30_000), await watch(29_000)];
      const later = await signDelegated(grant('root'), { key: next.key, now: Date.now() + 2_000 });
      const authorization = `Bearer ${later}`;
      const question = { host: 'web-17', body: Buffer.from('{"query":"{ __typename }"}'), authorization };
      await gateway.questions.ask(question, 60_000);
      // Known to the host by now, so it takes effect before the question that follows it.
      renewed.stream.renew(authorization);
      await gateway.questions.ask(question, 60_000);
      await until(() => mine.events.length > 0);
      writeFileSync(keys.path, after ?? '');
      await host.renewKeys();
      writeFileSync(keys.path, before ?? '');
      await until(() => mine.ends.length > 0);
      expect(mine.events.at(-1).errors[0].message).toContain('The key of the token has been withdrawn');
      const { length } = renewed.events;
      await until(() => renewed.events.length > length);
      renewed.stream.cancel();
      next.remove();
    });

    it('end when their host closes, with the reason', async () => {
      const { events, ends } = await watch(60_000);
      await until(() => events.length > 0);
      await host.close();
      await until(() => ends.length > 0);
      expect(ends).toEqual(['service']);
      await expect(gateway.ask('web-17', { query: own })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
    });

    it('receive only an error if they are rejected', async () => {
      const ends: string[] = [];
      const events: any[] = [];
      gateway.questions.watch(
        {
          host: 'web-17',
          body: Buffer.from(JSON.stringify({ query: 'subscription { nothing }' })),
          authorization: await gateway.authorize(grant('root')),
        },
        {
          event: (bytes) => void events.push(JSON.parse(bytes.toString())),
          end: (kind) => void ends.push(kind),
        },
      );
      await until(() => ends.length > 0);
      expect([events.length, events[0].errors[0].extensions.code, ends]).toEqual([
        1,
        'GRAPHQL_VALIDATION_FAILED',
        ['complete'],
      ]);
    });
  });
});
