/** A process with many streams over one transport. Its parent sends orders and requests the result. */
import type { Socket } from 'node:net';
import { openEventStream, openWebSocket, type OpenStream } from './raw-stream.ts';
import { StreamTally, type TallyResult, type Window } from './stream-tally.ts';

/** The orders of the parent. */
export type Order =
  | {
      readonly kind: 'open';
      readonly transport: TransportName;
      readonly streams: number;
      readonly port: number;
      readonly token: string;
      /** The operations of the streams, in turn. */
      readonly queries: readonly string[];
    }
  | { readonly kind: 'count'; readonly window: Window }
  | { readonly kind: 'report' };

/** The result of the process; `error` if not all streams could be opened. */
export type Answer =
  | { readonly kind: 'opened'; readonly seconds: number; readonly newestSampledAt: number }
  | { readonly kind: 'counting' }
  | { readonly kind: 'result'; readonly result: TallyResult }
  | { readonly kind: 'error'; readonly message: string };

/** The transports by name. */
export type TransportName = 'SSE' | 'WebSocket';

const openers: Record<TransportName, OpenStream> = { SSE: openEventStream, WebSocket: openWebSocket };
/** How many connections are in the making at once: fewer than a listening socket keeps waiting. */
const concurrency = 50;
const streamsPerAddress = 5_000;
/**
 * All of 127.0.0.0/8 is this machine. Each process comes from addresses of its own: those that were used a moment ago
 * have few ports left, which take long to find.
 */
const network = `127.${1 + (process.pid % 250)}.${Math.floor(process.pid / 250) % 250}`;
const openingLimitMilliseconds = 240_000;

const sockets: Socket[] = [];
let tally = new StreamTally(0);
let isOver = false;

process.on('message', (order: Order) => {
  answer(order).then(
    (said) => process.send?.(said),
    (error: unknown) => process.send?.({ kind: 'error', message: String(error) } satisfies Answer),
  );
});
process.on('disconnect', () => process.exit());

async function answer(order: Order): Promise<Answer> {
  switch (order.kind) {
    case 'open':
      return open(order);
    case 'count':
      tally.open(order.window);
      return { kind: 'counting' };
    case 'report': {
      isOver = true;
      const result = tally.result();
      for (const socket of sockets) socket.destroy();
      return { kind: 'result', result };
    }
  }
}

async function open({ transport, streams, queries, ...request }: Order & { kind: 'open' }): Promise<Answer> {
  tally = new StreamTally(streams, queries.length);
  const began = performance.now();
  let firsts = 0;
  for (let n = 0; n < streams; n += 1) {
    while (n - firsts >= concurrency) await soon(began, `${firsts} of ${streams} streams have begun`);
    let isFirst = true;
    const localAddress = `${network}.${1 + Math.floor(n / streamsPerAddress)}`;
    const socket = openers[transport](
      { ...request, query: queries[n % queries.length] ?? '', localAddress },
      {
        event: (bytes) => {
          if (isFirst) firsts += 1;
          isFirst = false;
          tally.event(n, bytes);
        },
        failed: (why) => {
          if (!isOver) tally.error(why);
        },
      },
    );
    sockets.push(socket);
  }
  const seconds = (performance.now() - began) / 1000;
  while (tally.warm < streams) await soon(began, `${tally.warm} of ${streams} streams have rates`);
  return { kind: 'opened', seconds, newestSampledAt: tally.newestSampledAt };
}

async function soon(began: number, state: string): Promise<void> {
  if (performance.now() - began > openingLimitMilliseconds) {
    throw new Error(`${state}; ${JSON.stringify(tally.result().errors)}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
}
