/** A service, and the requests that clients send to it. */
import { afterAll } from 'vitest';
import { serve } from '../end-to-end/program.ts';

// Before a test puts a counting one in its place.
const { fetch } = globalThis;

/** A running service, asked with the token of the root partition. */
export interface WatchedService {
  /** Of GraphQL, by HTTP. */
  readonly url: string;
  /** The root partition's. */
  readonly token: string;
  /** What clients send their requests with: adds the token where a request has no token, and counts. */
  readonly fetch: typeof globalThis.fetch;
  /** The bodies, or the query strings of GET, of the requests sent so far. */
  readonly requests: string[];
  /** Resolves once clients have sent nothing while the service answered twenty other requests, one after the other. */
  untilIdle(): Promise<void>;
}

/** Starts the built service, which ends with the tests of the file. */
export async function startWatchedService(args: readonly string[] = []): Promise<WatchedService> {
  const { program, url, tokens } = await serve(args);
  afterAll(() => program.stop());
  const [token = ''] = tokens;
  const requests: string[] = [];
  const authorized = (request: Request): Request => {
    if (!request.headers.has('authorization')) request.headers.set('authorization', `Bearer ${token}`);
    return request;
  };
  let underWay = 0;
  return {
    url,
    token,
    requests,
    async fetch(input, init) {
      const request = authorized(new Request(input, init));
      requests.push(request.method === 'GET' ? new URL(request.url).search : await request.clone().text());
      underWay += 1;
      try {
        return await fetch(request);
      } finally {
        underWay -= 1;
      }
    },
    async untilIdle() {
      let sent = requests.length;
      for (let passes = 0; passes < 20; passes += 1) {
        await (await fetch(authorized(new Request(`${url}?query={__typename}`)))).text();
        if (underWay > 0 || requests.length > sent) passes = 0;
        sent = requests.length;
      }
    },
  };
}
