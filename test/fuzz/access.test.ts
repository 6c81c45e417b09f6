/**
 * Random operations of random callers on random hosts, by every transport of a service: each answer is the one that the
 * rules, the host and its pages say. test/fuzz/operation.test.ts asks without a server, and so asks more.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { LiveOperations } from '../../src/execution/live/live-operations.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { noCredential } from '../../src/revocation/credential.ts';
import { createHttpServer } from '../../src/server/http/http-server.ts';
import { testHost, testLimits, type Answer } from '../ask.ts';
import { settle } from '../live.ts';
import { startTestService, type TestService } from '../server/test-service.ts';
import { transports, type ListenerToTry } from '../server/transport.ts';
import { choicesOf, fuzzSettings, oneOf, rarely } from './choice.ts';
import { RandomHost, type TakenSnapshot } from './random-host.ts';
import { isRefused, judge, randomTrial, reportOf, trialSampler, type Trial } from './trial.ts';

const schema = createSchema();
const secret = new Uint8Array(32).fill(7);
const folder = mkdtempSync(join(tmpdir(), 'hvql-access-fuzz-'));
const socketPath = join(folder, 'guest.sock');

const { seed, numRuns } = fuzzSettings(100);
/** Each runs some ten operations. */
const hosts = Array.from({ length: Math.ceil(numRuns / 10) }, (_, n) => new RandomHost(seed, 2_000 + n));

/** What the service runs over: another host and another caller of the guest socket for each trial. */
interface Current {
  readonly trial: Trial;
  readonly world: ReturnType<typeof worldOf>;
  readonly live: LiveOperations;
}
let current: Current;
let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    schema,
    contextOf: (requester) => operationContext(current.world, requester),
    execute: executeOperation,
    subscribe: (args) => current.live.subscribe(args),
    closeStreams: () => current.live.close(),
  });
  const guest = createHttpServer();
  service.addListener(guest, () => ({
    caller: current.trial.askedAs,
    by: 'guest socket',
    expiresAt: null,
    credential: noCredential,
  }));
  guest.listen(socketPath);
  await once(guest, 'listening');
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

function worldOf(trial: Trial) {
  const sampler = trialSampler(trial);
  const service = {
    version: '1.2.3',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  return { sampler, service };
}

/** The ways of this service: transports that ask twice are asked twice here, so that it is known what is held. */
const ways = ['POST', 'GET', 'SSE by POST', 'SSE by GET', 'WebSocket'] as const;
const listeners = {
  'a token': async ({ askedAs: { partitionId, privileges } }: Trial): Promise<ListenerToTry> => ({
    place: service,
    token: await new SignJWT({ hv_partition: partitionId.toString(), hv_privileges: [...privileges] })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret),
  }),
  'a guest socket': async (): Promise<ListenerToTry> => ({ place: { socketPath }, token: null }),
} as const;

/** Which outcomes each transport had, so that every transport has a case. */
const seen = new Set<string>();

/** One trial; returns what is wrong. */
async function problemsOf(number: number): Promise<string[]> {
  const choose = choicesOf(seed, number);
  const host = oneOf(choose, hosts);
  const way = oneOf(choose, ways);
  const isOfEvents = way.startsWith('SSE') || way === 'WebSocket';
  const root = isOfEvents && rarely(choose, 2) ? 'subscription' : 'query';
  const trial = randomTrial(choose, { schema, host, root });
  const world = worldOf(trial);
  const live = new LiveOperations(world);
  current = { trial, world, live };
  const who = oneOf(choose, Object.keys(listeners) as (keyof typeof listeners)[]);
  const listener = await listeners[who](trial);
  const { query, variables } = trial.operation;
  const send = transports[way];
  if (send === undefined) throw new RangeError(`there is no transport ${way}`);
  const ask = async (earlier: readonly TakenSnapshot[]): Promise<string[]> => {
    const { data, errors, status, end } = await send(listener, {
      parameters: { query, variables },
    });
    end();
    const answer: Answer = { data, ...(errors === undefined ? {} : { errors }) };
    const denied = (errors ?? []).some(({ extensions }) => extensions['code'] === 'ACCESS_DENIED');
    const what = isRefused(answer) ? 'refused' : denied ? 'denied' : 'read';
    for (const part of [way, who, root]) seen.add(`${part}: ${what}`);
    // Reads after an event say nothing about it.
    const snapshots = root === 'query' ? [...host.snapshots] : host.snapshots.slice(0, 1);
    const problems = judge(trial, answer, {
      snapshots,
      earlier,
      ...(root === 'query' ? {} : { previous: null }),
    });
    if (problems.length === 0) return [];
    const text = JSON.stringify(answer).slice(0, 3_000);
    return [`${root} by ${way} with ${who}, trial ${number}: ${status}`, ...problems, text];
  };
  host.rewind();
  try {
    const problems = await ask([]);
    // What was asked for in a place that was lost may still be read.
    await settle();
    // Orders by growth leave open which of the readings held they were made from.
    if (problems.length > 0 || root !== 'query' || query.includes('orderBy')) return problems;
    // The same bytes with the same credentials are served by the hot path.
    host.milliseconds += 50 * choose(40);
    const again = await ask(host.snapshots.splice(0));
    return again.map((problem) => `again: ${problem}`);
  } finally {
    live.close();
    await settle();
  }
}

describe('any operation of any caller', () => {
  it('gets the response that the rules require, by every transport', { timeout: 1_200_000 }, async () => {
    for (let number = 0; number < numRuns; number += 1) {
      const problems = await problemsOf(number);
      if (problems.length > 0) throw new Error(reportOf(current.trial, problems));
    }
    const parts = [...ways, ...Object.keys(listeners), 'query', 'subscription'];
    const unseen = parts
      .flatMap((part) => [`${part}: read`, `${part}: denied`])
      .filter((each) => !seen.has(each));
    expect(unseen).toEqual([]);
    expect(service.lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 40)).toEqual([]);
  });
});
