/** Sends queries over HTTP one after another, as one client does, and measures each. */
import { Agent, request } from 'node:http';

/** An answer, and how long it took until its last byte. */
export interface TimedAnswer {
  readonly milliseconds: number;
  readonly answer: {
    readonly data?: any;
    readonly errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[];
  };
}

/** A client with one connection. */
export interface Client {
  ask(query: string): Promise<TimedAnswer>;
  close(): void;
}

/** A client of the service at this address of GraphQL. */
export function openClient(url: string, token: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return {
    async ask(query) {
      const began = performance.now();
      const { status, body } = await post({ url, agent, headers, body: JSON.stringify({ query }) });
      const milliseconds = performance.now() - began;
      if (status !== 200) throw new Error(`${url} has answered ${status}: ${body.slice(0, 500)}`);
      return { milliseconds, answer: JSON.parse(body) as TimedAnswer['answer'] };
    },
    close: () => agent.destroy(),
  };
}

function post({
  url,
  agent,
  headers,
  body,
}: {
  readonly url: string;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() }),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
