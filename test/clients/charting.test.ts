import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { post, serve, type Served } from '../end-to-end/program.ts';
import { until } from '../until.ts';
import { BusyChart } from './charting.ts';
import { byEventStream, overWebSocket } from './reconnecting.ts';

// Browsers, and Node from 22 on, have their own.
if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket });

/** A network between client and service that can be cut. */
async function openNetwork(port: number) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const network = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const service = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve));
  return {
    port: (network.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    close: () => network.close(),
  };
}

let service: Served;
let token: string;
beforeAll(async () => {
  service = await serve(['--history-every', '1s']);
  [token = ''] = service.tokens;
});
afterAll(() => service.program.stop());

describe('a chart', () => {
  /** Follows a partition at this address; returns what ends it. */
  type Follow = (chart: BusyChart, address: string) => () => void;
  const ways: readonly (readonly [string, Follow])[] = [
    [
      'over a WebSocket',
      (chart, address) => {
        const client = overWebSocket(`ws://${address}/graphql`, async () => token);
        afterAll(() => client.dispose());
        return chart.follow(client, '2');
      },
    ],
    [
      'by Server-Sent Events',
      (chart, address) => {
        const client = byEventStream(`http://${address}/graphql`, async () => token);
        afterAll(() => client.dispose());
        return chart.followEvents(client, '2');
      },
    ],
  ];

  it.each(ways)(
    '%s shows what happened while the network was down, and no point twice',
    async (_way, follow) => {
      const momentsOf = async (): Promise<string[]> => {
        const query =
          '{ partition(id: 2) { virtualProcessorTotals { history { at rates { totalRunTime } } } } }';
        const { data } = await post(service.url, { token, query });
        const { history } = data.partition.virtualProcessorTotals;
        return history.map(({ at }: { at: string }) => at);
      };
      const network = await openNetwork(Number(new URL(service.url).port));
      afterAll(() => network.close());
      const chart = new BusyChart();
      const unfollow = follow(chart, `127.0.0.1:${network.port}`);
      await until(() => [...chart.points.values()].filter((value) => value !== null).length >= 2);
      network.cut();
      const cutAt = new Date().toISOString();
      await until(async () => (await momentsOf()).filter((at) => at > cutAt).length >= 3);
      const missed = (await momentsOf()).filter((at) => at > cutAt);
      expect(missed.filter((at) => chart.points.has(at))).toEqual([]);
      network.mend();
      // Between two questions, the history drops readings of the last seconds that stand close together.
      const kept = async (): Promise<string[]> => {
        const moments = await momentsOf();
        return missed.filter((at) => moments.includes(at));
      };
      await until(async () => (await kept()).every((at) => chart.points.has(at)));
      const count = chart.points.size;
      // Events continue.
      await until(() => chart.points.size > count);
      unfollow();
      const drawn = await kept();
      expect(drawn.length).toBeGreaterThan(0);
      expect(drawn.map((at) => typeof chart.points.get(at))).toEqual(drawn.map(() => 'number'));
      // The key of a point is its moment, so the service must not have two samples of one.
      const all = await momentsOf();
      expect(new Set(all).size).toBe(all.length);
    },
  );
});

describe('a history', () => {
  const query =
    '{ partition(id: 2) { virtualProcessor(index: 0) { history { at counters { hypercalls } deltas { hypercalls } } } } }';

  it('is the same over every transport', async () => {
    const client = overWebSocket(service.url.replace('http', 'ws'), async () => token);
    afterAll(() => client.dispose());
    const first = async <Result>(results: AsyncIterable<Result>): Promise<Result | undefined> => {
      for await (const result of results) return result;
      return undefined;
    };
    await until(
      async () =>
        (await post(service.url, { token, query })).data.partition.virtualProcessor.history.length > 8,
    );
    const get = `${service.url}?query=${encodeURIComponent(query)}`;
    const headers = { authorization: `Bearer ${token}` };
    const answers = [
      await first(client.iterate<any>({ query })),
      await first(byEventStream(service.url, async () => token).iterate<any>({ query })),
      await (await fetch(get, { headers })).json(),
      await post(service.url, { token, query }),
    ].map((answer) => answer?.data.partition.virtualProcessor.history);
    // Of those of the last seconds there are more for a while, and others come between two answers.
    const settledUntil = Date.parse(answers[0].at(-1).at) - 4_000;
    const [one, ...others] = answers.map((samples) =>
      samples.filter(({ at }: { at: string }) => Date.parse(at) < settledUntil),
    );
    expect(one.length).toBeGreaterThan(1);
    for (const other of others) expect(other).toEqual(one);
  });

  it('is an error in a subscription, which says what to do instead', async () => {
    const client = overWebSocket(service.url.replace('http', 'ws'), async () => token);
    afterAll(() => client.dispose());
    for await (const { data, errors } of client.iterate<any>({
      query: 'subscription { partition(id: 2) { partitionId history { at } } }',
    })) {
      expect(data).toEqual({ partition: { partitionId: '2', history: null } });
      expect(errors).toMatchObject([
        {
          message: 'A subscription has no history: select it in a query, and subscribe to what follows.',
          extensions: { code: 'INVALID_PARAMETER' },
        },
      ]);
      break;
    }
  });
});
