/** Clients whose subscriptions survive a restart of the service and an expired token. */
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';

/** Exponential backoff from half a second to ten seconds, with jitter so that clients do not reconnect all at once. */
const wait = (retries: number): Promise<void> =>
  new Promise((resolve) =>
    setTimeout(resolve, Math.min(10_000, 1_000 * 2 ** retries) * (0.5 + Math.random() / 2)),
  );

/** `token` is called for each connection and returns a token that is still valid. */
export function overWebSocket(url: string, token: () => Promise<string>) {
  return createWebSocketClient({
    url,
    connectionParams: async () => ({ Authorization: `Bearer ${await token()}` }),
    retryAttempts: 100,
    retryWait: wait,
    // Without this, the client gives up when the address refuses a connection.
    shouldRetry: () => true,
  });
}

/** The same over Server-Sent Events. */
export function byEventStream(url: string, token: () => Promise<string>) {
  return createSseClient({
    url,
    headers: async () => ({ Authorization: `Bearer ${await token()}` }),
    retryAttempts: 100,
    retry: wait,
  });
}
