import { readFileSync } from 'node:fs';
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  InMemoryCache,
  Observable,
} from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client as UrqlClient, subscriptionExchange } from '@urql/core';
import { print } from 'graphql';
import type { Client as SseClient } from 'graphql-sse';
import type { Client as WebSocketClient } from 'graphql-ws';
import { SignJWT } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { nginx, startNginx } from '../end-to-end/nginx.ts';
import { Program } from '../end-to-end/program.ts';
import { byEventStream, overWebSocket } from './reconnecting.ts';
import { until } from '../until.ts';

// Browsers, and Node from 22 on, have their own.
if (!('WebSocket' in globalThis)) Object.assign(globalThis, { WebSocket });

const secret = 'a secret of thirty-two bytes or more';
const query = 'subscription Watch { hypervisor(every: "200ms") { sampledAt } }';

const sign = (seconds: number): Promise<string> =>
  new SignJWT({ hv_partition: '1' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
    .sign(new TextEncoder().encode(secret));

/** What the subscription of one client has brought. */
class Received {
  events = 0;
  readonly codes = new Set<unknown>();
  /** "complete", or the error that ended it. */
  end: unknown = null;
  #sampledAt: unknown = null;

  /** Counts new data, with errors or without: urql keeps errors beside the data of later events. */
  readonly next = ({ data, errors }: { data?: unknown; errors?: unknown }): void => {
    const { hypervisor } = (data ?? {}) as { hypervisor?: { sampledAt: unknown } };
    if (hypervisor !== undefined && hypervisor.sampledAt !== this.#sampledAt) {
      this.#sampledAt = hypervisor.sampledAt;
      this.events += 1;
    }
    for (const { extensions } of (errors ?? []) as { extensions?: Record<string, unknown> }[]) {
      this.codes.add(extensions?.['code']);
    }
  };
  readonly error = (error: unknown): void => {
    this.end = error;
  };
  readonly complete = (): void => {
    this.end = 'complete';
  };
}

type Transport = SseClient | WebSocketClient;
/** Subscribes, and gives what unsubscribes. */
type Watch = (transport: Transport, seen: Received) => () => void;

const libraries: Readonly<Record<string, Watch>> = {
  'by itself': (transport, seen) => transport.subscribe({ query }, seen),
  'under Apollo Client': (transport, seen) => {
    const link =
      'on' in transport
        ? new GraphQLWsLink(transport)
        : new ApolloLink(
            (operation) =>
              new Observable((sink) =>
                transport.subscribe({ query: print(operation.query) }, sink as unknown as Received),
              ),
          );
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const subscription = client.subscribe({ query: gql(query) }).subscribe({
      next: ({ data, error }) =>
        seen.next({ data, errors: CombinedGraphQLErrors.is(error) ? error.errors : [] }),
      error: seen.error,
      complete: seen.complete,
    });
    return () => subscription.unsubscribe();
  },
  'under urql': (transport, seen) => {
    const exchange = subscriptionExchange({
      forwardSubscription: ({ query: document = '' }) => ({
        subscribe: (sink) => ({
          unsubscribe: transport.subscribe({ query: document }, sink as unknown as Received),
        }),
      }),
    });
    const client = new UrqlClient({
      url: 'http://127.0.0.1/graphql',
      preferGetMethod: false,
      exchanges: [exchange],
    });
    const subscription = client.subscription(query, {}).subscribe(({ data, error, hasNext }) => {
      if (error?.networkError) seen.error(error.networkError);
      else if (!hasNext) seen.complete();
      else seen.next({ data, errors: error?.graphQLErrors });
    });
    return () => subscription.unsubscribe();
  },
};

const stops: (() => void)[] = [];
afterAll(() => stops.forEach((stop) => stop()));

/** Subscribes with each library by each transport. Each client has a sequence of tokens of its own. */
function watchAll(url: string, tokens: readonly [first: string, later: string]): Map<string, Received> {
  const all = new Map<string, Received>();
  for (const [library, watch] of Object.entries(libraries)) {
    for (const transport of ['graphql-sse', 'graphql-ws']) {
      let connections = 0;
      const token = async (): Promise<string> => (connections++ === 0 ? tokens[0] : tokens[1]);
      const seen = new Received();
      const client =
        transport === 'graphql-sse'
          ? byEventStream(url, token)
          : overWebSocket(url.replace(/^http/, 'ws'), token);
      stops.push(watch(client, seen));
      all.set(`${transport} ${library}`, seen);
    }
  }
  return all;
}

/** Waits until each has brought two more events, or has ended. */
async function untilMore(all: ReadonlyMap<string, Received>): Promise<void> {
  const before = new Map([...all].map(([name, { events }]) => [name, events]));
  const hasMore = ([name, { events, end }]: [string, Received]): boolean =>
    end !== null || events >= (before.get(name) ?? 0) + 2;
  await until(() => [...all].every(hasMore));
}

const endsOf = (all: ReadonlyMap<string, Received>): unknown =>
  Object.fromEntries([...all].map(([name, { end, codes }]) => [name, [end, ...codes]]));
const openWith = (all: ReadonlyMap<string, Received>, ...codes: string[]): unknown =>
  Object.fromEntries([...all].map(([name]) => [name, [null, ...codes]]));

/** Starts the service on a port, 0 for any. */
async function start(port: number): Promise<{ program: Program; port: number }> {
  const args = ['serve', '--port', String(port), '--source', 'simulator'];
  const program = new Program(args, { HVQL_JWT_SECRET: secret });
  const [, url] = await program.prints(/^hvql listening on (\S+)\n/m);
  return { program, port: Number(new URL(String(url)).port) };
}

const throughNginx = (port: number): Promise<number> =>
  startNginx(
    (own) => `
    listen 127.0.0.1:${own};
    location /graphql {
      proxy_pass http://127.0.0.1:${port};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 1h;
    }`,
  );

describe.each([
  ['directly', true, async (port: number) => port],
  ['through nginx', nginx !== null, throughNginx],
] as const)('clients that connect %s', (_, isPossible, addressOf) => {
  it.skipIf(!isPossible)('receive events again after a planned restart', async () => {
    const first = await start(0);
    const url = `http://127.0.0.1:${await addressOf(first.port)}/graphql`;
    const token = await sign(3_600);
    const all = watchAll(url, [token, token]);
    await untilMore(all);
    expect(await first.program.stop('SIGTERM')).toBe(0);
    const second = await start(first.port);
    await untilMore(all);
    expect(endsOf(all)).toEqual(openWith(all));
    await second.program.stop();
  });

  it.skipIf(!isPossible)('reconnect with a new token after theirs has expired', async () => {
    const { program, port } = await start(0);
    const url = `http://127.0.0.1:${await addressOf(port)}/graphql`;
    const all = watchAll(url, [await sign(10), await sign(3_600)]);
    const isTold = ({ codes, end }: Received): boolean => codes.size > 0 || end !== null;
    await until(() => [...all.values()].every(isTold));
    await untilMore(all);
    expect(endsOf(all)).toEqual(openWith(all, 'UNAUTHENTICATED'));
    await program.stop();
  });
});

describe('docs/front-ends.md', () => {
  it.each(['reconnecting.ts', 'charting.ts'])('contains the code of the tested client: %s', (file) => {
    const shown = readFileSync(new URL('../../docs/front-ends.md', import.meta.url), 'utf8');
    const [, ...code] = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n');
    expect(shown).toContain(code.join('\n'));
  });
});
