import { once } from 'node:events';
import type { Server } from 'node:http';
import { request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { allPrivileges } from '../../src/access/caller.ts';
import { noCredential } from '../../src/revocation/credential.ts';
import type { Authenticator } from '../../src/server/auth/authenticator.ts';

import { createHttpServer } from '../../src/server/http/http-server.ts';
import type { OpenListener } from '../../src/server/server.ts';
import { startLiveService, type LiveService } from './live-service.ts';
import { send } from './test-service.ts';

const fifth: Authenticator = () =>
  Promise.resolve({
    caller: { partitionId: 5n, privileges: new Set(allPrivileges) },
    by: 'guest socket',
    expiresAt: null,
    credential: noCredential,
  });

let service: LiveService;
let server: Server;
let listener: OpenListener;
let url: string;
beforeEach(async () => {
  service = await startLiveService({ graceMilliseconds: 600_000 });
  server = createHttpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  listener = service.addListener(server, fifth);
});
afterEach(() => service.close());

async function openEventStream(): Promise<{ read: () => string; ended: Promise<unknown> }> {
  const stream = request(`${url}?query=subscription{tick}`, { headers: { accept: 'text/event-stream' } });
  stream.end();
  const [response] = (await once(stream, 'response')) as [NodeJS.ReadableStream];
  let text = '';
  response.on('data', (bytes: Buffer) => (text += bytes.toString()));
  return { read: () => text, ended: once(response, 'end') };
}

describe('an added listener', () => {
  it('accepts callers that its authenticator identifies, with another token and under any host name', async () => {
    const headers = { authorization: `Bearer ${service.rootToken}`, host: 'anything.example' };
    const answer = await send(`${url}?query={hello}`, { headers });
    expect(JSON.parse(answer.body.toString())).toEqual({ data: { hello: 'world' } });
    const line = service.lines.find((candidate) => candidate.includes('"msg":"request"'));
    expect(JSON.parse(line ?? '')).toMatchObject({ partition: '5' });
  });

  it('serves no web page that could contain tokens', async () => {
    const { headers, body } = await send(url, { headers: { accept: 'text/html' } });
    expect(headers['content-type']).toContain('application/json');
    expect(body.toString()).not.toContain(service.rootToken);
  });

  it('closes alone: its streams are completed, and those of other listeners continue', async () => {
    const here = await openEventStream();
    const hereStream = await service.stream();
    const webSocket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    await once(webSocket, 'open');
    const code = once(webSocket, 'close');
    const silent = connect(Number(new URL(url).port), '127.0.0.1');
    await once(silent, 'connect');
    const ended = once(silent, 'close');
    await Promise.all([listener.close(), listener.close(), here.ended, ended]);
    expect(here.read()).toContain('event: complete');
    expect(hereStream.isDone).toBe(true);
    expect((await code)[0]).toBe(1001);
    await expect(send(url, {})).rejects.toThrow('ECONNREFUSED');
    expect((await service.post({ query: '{ hello }' })).status).toBe(200);
  });

  it('closes with the service', async () => {
    const here = await openEventStream();
    await Promise.all([service.close(), here.ended]);
    expect(here.read()).not.toContain('event: complete');
    expect(server.listening).toBe(false);
  });

  it('is closed immediately if it is opened while the service closes', async () => {
    await service.close();
    const late = createHttpServer();
    late.listen(0, '127.0.0.1');
    await once(late, 'listening');
    await service.addListener(late, fifth).close();
    expect(late.listening).toBe(false);
  });

  it('has the limits of the first listener on slow senders', () => {
    expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000]);
  });
});
