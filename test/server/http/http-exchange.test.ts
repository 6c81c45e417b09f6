import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Contexts } from '../../../src/server/context.ts';
import { HttpExchange } from '../../../src/server/http/http-exchange.ts';
import { WrittenData } from '../../../src/writer/written-data.ts';
import { startTestService, type TestService } from '../test-service.ts';
import { until } from '../../until.ts';

const opened = (): HttpExchange => {
  const request = new IncomingMessage(new Socket());
  request.url = '/graphql?query={hello}';
  // Neither context is used here.
  return new HttpExchange(request, new ServerResponse(request), {} as Contexts);
};

describe('an HTTP exchange', () => {
  it('has a path and the text after the question mark', () => {
    const { path, search } = opened();
    expect([path, search]).toEqual(['/graphql', 'query={hello}']);
  });

  it('has a signal that is aborted with it, regardless of when it is first used', () => {
    const [early, late] = [opened(), opened()];
    const { signal } = early;
    expect(signal.aborted).toBe(false);
    early.abort();
    late.abort();
    expect([signal.aborted, early.signal === signal, late.signal.aborted]).toEqual([true, true, true]);
  });
});

describe('a response in bytes', () => {
  let service: TestService;
  afterEach(() => service.close());
  const post = (body: string, more = ''): string =>
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${service.rootToken}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

  it('is sent in one write, head and body, and then released', async () => {
    const release = vi.fn();
    const data = () => new WrittenData(Buffer.from('{"data":{"hello":"bytes"}}'), release);
    service = await startTestService({
      execute: () => ({ data: data() as unknown as Record<string, unknown> }),
    });
    const socket = connect(service.port, '127.0.0.1');
    const pieces: string[] = [];
    socket.on('data', (piece: Buffer) => pieces.push(piece.toString()));
    socket.write(post('{"query":"{ hello }"}'));
    await once(socket, 'data');
    expect(pieces).toHaveLength(1);
    expect(pieces[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"data":\{"hello":"bytes"\}\}$/);
    await until(() => release.mock.calls.length === 1);
    socket.destroy();
  });

  it('is released if its client disconnected before it was ready', async () => {
    const release = vi.fn();
    let finish: () => void = () => undefined;
    const started = new Promise<void>((begun) => {
      void startTestService({
        execute: async ({ contextValue }) => {
          const { signal } = contextValue as { signal: AbortSignal };
          const gone = once(signal, 'abort');
          begun();
          await gone;
          finish();
          const data = new WrittenData(Buffer.from('{"data":{}}'), release);
          return { data: data as unknown as Record<string, unknown> };
        },
      }).then((running) => {
        service = running;
        socket = connect(service.port, '127.0.0.1');
        socket.write(post('{"query":"{ hello }"}'));
      });
    });
    let socket: Socket | undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    await started;
    socket?.destroy();
    await finished;
    await until(() => release.mock.calls.length === 1);
  });

  it('is sent in the order of the requests if they arrive together', async () => {
    let answerFirst: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (answerFirst = resolve));
    service = await startTestService({
      execute: async ({ variableValues }) => {
        const n = Number(variableValues?.['n']);
        if (n === 1) await first;
        else answerFirst();
        return { data: { n } };
      },
    });
    const socket = connect(service.port, '127.0.0.1');
    let text = '';
    socket.on('data', (piece: Buffer) => (text += piece.toString()));
    const ask = (n: number): string =>
      JSON.stringify({ query: 'query ($n: String!) { length(text: $n) }', variables: { n: `${n}` } });
    socket.write(post(ask(1)) + post(ask(2)) + post(ask(3), 'Connection: close\r\n'));
    await once(socket, 'close');
    expect(text.match(/\{"data":.*?\}\}/g)).toEqual([1, 2, 3].map((n) => `{"data":{"n":${n}}}`));
  });
});
