/** What the service says of itself. */
import type { HeldFacts } from '../../sampling/read/held-readings.ts';
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
    description: 'The service itself.',
    fields: (t) => ({
      version: t.exposeString('version', { nullable: false, description: 'Its version.' }),
      source: t.field({
        type: health,
        nullable: false,
        description: 'Where the statistics come from.',
        resolve: (facts) => facts.health(),
      }),
      history: t.field({
        type: history,
        nullable: false,
        description: 'What is held of past readings.',
        resolve: (facts) => facts.health().held,
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

function defineSourceHealth(builder: Builder, area: AreaRef) {
  return builder.objectRef<SourceHealth>('SourceHealth').implement({
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
      unreadableLines: t.field({
        type: 'UInt64',
        nullable: true,
        description:
          'How many lines it could not read since the service started, each time that they were met; null where it reads no text.',
        resolve: ({ unreadableLines }) => (unreadableLines === null ? null : BigInt(unreadableLines)),
      }),
      areas: t.field({
        type: [area],
        nullable: false,
        description:
          'Which areas it has of partitions and virtual processors. Where it has both, a partition is given SELF and its parent PARENT; where it has one only, both are given that one.',
        resolve: ({ areas }) => [...areas],
      }),
    }),
  });
}

function defineHistory(builder: Builder) {
  return builder.objectRef<HeldFacts>('ServiceHistory').implement({
    description:
      'What is held of past readings, so that deltas and rates need not wait for a second one. Old readings are thinned before the bound is reached.',
    fields: (t) => ({
      readings: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'How many readings are held, each of one object.',
        resolve: ({ readings }) => BigInt(readings),
      }),
      bytes: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'How much memory they take, about.',
        resolve: ({ bytes }) => BigInt(bytes),
      }),
      maxBytes: t.field({
        type: 'UInt64',
        nullable: false,
        description: 'How much memory they may take.',
        resolve: ({ maximumBytes }) => BigInt(maximumBytes),
      }),
      span: t.field({
        type: 'Duration',
        nullable: true,
        description: 'The time from the oldest of them to the newest; null where none is held.',
        resolve: ({ spanMilliseconds }) => (spanMilliseconds === null ? null : Math.round(spanMilliseconds)),
      }),
      maxSpan: t.field({
        type: 'Duration',
        nullable: false,
        description: 'How long a reading is held at the most.',
        resolve: ({ maximumAgeMilliseconds }) => maximumAgeMilliseconds,
      }),
    }),
  });
}
