/** The limits on requests in the graph. */
import type { Builder } from '../builder.ts';
import type { Limits } from '../context.ts';

export function defineLimits(builder: Builder) {
  return builder.objectRef<Limits>('Limits').implement({
    description: 'The limits on requests. A request that exceeds one fails with LIMIT_EXCEEDED.',
    fields: (t) => ({
      minInterval: t.field({
        type: 'Duration',
        nullable: false,
        description: 'The minimum time between two events, and the minimum of the argument `over`.',
        resolve: ({ minIntervalMilliseconds }) => minIntervalMilliseconds,
      }),
      maxInterval: t.field({
        type: 'Duration',
        nullable: false,
        description: 'The maximum time between two events.',
        resolve: ({ maxIntervalMilliseconds }) => maxIntervalMilliseconds,
      }),
      maxWait: t.field({
        type: 'Duration',
        nullable: false,
        description: 'The maximum of the argument `over` in a query, which may have to wait that long.',
        resolve: ({ maxWaitMilliseconds }) => maxWaitMilliseconds,
      }),
      maxTokens: t.exposeInt('maxTokens', {
        nullable: false,
        description: 'The maximum number of tokens in a document.',
      }),
      maxDepth: t.exposeInt('maxDepth', {
        nullable: false,
        description: 'The maximum depth of fields in an operation, with fragments expanded.',
      }),
      maxAliases: t.exposeInt('maxAliases', {
        nullable: false,
        description: 'The maximum number of aliases in an operation, with fragments expanded.',
      }),
      maxNameLength: t.exposeInt('maxNameLength', {
        nullable: false,
        description: 'The maximum length of a name in a document, such as an alias, in characters.',
      }),
      maxDirectives: t.exposeInt('maxDirectives', {
        nullable: false,
        description: 'The maximum number of directives in an operation, with fragments expanded.',
      }),
      maxBodyBytes: t.exposeInt('maxBodyBytes', {
        nullable: false,
        description: 'The maximum size of a request body or a WebSocket message, in bytes.',
      }),
      maxOperationsPerRequest: t.int({
        nullable: false,
        description:
          'The maximum number of operations in one request: always 1, because batching is not supported.',
        resolve: () => 1,
      }),
      maxOperationsPerConnection: t.exposeInt('maxOperationsPerConnection', {
        nullable: false,
        description: 'The maximum number of running operations on one WebSocket.',
      }),
      maxListItems: t.exposeInt('maxListItems', {
        nullable: false,
        description: 'The maximum number of items in a list argument.',
      }),
      maxValues: t.exposeInt('maxValues', {
        nullable: false,
        description:
          'The maximum number of values (leaf fields) in a response. A leaf of totals counts once for each reading in its sum. `page.groups`, `page.bytes` and `unlisted` count as 512 each.',
      }),
      maxPages: t.exposeInt('maxPages', {
        nullable: false,
        description: 'The maximum number of overlay pages that one response or event may read.',
      }),
      maxTime: t.field({
        type: 'Duration',
        nullable: false,
        description:
          'The maximum time for a response, not counting the time that the operation itself asks to wait.',
        resolve: ({ maxTimeMilliseconds }) => maxTimeMilliseconds,
      }),
      maxPageSize: t.exposeInt('maxPageSize', {
        nullable: false,
        description: 'The maximum number of items on one page of a connection.',
      }),
      maxStreams: t.exposeInt('maxStreams', {
        nullable: false,
        description: 'The maximum number of open subscriptions of all callers together.',
      }),
      maxStreamsPerCaller: t.exposeInt('maxStreamsPerCaller', {
        nullable: false,
        description: 'The maximum number of open subscriptions of one caller.',
      }),
      maxStreamText: t.exposeInt('maxStreamText', {
        nullable: false,
        description:
          'The maximum number of characters in the documents and variables of all open subscriptions. A document that several of them share counts once.',
      }),
      maxStreamTextPerCaller: t.exposeInt('maxStreamTextPerCaller', {
        nullable: false,
        description: 'The maximum number of these characters for one caller.',
      }),
      maxStreamValues: t.exposeInt('maxStreamValues', {
        nullable: false,
        description:
          'The maximum number of values in one event of a subscription, counted as for `maxValues`.',
      }),
      maxValuesPerSecond: t.exposeInt('maxValuesPerSecond', {
        nullable: false,
        description:
          'The maximum number of values per second that one caller may receive in responses and events together, averaged over a minute. A response or an event that is sent again without being computed again counts as a tenth. Beyond it, requests fail with BUDGET_EXCEEDED, and events of subscriptions come less often.',
      }),
      maxWaiting: t.exposeInt('maxWaiting', {
        nullable: false,
        description:
          'The maximum number of queries of all callers together that wait for a second reading. Beyond it, they fail with OVERLOADED.',
      }),
      maxWaitingPerCaller: t.exposeInt('maxWaitingPerCaller', {
        nullable: false,
        description:
          'The maximum number of these queries of one caller. Beyond it, they fail with BUDGET_EXCEEDED.',
      }),
      maxWaitingText: t.exposeInt('maxWaitingText', {
        nullable: false,
        description:
          'The maximum number of characters in the documents and variables of all these queries. A document that several of them share counts once.',
      }),
      maxWaitingTextPerCaller: t.exposeInt('maxWaitingTextPerCaller', {
        nullable: false,
        description: 'The maximum number of these characters for one caller.',
      }),
      maxConnections: t.exposeInt('maxConnections', {
        nullable: false,
        description:
          'The maximum number of open connections. Beyond it, requests fail with OVERLOADED, except those to /health.',
      }),
      maxConnectionsPerAddress: t.exposeInt('maxConnectionsPerAddress', {
        nullable: false,
        description:
          'The maximum number of these connections from one address; an IPv6 network of 64 bits counts as one. Beyond it, requests fail with BUDGET_EXCEEDED. Loopback and guest sockets have no such limit.',
      }),
    }),
  });
}
