/** What RFC 9110 and 9112 ask of a server about the head of a request: on each kind of listener, by each transport. */
import { describe, expect, it } from 'vitest';
import { rawClient, type RawTarget } from '../raw-client.ts';
import { servePlainAndSecure } from './served-listeners.ts';

const services = servePlainAndSecure();

interface Listener {
  readonly target: RawTarget;
  /** The authority of its address; a guest socket answers to any. */
  readonly authority: string;
  readonly scheme: string;
  readonly authorization: string;
}

function listenerOf(kind: RawTarget['kind']): Listener {
  const served = kind === 'TLS' ? services.secure : services.plain;
  const port = Number(new URL(served.url).port);
  return {
    target: kind === 'guest socket' ? { kind, path: services.guestSocket } : { kind, port },
    authority: `127.0.0.1:${port}`,
    scheme: kind === 'TLS' ? 'https' : 'http',
    authorization: `Authorization: Bearer ${served.tokens[0]}`,
  };
}

/** Sends a request with these lines, and gives all that comes until the connection is closed, or a stream has begun. */
async function send({ target }: Listener, lines: readonly string[], body = ''): Promise<string> {
  const { socket, closed } = rawClient(target);
  let text = '';
  socket.on('end', () => socket.end());
  socket.on('data', (part: Buffer) => {
    text += part.toString('latin1');
    if (/^HTTP\/1\.1 101|^event: next/m.test(text)) socket.destroy();
  });
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await closed;
  return text;
}

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
const body = JSON.stringify({ query: '{ __typename }' });
const query = encodeURIComponent('{ __typename }');
const subscription = encodeURIComponent('subscription { hypervisor { id } }');

/** Requests that are answered: the target, and the lines below that of the Host header. */
const requests: Readonly<
  Record<
    string,
    (listener: Listener) => {
      readonly line: string;
      readonly lines: readonly string[];
      readonly body?: string;
    }
  >
> = {
  '/health': () => ({ line: 'GET /health', lines: ['Connection: close'] }),
  POST: ({ authorization }) => ({
    line: 'POST /graphql',
    lines: [
      authorization,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ],
    body,
  }),
  GET: ({ authorization }) => ({
    line: `GET /graphql?query=${query}`,
    lines: [authorization, 'Accept: application/json', 'Connection: close'],
  }),
  SSE: ({ authorization }) => ({
    line: `GET /graphql?query=${subscription}`,
    lines: [authorization, 'Accept: text/event-stream', 'Connection: close'],
  }),
  WebSocket: () => ({
    line: 'GET /graphql',
    lines: [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: graphql-transport-ws',
    ],
  }),
  'an upgrade that is declined': ({ authorization }) => ({
    line: `GET /graphql?query=${query}`,
    lines: [
      authorization,
      'Accept: application/json',
      'Connection: close, Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    ],
  }),
};

const expectedStatus = (transport: string): number => (transport === 'WebSocket' ? 101 : 200);
const cases = (['plain', 'TLS', 'guest socket'] as const).flatMap((kind) =>
  Object.entries(requests).map(([transport, make]) => ({ kind, transport, make })),
);

describe.each(cases)('a request by $transport on a listener of kind $kind', ({ kind, transport, make }) => {
  const request = (
    change: (parts: { line: string; host: string[]; lines: string[]; version: string }) => void = () => {},
  ): Promise<string> => {
    const listener = listenerOf(kind);
    const { line, lines, body: content } = make(listener);
    const parts = { line, host: [`Host: ${listener.authority}`], lines: [...lines], version: 'HTTP/1.1' };
    change(parts);
    return send(listener, [`${parts.line} ${parts.version}`, ...parts.host, ...parts.lines], content);
  };
  /** The request with its target in absolute form. */
  const absolute = (line: string, origin: string): string => line.replace(' /', ` ${origin}/`);

  it('is accepted, also with repeated headers that may be repeated', async () => {
    expect(statusOf(await request())).toBe(expectedStatus(transport));
    const several = await request((parts) => {
      // As long as the names of headers of which there may be one.
      for (const name of ['Cache-Control', 'Date', 'X-Request-ID'])
        parts.lines = [`${name}: x`, ...parts.lines, `${name}: x`];
    });
    expect(statusOf(several)).toBe(expectedStatus(transport));
  });

  it.each([
    ['Host', (authority: string) => [`Host: ${authority}`, `Host: ${authority}`]],
    ['Host', (authority: string) => [`host: ${authority}`, 'HOST: elsewhere.example']],
    ['Authorization', () => ['Authorization: Bearer x', 'authorization: Bearer x']],
    ['Content-Type', () => ['Content-Type: application/json', 'content-type: text/plain']],
  ])('is refused with 400 if it has two headers %s', async (name, double) => {
    const text = await request((parts) => {
      const lines = double(listenerOf(kind).authority);
      const others = [...parts.host, ...parts.lines].filter((line) => !line.startsWith(`${name}:`));
      parts.host = [];
      parts.lines = [...lines, ...others];
    });
    expect(statusOf(text)).toBe(400);
    expect(text).toContain(`The request has more than one header \\"${name.toLowerCase()}\\"`);
    expect(text).toContain('"code":"BAD_REQUEST"');
  });

  it('is accepted with a target in absolute form, whose host replaces the Host header', async () => {
    const { scheme, authority } = listenerOf(kind);
    for (const host of [authority, 'elsewhere.example']) {
      const text = await request((parts) => {
        parts.line = absolute(parts.line, `${scheme.toUpperCase()}://${authority}`);
        parts.host = [`Host: ${host}`];
      });
      expect(statusOf(text)).toBe(expectedStatus(transport));
    }
    const foreign = await request((parts) => {
      parts.line = absolute(parts.line, `${scheme}://elsewhere.example`);
    });
    expect(statusOf(foreign)).toBe(kind === 'guest socket' ? expectedStatus(transport) : 403);
    const userinfo = await request((parts) => {
      parts.line = absolute(parts.line, `${scheme}://someone@${authority}`);
    });
    expect(statusOf(userinfo)).toBe(400);
    const userinfoHost = await request((parts) => {
      parts.host = [`Host: someone@${authority}`];
    });
    expect(statusOf(userinfoHost)).toBe(400);
    const noHost = await request((parts) => {
      parts.line = absolute(parts.line, `${scheme}://${authority}`);
      parts.host = [];
    });
    expect(statusOf(noHost)).toBe(400);
  });

  it.each(['HTTP/2.0', 'HTTP/0.9'])('is refused with 400 if its request line has %s', async (version) => {
    const text = await request((parts) => {
      parts.version = version;
    });
    expect(statusOf(text)).toBe(400);
    expect(text).toMatch(/^connection: close\r$/im);
    expect(text).toContain(
      `The service speaks HTTP/1.1 and HTTP/1.0, and this request is one of ${version}.`,
    );
  });
});

describe('a target in absolute form', () => {
  it('may have no path, and is not found with schemes other than http and https', async () => {
    const listener = listenerOf('plain');
    const ask = async (target: string): Promise<number> =>
      statusOf(
        await send(listener, [
          `GET ${target} HTTP/1.1`,
          `Host: ${listener.authority}`,
          'Accept: application/json',
          'Connection: close',
        ]),
      );
    expect(await ask(`http://${listener.authority}`)).toBe(404);
    expect(await ask(`http://${listener.authority}?x`)).toBe(404);
    expect(await ask(`http://${listener.authority}/health?x`)).toBe(200);
    expect(await ask(`ftp://${listener.authority}/health`)).toBe(404);
  });
});
