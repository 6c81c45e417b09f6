/** Clients whose subscriptions survive a restart of the service and the end of a token. */
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';

/** Half a second to ten seconds, longer each time, and not the same for all clients that have lost one service. */
const wait = (retries: number): Promise<void> =>
  new Promise((resolve) =>
    setTimeout(resolve, Math.min(10_000, 1_000 * 2 ** retries) * (0.5 + Math.random() / 2)),
  );

/** `token` is called for each connection, and gives a token that is still good. */
export function overWebSocket(url: string, token: () => Promise<string>) {
  return createWebSocketClient({
    url,
    connectionParams: async () => ({ Authorization: `Bearer ${await token()}` }),
    retryAttempts: 100,
    retryWait: wait,
    // Without this, an address that refuses connections for a moment is the end.
    shouldRetry: () => true,
  });
}

/** The same by Server-Sent Events. */
export function byEventStream(url: string, token: () => Promise<string>) {
  return createSseClient({
    url,
    headers: async () => ({ Authorization: `Bearer ${await token()}` }),
    retryAttempts: 100,
    retry: wait,
  });
}
