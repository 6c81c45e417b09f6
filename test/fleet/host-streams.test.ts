import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetGrant } from '../../src/fleet/delegated-token.ts';
import type { HostQuestion, HostStreamListener } from '../../src/fleet/gateway/host-questions.ts';
import type { ReturnListener } from '../../src/fleet/gateway/host-registry.ts';
import type { HostStream } from '../../src/fleet/gateway/live/host-stream.ts';
import { HostStreams, streamRequest } from '../../src/fleet/gateway/live/host-streams.ts';
import { caller } from '../ask.ts';
import { readableLog } from '../server/test-service.ts';

/** A stream that was requested from a host. */
interface Watched extends HostStreamListener {
  readonly question: HostQuestion;
  readonly renewals: string[];
  isCancelled: boolean;
}

/** Streams of hosts whose events are sent by a test. */
class Bench {
  readonly watched: Watched[] = [];
  readonly grants: FleetGrant[] = [];
  readonly missed: string[] = [];
  readonly absent = new Set<string>();
  readonly questions = {
    isConnected: true,
    watch: (question: HostQuestion, listener: HostStreamListener) => {
      const each: Watched = { ...listener, question, renewals: [], isCancelled: false };
      this.watched.push(each);
      return {
        renew: (authorization: string) => void each.renewals.push(authorization),
        cancel: () => void (each.isCancelled = true),
      };
    },
  };
  say: ReturnListener = () => undefined;
  readonly streams: HostStreams;

  constructor() {
    this.streams = new HostStreams({
      registry: {
        get: (name: string) => ({
          name,
          alive: null,
          seenAt: null,
          clockOffsetMilliseconds: null,
          status: this.absent.has(name) ? 'UNREACHABLE' : 'ANSWERING',
        }),
        problem: () => null,
        answered: () => undefined,
        missed: (host: string) => void this.missed.push(host),
        onReturn: (listener: ReturnListener) => {
          this.say = listener;
          return () => undefined;
        },
      },
      questions: this.questions,
      authorize: async (grant) => `token ${this.grants.push(grant)}`,
      hostDeadlineMilliseconds: 2_000,
      log: readableLog().log,
      now: Date.now,
    });
  }

  hold(host: string, expiresAt: number | null = null): HostStream {
    const part = {
      text: 'hypervisor { host }',
      fragments: new Map(),
      variables: new Map(),
      expectedBytes: 64,
    };
    const rights = { caller: caller(1n), hosts: '*' } as const;
    const request = streamRequest(part, {
      rights,
      rightsKey: 'root',
      everyMilliseconds: 1_000,
      variables: {},
    });
    return this.streams.hold(request, { host, holder: { expiresAt } });
  }

  /** The newest stream of a host. */
  of(host: string): Watched {
    const found = this.watched.findLast(({ question }) => question.host === host);
    if (found === undefined) throw new Error(`no stream of ${host}`);
    return found;
  }
}

const event = (value: string): Buffer => Buffer.from(JSON.stringify({ data: { p0: { host: value } } }));
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('the streams of a gateway', () => {
  let bench: Bench;
  beforeEach(() => {
    vi.useFakeTimers();
    bench = new Bench();
  });
  afterEach(() => {
    bench.streams.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
  const code = (stream: HostStream): unknown => {
    try {
      return stream.read().value;
    } catch (thrown) {
      return (thrown as { code: unknown }).code;
    }
  };

  it("subscribe to the host's part of the operation at the interval", async () => {
    bench.hold('web-1');
    await pass(0);
    expect(JSON.parse(Buffer.from(bench.of('web-1').question.body).toString())).toEqual({
      query: 'subscription Fleet{p0:hypervisor(every:"1s"){host}}',
      variables: {},
    });
  });

  it('are renewed every ten seconds with a fresh token of the most recent caller, and cancelled with the last caller', async () => {
    const stream = bench.hold('web-1', Date.now() + 25_000);
    await pass(0);
    const until = Date.now() + 60_000;
    const other = { expiresAt: until };
    expect(bench.hold('web-1')).toBe(stream);
    const [first, second] = stream.holders;
    if (first === undefined || second === undefined) throw new Error('two holders are needed');
    bench.streams.release(stream, second);
    stream.holders.add(other);
    bench.of('web-1').event(event('web-1'));
    await pass(9_900);
    expect(bench.of('web-1').renewals).toEqual([]);
    await pass(20_200);
    expect(bench.of('web-1').renewals).toEqual(['token 2', 'token 3', 'token 4']);
    expect(bench.grants.at(-1)).toMatchObject({ expiresAt: until });
    bench.streams.release(stream, first);
    expect(bench.of('web-1').isCancelled).toBe(false);
    bench.streams.release(stream, other);
    expect([bench.of('web-1').isCancelled, bench.streams.size, vi.getTimerCount()]).toEqual([true, 0, 0]);
  });

  it('outlive the credentials of one caller if those of another are still valid', async () => {
    const stream = bench.hold('web-1', Date.now() + 3_000);
    await pass(0);
    bench.of('web-1').event(event('web-1'));
    stream.holders.add({ expiresAt: null });
    await pass(1_000);
    expect(bench.of('web-1').renewals).toEqual(['token 2']);
    expect(bench.grants.map(({ expiresAt }) => expiresAt === null)).toEqual([false, true]);
    // The last event of the host when a lease has ended.
    bench.of('web-1').event(Buffer.from('{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}'));
    expect(code(stream)).toMatchObject({ host: 'web-1' });
  });

  it('keep the last value for two intervals, and for a shorter time if the host is not alive', async () => {
    const stream = bench.hold('web-1');
    await pass(0);
    expect(code(stream)).toBe('HOST_UNREACHABLE');
    bench.of('web-1').event(event('web-1'));
    await pass(2_300);
    expect(stream.read()).toMatchObject({ value: { host: 'web-1' }, ageMilliseconds: 2_300 });
    bench.absent.add('web-1');
    expect(code(stream)).toBe('HOST_UNREACHABLE');
    bench.absent.delete('web-1');
    await pass(300);
    expect(code(stream)).toBe('HOST_UNREACHABLE');
    bench.of('web-1').event(event('web-1'));
    expect(code(stream)).toMatchObject({ host: 'web-1' });
  });

  it('start again if a host has restarted or has lost them, immediately when it returns', async () => {
    const stream = bench.hold('web-1');
    await pass(0);
    bench.of('web-1').event(event('web-1'));
    bench.of('web-1').end('unreachable');
    expect(code(stream)).toBe('HOST_UNREACHABLE');
    await pass(2_000);
    expect(bench.watched).toHaveLength(2);
    bench.of('web-1').event(event('web-1'));
    // A lease that has ended leaves the last value.
    bench.of('web-1').end('expired');
    expect(code(stream)).toMatchObject({ host: 'web-1' });
    await pass(1_000);
    expect(bench.watched).toHaveLength(3);
    bench.of('web-1').event(event('web-1'));
    await pass(0);
    // Another process does not have the stream.
    bench.say('web-1', { isOther: true });
    await pass(0);
    expect(bench.watched).toHaveLength(4);
    bench.absent.add('web-1');
    bench.of('web-1').end('unreachable');
    await pass(1_500);
    expect(bench.watched).toHaveLength(4);
    bench.say('web-1', { isOther: false });
    await pass(0);
    expect(bench.watched).toHaveLength(5);
  });

  it('wait for NATS while it is not reachable', async () => {
    const stream = bench.hold('web-1');
    await pass(0);
    bench.questions.isConnected = false;
    bench.of('web-1').end('unreachable');
    await pass(30_000);
    expect(bench.watched).toHaveLength(1);
    bench.questions.isConnected = true;
    bench.streams.onReconnect();
    await pass(0);
    bench.of('web-1').event(event('web-1'));
    expect(code(stream)).toMatchObject({ host: 'web-1' });
  });

  it('keep the error of a host that rejects them, and try again later', async () => {
    const stream = bench.hold('web-1');
    await pass(0);
    const errors = [{ message: 'no', extensions: { code: 'ACCESS_DENIED' } }];
    bench.of('web-1').event(Buffer.from(JSON.stringify({ errors })));
    bench.of('web-1').end('complete');
    await pass(10_000);
    expect(stream.read().value).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(bench.watched).toHaveLength(1);
    await pass(6_000);
    expect(bench.watched).toHaveLength(2);
  });

  it('are opened in batches, and a host that hangs is abandoned at the deadline', async () => {
    const streams = Array.from({ length: 250 }, (_, n) => bench.hold(`web-${n}`));
    await pass(0);
    expect(bench.watched).toHaveLength(100);
    for (let n = 1; n < 100; n += 1) bench.of(`web-${n}`).event(event('x'));
    await pass(0);
    expect(bench.watched).toHaveLength(199);
    await pass(2_000);
    expect(bench.missed).toContain('web-0');
    expect(streams[0] === undefined ? null : code(streams[0])).toBe('HOST_UNREACHABLE');
    expect(bench.of('web-0').isCancelled).toBe(true);
    expect(bench.grants).toHaveLength(1);
  });
});
