/** Clients that subscribe to a fleet over Server-Sent Events, and the arrival times of their events. */
import { Agent, request } from 'node:http';

/** Subscribed clients. */
export interface Watchers {
  /** The arrival times of events, by client, in milliseconds. */
  readonly times: readonly number[][];
  close(): void;
}

/** Opens that many, each with a connection of its own. Rejects where one of them gets anything but events. */
export async function openWatchers(
  url: string,
  { token, query, count }: { readonly token: string; readonly query: string; readonly count: number },
): Promise<Watchers> {
  const agent = new Agent({ keepAlive: false });
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    authorization: `Bearer ${token}`,
  };
  const body = JSON.stringify({ query });
  const requests: { destroy(): unknown }[] = [];
  const open = (): Promise<number[]> =>
    new Promise((resolve, reject) => {
      const times: number[] = [];
      const sent = request(url, { agent, method: 'POST', headers }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${url} has answered ${response.statusCode}`));
        response.setEncoding('utf8').on('data', (text: string) => {
          if (!text.includes('event: next')) return;
          times.push(performance.now());
          resolve(times);
        });
        // It is closed in the middle of its events.
        response.on('error', () => undefined);
      });
      sent.on('error', reject);
      sent.end(body);
      requests.push(sent);
    });
  const close = (): void => {
    for (const each of requests) each.destroy();
    agent.destroy();
  };
  return { times: await Promise.all(Array.from({ length: count }, open)), close };
}

/** How many events did not come between those that came, where one is due at each interval. */
export function missedEvents(times: readonly number[], everyMilliseconds: number): number {
  return times
    .slice(1)
    .map((time, n) => Math.max(0, Math.round((time - (times[n] ?? time)) / everyMilliseconds) - 1))
    .reduce((sum, missed) => sum + missed, 0);
}
