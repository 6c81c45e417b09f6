/** What the service says of itself. */
import type { SourceHealth } from '../sampling/sampler.ts';
import type { Builder } from './builder.ts';
import type { Limits, ServiceFacts } from './context.ts';

export function defineService(builder: Builder): void {
  const health = builder.objectRef<SourceHealth>('SourceHealth').implement({
    description: 'Where the statistics come from, and how it has been answering.',
    fields: (t) => ({
      kind: t.exposeString('kind', { nullable: false, description: 'Its kind, such as "pages".' }),
      isAnswering: t.exposeBoolean('isAnswering', {
        nullable: true,
        description: 'Whether it answered when it was last asked; null before that.',
      }),
      lastReadAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it last answered; null before that.',
        resolve: ({ lastReadAt }) => lastReadAt,
      }),
    }),
  });
  const limits = builder.objectRef<Limits>('Limits').implement({
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
        description: 'The longest.',
        resolve: ({ maxIntervalMilliseconds }) => maxIntervalMilliseconds,
      }),
      maxWait: t.field({
        type: 'Duration',
        nullable: false,
        description:
          'The longest time that growth can be asked over in a query, which may have to wait for so long.',
        resolve: ({ maxWaitMilliseconds }) => maxWaitMilliseconds,
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
      maxStreamValues: t.exposeInt('maxStreamValues', {
        nullable: false,
        description: 'How many counter values one event of a subscription may hold.',
      }),
    }),
  });
  const service = builder.objectRef<ServiceFacts>('Service').implement({
    description: 'The service itself.',
    fields: (t) => ({
      version: t.exposeString('version', { nullable: false, description: 'Its version.' }),
      source: t.field({
        type: health,
        nullable: false,
        description: 'Where the statistics come from.',
        resolve: (facts) => facts.health(),
      }),
      limits: t.field({
        type: limits,
        nullable: false,
        description: 'The bounds that questions meet.',
        resolve: (facts) => facts.limits,
      }),
    }),
  });
  builder.queryField('service', (t) =>
    t.field({
      type: service,
      nullable: false,
      description: 'The service itself: version, source, limits.',
      resolve: (_root, _args, { operation }) => operation.service,
    }),
  );
}
