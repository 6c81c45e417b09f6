import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { topologyOf, type Topology } from '../../../src/snapshot/topology.ts';
import { caller } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { LiveBench, pass, settle } from '../../live.ts';

/** The minimum time that each event blocks the event loop. */
const workMilliseconds = 10;
/** The events that fit in two slices of 20 ms, as this test's turns begin within a slice, and one more. */
const mostInOneTurn = 5;
const count = 20;

/** Each event searches its partition in this list. */
function slowly(topology: Topology): Topology {
  const partition = (id: bigint) => {
    const until = performance.now() + workMilliseconds;
    while (performance.now() < until);
    return topology.partition(id);
  };
  return new Proxy(topology, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'partition') return partition;
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

let source: FakeSource;
let bench: LiveBench;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
  bench = new LiveBench(source);
});
afterEach(async () => {
  bench.live.close();
  await settle();
  vi.useRealTimers();
});

it('many subscriptions of one caller let operations of others run between their events', async () => {
  const streams = [];
  for (let n = 0; n < count; n += 1) {
    streams.push(
      await bench.open(`subscription { partition { a${n}: name sampledAt } }`, { caller: caller(5n) }),
    );
  }
  await Promise.all(streams.map((stream) => stream.next()));
  const slow = slowly(topologyOf(source.logicalProcessors, source.partitions));
  source.topologyNow = () => slow;
  // From now on plans are for this topology.
  const seconds = Promise.all(streams.map((stream) => stream.next()));
  await pass(bench, 1000);
  await seconds;

  let made = 0;
  let inThisTurn = 0;
  let most = 0;
  const thirds = streams.map(async (stream) => {
    await stream.next();
    made += 1;
    inThisTurn += 1;
    most = Math.max(most, inThisTurn);
    // Only while there are events: `settle` waits until no turn of the event loop is awaited.
    if (inThisTurn === 1) setImmediate(() => (inThisTurn = 0));
  });
  await pass(bench, 1000);
  await Promise.all(thirds);
  await settle();
  expect(made).toBe(count);
  expect(most).toBeLessThanOrEqual(mostInOneTurn);
});
