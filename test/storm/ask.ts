/** Sends a request by HTTP and reads the whole response. */
import { request } from 'node:http';
import type { Visit } from './kind.ts';

/** What to send. */
export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** false: over a connection of its own. */
  readonly isKept?: boolean;
  /** A UNIX socket in place of the port. */
  readonly socketPath?: string;
}

/** The response. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends it. Rejects if the connection is closed before the response is complete. */
export function ask(visit: Visit, asked: Asked): Promise<Reply> {
  const { method = 'GET', path = '/graphql', headers = {}, body, isKept = true, socketPath } = asked;
  const agent = isKept ? visit.agent : false;
  const { signal } = visit;
  const to = socketPath === undefined ? { port: visit.port, host: '127.0.0.1' } : { socketPath };
  return new Promise((resolve, reject) => {
    const sent = request({ ...to, method, path, headers, agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const { statusCode: status = 0, headers: given } = response;
        resolve({ status, type: given['content-type'] ?? '', text: Buffer.concat(chunks).toString() });
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
