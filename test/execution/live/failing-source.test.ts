/** Streams over a source that fails for a while: they have an error at each tick, and later values without reopening. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HvqlError } from '../../../src/errors.ts';
import type { Answer } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { useFakeTimers } from '../../fake-timers.ts';
import { closeBench, LiveBench, pass, type TestStream } from '../../live.ts';

let source: FakeSource;
let bench: LiveBench;
beforeEach(() => {
  useFakeTimers('Date');
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
  bench = new LiveBench(source);
});
afterEach(() => closeBench(bench));

/** Collects events. */
function collect(stream: TestStream): Answer[] {
  const events: Answer[] = [];
  const take = async (): Promise<void> => {
    for (let event = await stream.next(); event !== null; event = await stream.next()) events.push(event);
  };
  void take();
  return events;
}

const goAway = (): unknown =>
  source.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The folder is gone.', { reason: 'ENOENT' }));
const isWhole = ({ errors }: Answer): boolean => errors === undefined;
const query = (options: string): string =>
  `subscription { partition(id: 5, every: "100ms"${options}) { counters { gpaPages } } }`;

describe('a stream over an unavailable source', () => {
  it('has an error at each tick, with fewer and fewer attempts to read, and values after the next attempt', async () => {
    const events = collect(await bench.open(query('')));
    await pass(bench, 300);
    expect(events.filter(isWhole).length).toBeGreaterThanOrEqual(3);

    goAway();
    const before = source.topologies;
    events.length = 0;
    await pass(bench, 30_000);
    // Three failures, and attempts after 0.25, 0.5, 1, 2, 4, 5, 5, 5, 5 s.
    const tries = source.topologies - before;
    expect(tries).toBeGreaterThanOrEqual(3 + 8);
    expect(tries).toBeLessThanOrEqual(3 + 9);
    expect(events).toHaveLength(300);
    for (const event of events) {
      expect(event.data).toBeNull();
      expect(event.errors).toMatchObject([
        { path: ['partition'], extensions: { code: 'PAGE_UNAVAILABLE', reason: 'ENOENT' } },
      ]);
    }

    source.broken.clear();
    events.length = 0;
    await pass(bench, 5100);
    const [back] = [events.findIndex(isWhole)];
    expect(back).toBeGreaterThanOrEqual(0);
    expect(events.slice(back).every(isWhole)).toBe(true);
    expect(events[back]?.data.partition.counters.gpaPages).toEqual(expect.any(String));
  });

  it('has the error once if unchanged events are suppressed', async () => {
    const events = collect(await bench.open(query(', suppressUnchanged: true')));
    source.value = () => 7n;
    await pass(bench, 300);
    goAway();
    events.length = 0;
    await pass(bench, 30_000);
    expect(events.map(({ errors }) => errors?.[0]?.message)).toEqual([
      'The folder is gone.',
      expect.stringContaining(
        'The source has failed 3 times in a row, the last time with: The folder is gone.',
      ),
    ]);
    source.broken.clear();
    await pass(bench, 5100);
    expect(events).toHaveLength(3);
    expect(events.at(-1)?.data.partition.counters.gpaPages).toBe('7');
  });

  it('can be opened in the meantime, and has its first event immediately', async () => {
    goAway();
    for (let n = 0; n < 3; n += 1) {
      await expect(bench.sampler.topology(new AbortController().signal)).rejects.toThrow('gone');
    }
    const stream = await bench.open(query(''));
    const first = await stream.next();
    expect(first?.errors?.[0]?.extensions).toMatchObject({ failures: 3, retryInMilliseconds: 250 });
    source.broken.clear();
    const events = collect(stream);
    await pass(bench, 400);
    expect(events.map(isWhole)).toEqual([false, false, true, true]);
  });
});

describe('a stream over a source that hangs', () => {
  it('has an error after the timeout, and without waiting from the third time on', async () => {
    const events = collect(await bench.open(query('')));
    await pass(bench, 200);
    source.read = () => new Promise(() => undefined);
    events.length = 0;
    await pass(bench, 16_000);
    const messages = events.map(({ errors }) => String(errors?.[0]?.message));
    expect(messages.slice(0, 2)).toEqual([
      'The source did not respond within 5000 ms.',
      'The source did not respond within 5000 ms.',
    ]);
    const refused = /^The source has failed 3 times in a row, the last time with: The source did not respond/;
    expect(messages.slice(2, 5)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(refused)));
    // The running attempt has its own time limit.
    await pass(bench, 5000);
  });
});
