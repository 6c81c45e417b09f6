import fc from 'fast-check';
import { print, type ExecutionResult } from 'graphql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSchema } from '../../src/graph/schema.ts';
import { resultBytes } from '../../src/server/result-bytes.ts';
import { writtenDataOf } from '../../src/writer/written-data.ts';
import { freeChoices, fuzzSettings } from '../fuzz/choice.ts';
import { RandomHost } from '../fuzz/random-host.ts';
import { randomTrial, type Trial } from '../fuzz/trial.ts';
import { LiveBench, settle } from '../live.ts';
import { newTally, tryBothWays } from './two-ways.ts';

const schema = createSchema();
const settings = fuzzSettings(600);
const hosts = Array.from(
  { length: Math.ceil(settings.numRuns / 10) },
  (_, n) => new RandomHost(settings.seed, n),
);
const tally = newTally();

describe('a response written as bytes', () => {
  it('equals that of graphql-js byte for byte', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(fc.nat({ max: hosts.length - 1 }), fc.gen(), async (n, draw) => {
      const host = hosts[n];
      if (host === undefined) throw new RangeError(`there is no host ${n}`);
      await tryBothWays(freeChoices(draw), { schema, host, tally });
    });
    // Shrinking works on the operation, not on the random choices that created it.
    await fc.assert(property, { ...settings, endOnFailure: true });
  });

  it('is created for nearly all operations, with and without errors, and never by graphql-js', () => {
    const { written, writtenWithErrors, withoutData, left, patterned } = tally;
    expect(left).toBe(0);
    expect(Math.min(written, writtenWithErrors)).toBeGreaterThan(settings.numRuns / 10);
    expect(patterned).toBeGreaterThan(settings.numRuns / 10);
    expect(withoutData).toBeGreaterThan(settings.numRuns / 100);
  });
});

describe('an event written as bytes', () => {
  beforeEach(() => {
    // Errors have the pause before the next attempt in milliseconds.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it(
    'equals that of graphql-js byte for byte, the first one and those with changes',
    { timeout: 600_000 },
    async () => {
      const seen = { events: 0, written: 0 };
      const property = fc.asyncProperty(fc.nat({ max: hosts.length - 1 }), fc.gen(), async (n, draw) => {
        const host = hosts[n];
        if (host === undefined) throw new RangeError(`there is no host ${n}`);
        const trial = randomTrial(freeChoices(draw), { schema, host, root: 'subscription' });
        const written = await eventsOf(trial, true);
        const made = await eventsOf(trial, false);
        seen.events += written.length;
        seen.written += written.filter(({ isWritten }) => isWritten).length;
        expect(made.some(({ isWritten }) => isWritten)).toBe(false);
        expect(written.map(({ text }) => text)).toEqual(made.map(({ text }) => text));
      });
      await fc.assert(property, { seed: settings.seed, numRuns: settings.numRuns / 10, endOnFailure: true });
      expect(seen.events).toBeGreaterThan(settings.numRuns / 10);
      expect(seen.written).toBeGreaterThan(settings.numRuns / 20);
    },
  );
});

interface SeenEvent {
  readonly text: string;
  readonly isWritten: boolean;
}

/** The events of some seconds. */
async function eventsOf(trial: Trial, writesBytes: boolean): Promise<SeenEvent[]> {
  const { host, operation, document, caller } = trial;
  host.rewind();
  vi.setSystemTime(0);
  const bench = new LiveBench(host, {}, { writesBytes });
  const events: SeenEvent[] = [];
  try {
    const variables = { ...operation.variables };
    const stream = await bench.subscribe({ query: print(document), caller, variables });
    if (!('next' in stream)) return [seenEvent(stream)];
    const follow = async (): Promise<void> => {
      for await (const event of stream) events.push(seenEvent(event));
    };
    const followed = follow();
    await settle();
    for (let passed = 0; passed < 2_500; passed += 100) {
      host.milliseconds += 100;
      await vi.advanceTimersByTimeAsync(100);
      await settle();
    }
    bench.live.close();
    await followed;
    return events;
  } finally {
    bench.live.close();
    await settle();
  }
}

function seenEvent(event: ExecutionResult): SeenEvent {
  return { text: resultBytes(event).toString(), isWritten: writtenDataOf(event) !== null };
}
