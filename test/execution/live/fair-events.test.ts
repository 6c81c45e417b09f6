import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { topologyOf, type Topology } from '../../../src/snapshot/topology.ts';
import { caller } from '../../ask.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { LiveBench, pass, settle } from '../../live.ts';

/** How long each event keeps the event loop, at least. */
const workMilliseconds = 10;
/** Events that fit into 50 ms, with one that had begun by then. */
const mostInOneTurn = 5;
const count = 40;

/** Each event looks for its partition there. */
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

it('lets others have their turn between the events of many subscriptions of one caller', async () => {
  const streams = [];
  for (let n = 0; n < count; n += 1) {
    streams.push(
      await bench.open(`subscription { partition { a${n}: name sampledAt } }`, { caller: caller(5n) }),
    );
  }
  await Promise.all(streams.map((stream) => stream.next()));
  const slow = slowly(topologyOf(source.logicalProcessors, source.partitions));
  source.topologyNow = () => slow;
  // Planned for the topology that is there from now on.
  const seconds = Promise.all(streams.map((stream) => stream.next()));
  await pass(bench, 1000);
  await seconds;

  let made = 0;
  let inThisTurn = 0;
  let most = 0;
  const onTurn = (): void => {
    most = Math.max(most, inThisTurn);
    inThisTurn = 0;
    if (made < count) setImmediate(onTurn);
  };
  onTurn();
  const thirds = streams.map(async (stream) => {
    await stream.next();
    made += 1;
    inThisTurn += 1;
  });
  await pass(bench, 1000);
  await Promise.all(thirds);
  await settle();
  expect(made).toBe(count);
  expect(most).toBeLessThanOrEqual(mostInOneTurn);
});
