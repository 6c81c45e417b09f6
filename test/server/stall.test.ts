import { describe, expect, it } from 'vitest';
import {
  openAcknowledged,
  openRawStream,
  startLiveService,
  subscribeMessage,
  type LiveService,
  type TestStream,
} from './live-service.ts';
import { until } from '../until.ts';

/** More than the buffers of both ends of a connection hold, after some of them. */
const large = 'x'.repeat(1_000_000);
const stallMilliseconds = 400;
const start = (): Promise<LiveService> => startLiveService({ stallMilliseconds, pingMilliseconds: 100 });

/** Pushes events to all until one of them is over; gives how many there were. */
async function pushUntilReturned(streams: readonly TestStream[], stalled: TestStream): Promise<number> {
  let pushed = 0;
  await until(() => {
    pushed += 1;
    for (const stream of streams) stream.tick(stream === stalled ? large : String(pushed));
    return stalled.returns > 0;
  });
  return pushed;
}

const cut = 'a client that read nothing for too long was disconnected';

describe('a client that does not read', () => {
  it('is disconnected from its event stream, and no other client is', async () => {
    const own = await start();
    const token = await own.identity.sign(5n);
    const asleep = await openRawStream(own, { token });
    asleep.socket.pause();
    const stalled = await own.stream();
    const awake = await openRawStream(own);
    const healthy = await own.stream();
    const pushed = await pushUntilReturned([stalled, healthy], stalled);
    expect(stalled.returns).toBe(1);
    // Some were written to the kernel; the others were never requested.
    expect(stalled.pulls).toBeLessThan(30);
    expect(stalled.pulls).toBeLessThan(pushed / 2);
    expect(healthy.pulls).toBeGreaterThan(pushed / 2);
    healthy.tick('the last');
    await until(() => awake.text().includes('the last'));
    expect(own.complaints()).toEqual([
      expect.objectContaining({
        level: 40,
        transport: 'sse',
        partition: '5',
        requestId: expect.any(String),
        stallMilliseconds,
        msg: cut,
      }),
    ]);
    awake.socket.destroy();
    asleep.socket.destroy();
    await own.close();
  });

  it('is disconnected from its WebSocket with all operations, and no other client is', async () => {
    const own = await start();
    const asleep = await openAcknowledged(own, await own.identity.sign(5n));
    asleep.send(subscribeMessage('a'));
    const stalled = await own.stream();
    asleep.send(subscribeMessage('b'));
    const beside = await own.stream();
    asleep.socket.pause();
    const awake = await openAcknowledged(own);
    awake.send(subscribeMessage('a'));
    const healthy = await own.stream();
    const pushed = await pushUntilReturned([stalled, beside, healthy], stalled);
    await until(() => beside.returns > 0);
    expect([stalled.returns, beside.returns, healthy.returns]).toEqual([1, 1, 0]);
    expect(stalled.pulls).toBeLessThan(30);
    expect(healthy.pulls).toBeGreaterThan(pushed / 2);
    expect(own.complaints()).toEqual([
      expect.objectContaining({
        level: 40,
        transport: 'websocket',
        partition: '5',
        connectionId: expect.any(String),
        stallMilliseconds,
        msg: cut,
      }),
    ]);
    asleep.socket.terminate();
    awake.socket.close();
    await own.close();
  });

  it('and sends more requests has these read only after it has read the responses', async () => {
    const own = await startLiveService();
    const { socket, messages, closed } = await openAcknowledged(own);
    socket.pause();
    let asked = 0;
    let taken = 0;
    // One after the other, until one is not taken in good time; some fit into the buffers in between.
    while (asked === taken && asked < 60) {
      asked += 1;
      const sent = new Promise<void>((resolve) =>
        socket.send(JSON.stringify({ type: 'ping', payload: { large } }), () => {
          taken += 1;
          resolve();
        }),
      );
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 500))]);
    }
    expect(taken).toBeLessThan(40);
    socket.resume();
    await until(() => messages.length === 1 + asked);
    socket.close();
    await closed;
    await own.close();
  });
});

describe('a slow client', () => {
  it('gets the newest event, not a backlog', async () => {
    const own = await startLiveService({ pingMilliseconds: 100 });
    const { socket, text } = await openRawStream(own);
    const stream = await own.stream();
    socket.pause();
    let n = 0;
    await until(() => {
      stream.tick(`${n}:${large}`);
      n += 1;
      return n === 100;
    });
    stream.tick('the last');
    expect(stream.pulls).toBeLessThan(30);
    socket.resume();
    await until(() => text().includes('the last'));
    const seen = [...text().matchAll(/"tick":"(\d+):/g)].map(([, n]) => Number(n));
    expect(seen.length).toBeLessThan(30);
    expect(seen).toEqual(seen.map((_, n) => n));
    expect(stream.returns).toBe(0);
    socket.destroy();
    await until(() => stream.returns === 1);
    await own.close();
  });
});
