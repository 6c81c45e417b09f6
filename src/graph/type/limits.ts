/** The limits on requests in the graph. */
import type { Builder } from '../builder.ts';
import type { Limits } from '../context.ts';

export function defineLimits(builder: Builder) {
  return builder.objectRef<Limits>('Limits').implement({
    description: 'The bounds that questions meet. Beyond one of them the answer is LIMIT_EXCEEDED.',
    fields: (t) => ({
      minInterval: t.field({
        type: 'Duration',
        nullable: false,
        description:
          'The shortest time from one event to the next, and the shortest that growth can be asked over.',
        resolve: ({ minIntervalMilliseconds }) => minIntervalMilliseconds,
      }),
      maxInterval: t.field({
        type: 'Duration',
        nullable: false,
        description: 'The longest time from one event to the next.',
        resolve: ({ maxIntervalMilliseconds }) => maxIntervalMilliseconds,
      }),
      maxWait: t.field({
        type: 'Duration',
        nullable: false,
        description:
          'The longest time that growth can be asked over in a query, which may have to wait for so long.',
        resolve: ({ maxWaitMilliseconds }) => maxWaitMilliseconds,
      }),
      maxTokens: t.exposeInt('maxTokens', {
        nullable: false,
        description: 'How many tokens a document may have.',
      }),
      maxDepth: t.exposeInt('maxDepth', {
        nullable: false,
        description: 'How many fields deep an operation may be, its fragments spread.',
      }),
      maxAliases: t.exposeInt('maxAliases', {
        nullable: false,
        description: 'How many aliases an operation may have, its fragments spread.',
      }),
      maxNameLength: t.exposeInt('maxNameLength', {
        nullable: false,
        description: 'How many characters a name in a document may have, such as an alias.',
      }),
      maxDirectives: t.exposeInt('maxDirectives', {
        nullable: false,
        description: 'How many directives an operation may have, its fragments spread.',
      }),
      maxBodyBytes: t.exposeInt('maxBodyBytes', {
        nullable: false,
        description: 'How many bytes the body of a request or a message by WebSocket may have.',
      }),
      maxOperationsPerRequest: t.int({
        nullable: false,
        description: 'How many operations a request may hold: one, as batches are not answered.',
        resolve: () => 1,
      }),
      maxOperationsPerConnection: t.exposeInt('maxOperationsPerConnection', {
        nullable: false,
        description: 'How many operations may be running on one WebSocket.',
      }),
      maxListItems: t.exposeInt('maxListItems', {
        nullable: false,
        description: 'How many items a list may have that is given as an argument.',
      }),
      maxValues: t.exposeInt('maxValues', {
        nullable: false,
        description:
          'How many values an answer may hold, all its leaves counted: each of totals for every reading that is summed up in it, a page, and what is unlisted of an object, for the 512 that there is room for.',
      }),
      maxPages: t.exposeInt('maxPages', {
        nullable: false,
        description: 'How many overlay pages may be read for an answer or an event.',
      }),
      maxTime: t.field({
        type: 'Duration',
        nullable: false,
        description: 'How long an answer may take, beside the time that it is asked to wait for.',
        resolve: ({ maxTimeMilliseconds }) => maxTimeMilliseconds,
      }),
      maxPageSize: t.exposeInt('maxPageSize', {
        nullable: false,
        description: 'How many objects one page of a connection holds at most.',
      }),
      maxStreams: t.exposeInt('maxStreams', {
        nullable: false,
        description: 'How many subscriptions may be open at once, of all callers together.',
      }),
      maxStreamsPerCaller: t.exposeInt('maxStreamsPerCaller', {
        nullable: false,
        description: 'How many of them may be of one caller.',
      }),
      maxStreamText: t.exposeInt('maxStreamText', {
        nullable: false,
        description:
          'How many characters the documents and variables of all open subscriptions may have together; a document that many have in common counts once.',
      }),
      maxStreamTextPerCaller: t.exposeInt('maxStreamTextPerCaller', {
        nullable: false,
        description: 'How many of these characters may be of one caller.',
      }),
      maxStreamValues: t.exposeInt('maxStreamValues', {
        nullable: false,
        description: 'How many values one event of a subscription may hold, counted as for maxValues.',
      }),
    }),
  });
}
