/** Certificates of test/fixtures/tls, and clients that show them. */
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { WebSocket, type ClientOptions } from 'ws';

/** The path of a file of the fixture. */
export function tlsFile(name: string): string {
  return fileURLToPath(new URL(`fixtures/tls/${name}`, import.meta.url));
}

/** Its text. */
export function tlsText(name: string): string {
  return readFileSync(tlsFile(name), 'utf8');
}

/** What a client connects with. */
export interface ClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The options of a client that trusts the test's issuer and shows the certificate of that name, or none. */
export function clientOptions(certificate: string | null): ClientTls {
  const ca = tlsText('ca.pem');
  return certificate === null
    ? { ca }
    : { ca, cert: tlsText(`${certificate}.pem`), key: tlsText('client.key') };
}

/** What a client sends, and what it shows. */
export interface SecureRequest extends ConnectionOptions {
  readonly certificate?: string | null;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request on a connection of its own. */
export function sendSecurely(
  url: string,
  { certificate = null, method = 'GET', headers = {}, body = '', ...options }: SecureRequest = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { agent: false, method, headers, ...clientOptions(certificate), ...options },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Whether this version of Node returns the intermediate certificates of a client to a server. 24.21.0 does not (its issue
 * 65579), and clients with intermediate certificates then have to connect again when issuers or CRLs change.
 */
export async function returnsIntermediates(): Promise<boolean> {
  const [cert, key, ca] = [tlsText('server.pem'), tlsText('server.key'), tlsText('revoking-ca.pem')];
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: false });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', ...clientOptions('revocable') });
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  const returned = socket.getPeerX509Certificate()?.issuerCertificate !== undefined;
  client.destroy();
  socket.destroy();
  server.close();
  return returned;
}

/** How a connection ended, or the result of its one operation. */
export interface SecureAnswer {
  readonly status: number;
  readonly body: string;
}

/** Asks by WebSocket: a close code is the status, and its reason the body. */
export function askByWebSocket(
  url: string,
  parts: { certificate: string | null; query: string; payload?: object; headers?: ClientOptions['headers'] },
): Promise<SecureAnswer> {
  const { certificate, query, payload, headers = {} } = parts;
  return new Promise((resolve, reject) => {
    const options = { headers, ...clientOptions(certificate) };
    const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', options);
    socket.on('error', reject);
    socket.on('close', (code, reason) => resolve({ status: code, body: reason.toString() }));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; payload?: unknown };
      if (message.type === 'connection_ack') {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      } else {
        resolve({ status: 200, body: JSON.stringify(message.payload) });
        socket.terminate();
      }
    });
  });
}

/** Every transport for one query; all return the same response. */
export const secureWays: Readonly<
  Record<
    'POST' | 'GET' | 'SSE' | 'WebSocket',
    (
      url: string,
      parts: { certificate: string | null; query: string; token?: string | undefined },
    ) => Promise<SecureAnswer>
  >
> = {
  POST: (url, { certificate, query, token }) =>
    sendSecurely(url, {
      certificate,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization(token) },
      body: JSON.stringify({ query }),
    }),
  GET: (url, { certificate, query, token }) =>
    sendSecurely(`${url}?${new URLSearchParams({ query })}`, { certificate, headers: authorization(token) }),
  SSE: async (url, { certificate, query, token }) => {
    const headers = { accept: 'text/event-stream', ...authorization(token) };
    const answer = await sendSecurely(`${url}?${new URLSearchParams({ query })}`, { certificate, headers });
    return { status: answer.status, body: /^data: (.+)$/m.exec(answer.body)?.[1] ?? answer.body };
  },
  WebSocket: (url, { certificate, query, token }) =>
    askByWebSocket(url, {
      certificate,
      query,
      ...(token === undefined ? {} : { payload: { Authorization: `Bearer ${token}` } }),
    }),
};

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
