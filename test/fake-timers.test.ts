import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expectNoTimers, useFakeTimers } from './fake-timers.ts';

describe('fake timers', () => {
  afterEach(() => void vi.useRealTimers());

  it('do not include the timer that fetch sets after a response', async () => {
    const server = createServer((_, response) => void response.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}`);
    useFakeTimers();
    await response.text();
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expectNoTimers();
    server.closeAllConnections();
    server.close();
  });

  it('name the place where a timer was set that is left', () => {
    useFakeTimers();
    const left = setTimeout(() => undefined, 1_000);
    expect(expectNoTimers).toThrow(/fake-timers\.test\.ts:\d+/);
    clearTimeout(left);
    expectNoTimers();
  });
});
