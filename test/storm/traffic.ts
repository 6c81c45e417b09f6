/** All the traffic at once, in lanes of clients that each start again as soon as they are done. */
import { setMaxListeners } from 'node:events';
import { Agent } from 'node:http';
import type { Answer } from './answer.ts';
import { hostileConnections, patientConnections, slowReaders } from './hostile-connection.ts';
import { hostileDocuments } from './hostile-document.ts';
import { hostileRequests } from './hostile-request.ts';
import { hostileWebSockets, patientWebSockets } from './hostile-websocket.ts';
import type { Kind, StormWorld, Visit } from './kind.ts';
import { outageTraffic } from './outage/outage-traffic.ts';
import { probes } from './probe.ts';
import { protocolConnections } from './protocol-connection.ts';
import { mistakes } from './mistake.ts';
import { greed, overLimits } from './over-limit.ts';
import { largeQuestions, questions } from './question.ts';
import { randomOperations } from './random-operation.ts';
import { unauthorized } from './unauthorized.ts';
import type { Tally } from './tally.ts';
import type { Troubles } from './trouble.ts';
import { endlessly, watching } from './watching.ts';

/** Kinds that take turns, and how many of them are under way at once. */
interface Lane {
  readonly kinds: readonly Kind[];
  readonly concurrency: number;
  /** Whether they come to the service that has outages. */
  readonly isOfOutages?: boolean;
}

/** Those that take their time have lanes of their own, so that no others wait for them. */
const lanes: readonly Lane[] = [
  { kinds: questions, concurrency: 6 },
  { kinds: largeQuestions, concurrency: 1 },
  { kinds: watching, concurrency: 8 },
  { kinds: endlessly, concurrency: 2 },
  { kinds: mistakes, concurrency: 3 },
  { kinds: overLimits, concurrency: 3 },
  { kinds: greed, concurrency: 1 },
  { kinds: unauthorized, concurrency: 4 },
  { kinds: hostileDocuments, concurrency: 2 },
  { kinds: hostileRequests, concurrency: 2 },
  { kinds: hostileConnections, concurrency: 3 },
  { kinds: patientConnections, concurrency: 6 },
  { kinds: protocolConnections, concurrency: 3 },
  { kinds: randomOperations, concurrency: 3 },
  { kinds: outageTraffic, concurrency: 4, isOfOutages: true },
  { kinds: slowReaders, concurrency: 1 },
  { kinds: hostileWebSockets, concurrency: 2 },
  { kinds: patientWebSockets, concurrency: 6 },
  { kinds: probes, concurrency: 1 },
];

/** Longer than anything may take, also on a machine that is ten times busier: an answer that has not come by then hangs. */
const limitMilliseconds = 180_000;

/** The target of the traffic, and what judges it. */
export interface TrafficOptions extends Omit<StormWorld, 'agent' | 'over'> {
  readonly tally: Tally;
  readonly troubles: Troubles;
  readonly outages: Troubles;
}

/** Runs the traffic until the signal is aborted, and until all who are under way then are done. */
export async function runTraffic(options: TrafficOptions, over: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  // Each that waits listens to it, and there are many.
  setMaxListeners(0, over);
  const world: StormWorld = { ...options, agent, over };
  try {
    const used = lanes.filter(({ isOfOutages }) => isOfOutages !== true || options.outageService !== null);
    await Promise.all(used.flatMap((lane) => runLane(lane, { ...options, world })));
  } finally {
    agent.destroy();
  }
}

interface LaneOptions extends Pick<TrafficOptions, 'tally' | 'troubles' | 'outages'> {
  readonly world: StormWorld;
}

function runLane(lane: Lane, { world, tally, troubles, outages }: LaneOptions): Promise<void>[] {
  const { kinds, concurrency, isOfOutages = false } = lane;
  let turn = 0;
  return Array.from({ length: concurrency }, async () => {
    while (!world.over.aborted) {
      const kind = kinds[turn++ % kinds.length];
      if (kind === undefined) return;
      const from = performance.now();
      const answers = await attempt(kind, world);
      const to = performance.now();
      if (answers === null) continue;
      tally.count({
        kind: kind.name,
        answers,
        isInTrouble: (isOfOutages ? outages : troubles).touch(from, to),
        milliseconds: to - from,
      });
    }
  });
}

/** What was answered; null where the traffic was over before anything was. */
async function attempt(kind: Kind, world: StormWorld): Promise<readonly Answer[] | null> {
  const limit = new AbortController();
  setMaxListeners(0, limit.signal);
  const visit: Visit = { ...world, signal: limit.signal };
  const { promise: late, resolve: giveUp } = promiseWithResolvers<readonly Answer[]>();
  const timer = setTimeout(() => giveUp([{ channel: 'any', code: 'hangs' }]), limitMilliseconds);
  try {
    const answers = await Promise.race([kind.attempt(visit), late]);
    return answers.length === 0 && world.over.aborted ? null : answers;
  } catch (thrown) {
    return [{ channel: 'socket', code: 'cut', message: String(thrown) }];
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
}

/** Promise.withResolvers, which Node has from version 22 on. */
function promiseWithResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((resolveIt) => (resolve = resolveIt));
  return { promise, resolve };
}
