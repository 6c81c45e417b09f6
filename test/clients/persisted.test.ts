import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange, type Exchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { createClient, type Client as WebSocketClient, type Sink, type SubscribePayload } from 'graphql-ws';
import {
  Environment,
  fetchQuery,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
  type FetchFunction,
  type GraphQLResponse,
  type RequestParameters,
  type Variables,
} from 'relay-runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { runTool, writeExamples } from './examples.ts';
import { startWatchedService, type WatchedService } from './watched-service.ts';
import { until } from '../until.ts';

const transports = ['POST', 'GET', 'WebSocket'] as const;
type Transport = (typeof transports)[number];

const own = 'query Own { viewer { partitionId } }';
const root = 'query Root { viewer { isRoot } }';
const live = 'subscription Live { partition { partitionId } }';

let folder: URL;
/** A module that a tool or the page of examples has written. */
const load = (file: string): Promise<any> => import(fileURLToPath(new URL(file, folder)));
/** The manifests of the tools, by the names of the clients. */
const manifests = {
  apollo: 'persisted-query-manifest.json',
  urql: 'documents/generated/persisted-documents.json',
  relay: 'persisted.json',
} as const;
const services = {} as Record<keyof typeof manifests | 'none', WatchedService>;
const sockets = new Set<WebSocketClient>();

beforeAll(async () => {
  // Apollo Client's link reads its constants; Node 20 has none.
  vi.stubGlobal('WebSocket', WebSocket);
  folder = writeExamples('persisted');
  mkdirSync(new URL('documents/', folder));
  const write = (file: string, content: string): void => writeFileSync(new URL(file, folder), content);
  write('documents/own.graphql', own);
  write('documents/live.graphql', live);
  write('persisted-query-manifest.config.json', '{ "documents": ["documents/*.graphql"] }');
  write(
    'own.ts',
    `graphql\`${own.replace('Own', 'ownQuery')}\`; graphql\`${live.replace('Live', 'ownSubscription')}\`;`,
  );
  write(manifests.relay, '{}');
  const relay = JSON.parse(readFileSync(new URL('relay.config.json', folder), 'utf8'));
  write('relay.config.json', JSON.stringify({ ...relay, persistConfig: { file: manifests.relay } }));
  await runTool(folder, [
    'generate-persisted-query-manifest',
    '--config',
    'persisted-query-manifest.config.json',
  ]);
  await runTool(folder, ['graphql-codegen', '--config', 'codegen.ts']);
  await runTool(folder, ['relay-compiler']);
  services.none = await startWatchedService();
  for (const client of ['apollo', 'urql', 'relay'] as const) {
    const manifest = fileURLToPath(new URL(manifests[client], folder));
    services[client] = await startWatchedService(['--operations', manifest]);
  }
});
beforeEach(() => {
  for (const { requests } of Object.values(services)) requests.length = 0;
});
afterAll(async () => {
  for (const socket of sockets) await socket.dispose();
  vi.unstubAllGlobals();
});

function webSocketTo({ url, token }: WatchedService): WebSocketClient {
  const socket = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  sockets.add(socket);
  return socket;
}

interface Setup {
  readonly service: WatchedService;
  readonly transport: Transport;
}

function apolloClient(persisted: ApolloLink, { service, transport }: Setup): ApolloClient {
  const { url: uri, fetch } = service;
  const end =
    transport === 'WebSocket'
      ? new GraphQLWsLink(webSocketTo(service))
      : new HttpLink({ uri, fetch, useGETForQueries: transport === 'GET' });
  return new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.from([persisted, end]) });
}

function urqlClient(persisted: Exchange, { service, transport }: Setup): Client {
  const { url, fetch } = service;
  const socket = transport === 'WebSocket' ? webSocketTo(service) : null;
  const bySocket = subscriptionExchange({
    enableAllOperations: true,
    // graphql-ws needs a text, also where an id takes its place.
    forwardSubscription: (body) => ({
      subscribe: (sink) => ({
        unsubscribe:
          socket?.subscribe({ ...body, query: body.query ?? '' }, sink as unknown as Sink) ??
          (() => undefined),
      }),
    }),
  });
  return new Client({
    url,
    fetch,
    preferGetMethod: transport === 'GET' ? 'force' : false,
    fetchSubscriptions: true,
    exchanges: [persisted, socket === null ? fetchExchange : bySocket],
  });
}

function relayEnvironment({ service, transport }: Setup): Environment {
  const { url, fetch } = service;
  const bySocket = ({ id }: Pick<RequestParameters, 'id'>, variables: Variables) => {
    const payload = { query: '', doc_id: id, variables } as SubscribePayload;
    return Observable.create<GraphQLResponse>((sink) =>
      webSocketTo(service).subscribe(payload, {
        next: (result) => sink.next(result as GraphQLResponse),
        error: (thrown) => sink.error(thrown as Error),
        complete: () => sink.complete(),
      }),
    );
  };
  const byHttp: FetchFunction = async ({ id }, variables) => {
    const search = new URLSearchParams({ doc_id: String(id), variables: JSON.stringify(variables) });
    const response = await (transport === 'GET'
      ? fetch(`${url}?${search.toString()}`)
      : fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ doc_id: id, variables }),
        }));
    return (await response.json()) as GraphQLResponse;
  };
  const forQueries: FetchFunction = (params, variables, config) =>
    transport === 'WebSocket' ? bySocket(params, variables) : byHttp(params, variables, config);
  return new Environment({
    network: Network.create(forQueries, bySocket),
    store: new Store(new RecordSource()),
  });
}

/** Whether each request had the text of its document, in the order in which they were sent. */
const hadText = ({ requests }: WatchedService): boolean[] =>
  requests.map((request) => request.includes('viewer'));

const byGet = ({ requests }: WatchedService): boolean[] => requests.map((request) => request.startsWith('?'));

describe.each(transports)('a service without --operations by %s', (transport) => {
  const isWatched = transport !== 'WebSocket';

  it("receives the text from Apollo Client's link, which then sends no more hashes", async () => {
    const service = services.none;
    const { createHashLink } = await load('persisted.ts');
    const client = apolloClient(createHashLink(), { service, transport });
    expect((await client.query({ query: gql(own) })).data).toMatchObject({ viewer: { partitionId: '1' } });
    expect((await client.query({ query: gql(root) })).data).toMatchObject({ viewer: { isRoot: true } });
    if (isWatched) expect(hadText(service)).toEqual([false, true, true]);
    if (isWatched) expect(byGet(service)[0]).toBe(transport === 'GET');
    client.stop();
  });

  it("receives the text from urql's exchange, which then sends no more hashes", async () => {
    const service = services.none;
    const { createHashExchange } = await load('persisted.ts');
    // By default the exchange prefers GET.
    const exchange =
      transport === 'GET' ? createHashExchange() : persistedExchange({ preferGetForPersistedQueries: false });
    const client = urqlClient(exchange, { service, transport });
    expect((await client.query(own, {})).data).toEqual({ viewer: { partitionId: '1' } });
    expect((await client.query(root, {})).data).toEqual({ viewer: { isRoot: true } });
    if (isWatched) expect(hadText(service)).toEqual([false, true, true]);
    if (isWatched) expect(byGet(service)[0]).toBe(transport === 'GET');
  });
});

describe.each(transports)('a service with the manifest of a tool by %s', (transport) => {
  const isWatched = transport !== 'WebSocket';

  it("answers Apollo Client's link, and rejects a document that is not listed", async () => {
    const service = services.apollo;
    const { createHashLink, createManifestLink } = await load('persisted.ts');
    const manifest = JSON.parse(readFileSync(new URL(manifests.apollo, folder), 'utf8'));
    for (const link of [createManifestLink(() => manifest), createHashLink()]) {
      const client = apolloClient(link, { service, transport });
      expect((await client.query({ query: gql(own) })).data).toMatchObject({ viewer: { partitionId: '1' } });
      client.stop();
    }
    const client = apolloClient(createHashLink(), { service, transport });
    await expect(client.query({ query: gql(root) })).rejects.toThrow('answers only listed operations');
    // A link that had taken it for unknown for the moment would have sent the text.
    if (isWatched) expect(hadText(service)).toEqual([false, false, false]);
    if (isWatched) expect(new Set(byGet(service))).toEqual(new Set([transport === 'GET']));
    client.stop();
  });

  it("answers urql's exchange, which sends the ids of GraphQL Code Generator", async () => {
    const service = services.urql;
    const { createManifestExchange, readId } = await load('persisted.ts');
    const { LiveDocument, OwnDocument } = await load('documents/generated/graphql.ts');
    const exchange =
      transport === 'GET'
        ? createManifestExchange()
        : persistedExchange({
            enforcePersistedQueries: true,
            enableForSubscriptions: true,
            preferGetForPersistedQueries: false,
            generateHash: readId,
          });
    const client = urqlClient(exchange, { service, transport });
    expect((await client.query(OwnDocument, {})).data).toEqual({ viewer: { partitionId: '1' } });
    if (isWatched) expect([hadText(service), byGet(service)]).toEqual([[false], [transport === 'GET']]);
    const events: unknown[] = [];
    const watched = client.subscription(LiveDocument, {}).subscribe(({ data }) => events.push(data));
    await until(() => events.length > 0);
    watched.unsubscribe();
    expect(events[0]).toEqual({ partition: { partitionId: '1' } });
    const other = urqlClient(persistedExchange({ enforcePersistedQueries: true }), { service, transport });
    expect((await other.query(root, {})).error?.graphQLErrors[0]?.extensions['code']).toBe(
      'PERSISTED_DOCUMENT_NOT_FOUND',
    );
  });

  it('answers Relay, which sends its own ids', async () => {
    const service = services.relay;
    const environment = relayEnvironment({ service, transport });
    const { default: query } = await load('__generated__/ownQuery.graphql.ts');
    expect(query.params.text).toBeNull();
    expect(await fetchQuery(environment, query, {}).toPromise()).toEqual({ viewer: { partitionId: '1' } });
    const { default: subscription } = await load('__generated__/ownSubscription.graphql.ts');
    const events: unknown[] = [];
    const watched = requestSubscription(environment, {
      subscription,
      variables: {},
      onNext: (data) => events.push(data),
    });
    await until(() => events.length > 0);
    watched.dispose();
    expect(events[0]).toEqual({ partition: { partitionId: '1' } });
  });
});
