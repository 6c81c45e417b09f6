/** The state of the service in the graph. */
import type { HeldFacts } from '../../snapshot/past.ts';
import type { SourceHealth } from '../../sampling/sampler.ts';
import type { Builder } from '../builder.ts';
import type { AreaRef } from './overlay-page.ts';
import type { ServiceFacts } from '../context.ts';
import { defineLimits } from './limits.ts';

export function defineService(builder: Builder, area: AreaRef): void {
  const health = defineSourceHealth(builder, area);
  const history = defineHistory(builder);
  const limits = defineLimits(builder);
  const service = builder.objectRef<ServiceFacts>('Service').implement({
    description: 'This service.',
    fields: (t) => ({
      version: t.exposeString('version', { nullable: false, description: 'Its version.' }),
      source: t.field({
        type: health,
        nullable: false,
        description: 'The source of the statistics.',
        resolve: (facts) => facts.health(),
      }),
      history: t.field({
        type: history,
        nullable: false,
        description: 'Past readings in memory.',
        resolve: ({ health, historyEvery = null }) => ({ ...health().held, historyEvery }),
      }),
      limits: t.field({
        type: limits,
        nullable: false,
        description: 'The limits on requests.',
        resolve: (facts) => facts.limits,
      }),
    }),
  });
  builder.queryField('service', (t) =>
    t.field({
      type: service,
      nullable: false,
      description: 'This service: its version, source and limits.',
      resolve: (_root, _args, { operation }) => operation.service,
    }),
  );
}

function defineSourceHealth(builder: Builder, area: AreaRef) {
  return builder.objectRef<SourceHealth>('SourceHealth').implement({
    description: 'The source of the statistics and its state.',
    fields: (t) => ({
      kind: t.exposeString('kind', { nullable: false, description: 'The kind of source, such as "pages".' }),
      isAnswering: t.exposeBoolean('isAnswering', {
        nullable: true,
        description: 'Whether the last read succeeded; null before the first read.',
      }),
      lastReadAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When a read last succeeded; null before that.',
        resolve: ({ lastReadAt }) => lastReadAt,
      }),
      unreadableLines: t.field({
        type: 'UInt64',
        nullable: true,
        description:
          'The number of lines that could not be parsed since the service started, counted at each read; null if the source has no text.',
        resolve: ({ unreadableLines }) => (unreadableLines === null ? null : BigInt(unreadableLines)),
      }),
      areas: t.field({
        type: [area],
        nullable: false,
        description:
          'The areas that it has of partitions and virtual processors. If it has both, a partition receives SELF and its parent receives PARENT. If it has one, both receive that one.',
        resolve: ({ areas }) => [...areas],
      }),
    }),
  });
}

function defineHistory(builder: Builder) {
  return builder.objectRef<HeldFacts & { readonly historyEvery: number | null }>('ServiceHistory').implement({
    description:
      'Past readings in memory, for deltas, rates and `history`. Old readings are thinned out before the memory limit is reached.',
    fields: (t) => ({
      readings: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'The number of readings in memory, each of one object.',
        resolve: ({ readings }) => BigInt(readings),
      }),
      bytes: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'The approximate memory that they take, in bytes.',
        resolve: ({ bytes }) => BigInt(bytes),
      }),
      maxBytes: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'The memory that they may take, in bytes.',
        resolve: ({ maximumBytes }) => BigInt(maximumBytes),
      }),
      span: t.field({
        type: 'Duration',
        nullable: true,
        description: 'The time from the oldest to the newest reading; null without readings.',
        resolve: ({ spanMilliseconds }) => (spanMilliseconds === null ? null : Math.round(spanMilliseconds)),
      }),
      interval: t.field({
        type: 'Duration',
        nullable: true,
        description: 'How often the service reads everything; null if it reads only what is requested.',
        resolve: ({ historyEvery }) => historyEvery,
      }),
      maxSpan: t.field({
        type: 'Duration',
        nullable: false,
        description: 'How far back the history of an object goes.',
        resolve: ({ historyMilliseconds }) => historyMilliseconds,
      }),
    }),
  });
}
