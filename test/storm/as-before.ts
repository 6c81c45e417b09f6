/** Whether a service responds correctly, and how fast: measured before and after a storm. */
import { Agent } from 'node:http';
import { isExpected } from './expectation.ts';
import { openEventStream } from './event-stream.ts';
import { examples } from './example.ts';
import type { StormWorld, Visit } from './kind.ts';
import { probes } from './probe.ts';
import type { Stream } from './stream.ts';
import { post, type Question } from './transport.ts';
import { openWebSocketStream } from './websocket-visitor.ts';

/** How the service responds. */
export interface Answering {
  /** What is not as expected. */
  readonly problems: readonly string[];
  /**
   * Median of one small question, asked again and again: the least of some series, as machines are busy at times. NaN
   * where it was not asked for.
   */
  readonly medianMilliseconds: number;
}

const eventsWanted = 3;
const timedSeries = 3;
const timedQuestions = 400;
const limitMilliseconds = 120_000;
const timed =
  '{ partition { name counters { virtualProcessors } virtualProcessors { counters { totalRunTime } } } }';

/** Runs every example, receives events by each transport, requests /ready and /health, and may time one query. */
export async function answering(
  world: Omit<StormWorld, 'agent' | 'over'>,
  takesTime: boolean,
): Promise<Answering> {
  const over = new AbortController();
  const agent = new Agent({ keepAlive: true });
  const visit: Visit = { ...world, agent, over: over.signal, signal: AbortSignal.timeout(limitMilliseconds) };
  const token = world.callers.root;
  const problems: string[] = [];
  try {
    for (const query of examples.questions) {
      for (const { channel, code, message } of await post(visit, { token, query })) {
        if (code !== 'data') problems.push(`${query.slice(0, 60)}: ${channel} ${code}: ${message ?? ''}`);
      }
    }
    const watched = examples.subscriptions.flatMap((query) =>
      [openEventStream, openWebSocketStream].map((open) => watch(open(visit, { token, query }), query)),
    );
    problems.push(...(await Promise.all(watched)).flat());
    for (const { name, attempt } of probes) {
      const answers = await attempt(visit);
      for (const answer of answers) {
        if (!isExpected(name, answer, false)) problems.push(`${name}: ${answer.channel} ${answer.code}`);
      }
    }
    if (!takesTime) return { problems, medianMilliseconds: NaN };
    const medians: number[] = [];
    while (medians.length < timedSeries)
      medians.push(await median(visit, { token: world.callers.guest, query: timed }));
    return { problems, medianMilliseconds: Math.min(...medians) };
  } catch (thrown) {
    return { problems: [...problems, String(thrown)], medianMilliseconds: NaN };
  } finally {
    over.abort();
    agent.destroy();
  }
}

async function watch(stream: Stream, query: string): Promise<string[]> {
  const problems: string[] = [];
  for (let n = 0; n < eventsWanted; n += 1) {
    for (const { channel, code } of (await stream.receive()) ?? [{ channel: 'any', code: 'the end' }]) {
      if (code !== 'data') problems.push(`${query.slice(0, 60)}: ${channel} ${code}`);
    }
  }
  await stream.leave('politely');
  return problems;
}

async function median(visit: Visit, question: Question): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < timedQuestions; n += 1) {
    const from = performance.now();
    await post(visit, question);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(timedQuestions / 2)] ?? NaN;
}
