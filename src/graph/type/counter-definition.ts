/** The counter catalogue in the graph. */
import { catalogue, countersOf } from '../../catalogue/catalogue.ts';
import type { Counter, CounterKind, CounterReporter } from '../../catalogue/counter.ts';
import { type StatisticsObject, versionMinorOf } from '../../catalogue/group.ts';
import type { Builder } from '../builder.ts';
import { isReported } from './reported.ts';

export function defineCounterDefinition(builder: Builder) {
  const object = builder.enumType('StatisticsObject', {
    description: 'The kinds of object that have counters.',
    values: {
      HYPERVISOR: { description: 'The hypervisor itself.' },
      LOGICAL_PROCESSOR: { description: "One of the machine's processors." },
      PARTITION: { description: 'A partition.' },
      VIRTUAL_PROCESSOR: { description: 'A virtual processor of a partition.' },
    } as const satisfies Readonly<Record<StatisticsObject, { description: string }>>,
  });
  const origin = builder.enumType('CounterOrigin', {
    description: 'Whether every release of the hypervisor has a counter.',
    values: {
      ARCHITECTURAL: { description: 'Every release of the hypervisor has it.' },
      RELEASE_SPECIFIC: { description: 'It may differ between releases.' },
    } as const,
  });
  const access = builder.enumType('AccessClass', {
    description: 'Who may read a counter.',
    values: {
      GLOBAL: { description: 'Only the root partition may read it.' },
      LOCAL: { description: 'The partition itself and its parent may read it.' },
    } as const,
  });
  const kind = builder.enumType('CounterKind', {
    description: 'What kind of number a counter is.',
    values: {
      COUNT: { description: 'A running total of events. Its rate is per second.' },
      TIME: { description: 'A running total of time. Its rate is the percentage of the elapsed time.' },
      COST: {
        description: 'A running total of time spent on operations. Its rate is nanoseconds per operation.',
      },
      GAUGE: { description: 'A level, which can rise and fall. It has no rate.' },
      CLOCK: { description: "The hypervisor's clock. It has no rate." },
      RAW: {
        description: 'A number whose kind is not documented. It is in counters only and has no rate.',
      },
    } as const satisfies Readonly<Record<CounterKind, { description: string }>>,
  });
  const reporter = builder.enumType('CounterReporter', {
    description: 'The kinds of host that report a counter.',
    values: {
      PUBLIC_2013: { description: 'Overlay pages as described by the public list of 2013.' },
      LINUX_X64: { description: 'The Linux driver on x86-64.' },
      LINUX_ARM64: { description: 'The Linux driver on arm64.' },
      WINDOWS: { description: 'The performance classes of Windows.' },
    } as const satisfies Readonly<Record<CounterReporter, { description: string }>>,
  });
  const definition = builder.objectRef<Counter>('CounterDefinition').implement({
    description: 'What a counter means, and its position in an overlay page.',
    fields: (t) => ({
      object: t.expose('object', {
        type: object,
        nullable: false,
        description: 'The kind of object that it belongs to.',
      }),
      field: t.exposeString('field', {
        nullable: false,
        description: 'Its field name in counters, deltas and rates.',
      }),
      title: t.exposeString('title', { nullable: false, description: 'Its published name.' }),
      description: t.exposeString('description', { nullable: false, description: 'What it counts.' }),
      group: t.exposeString('group', { nullable: false, description: 'Its statistics group.' }),
      groupId: t.int({
        nullable: false,
        description: "The group's id in the page, unique among the groups of one kind of object.",
        resolve: ({ statisticsGroup }) => statisticsGroup.id,
      }),
      groupVersion: t.string({
        nullable: false,
        description:
          'The first version of the group that has it. Later versions of the same major version have it too.',
        resolve: ({ statisticsGroup: { versionMajor }, release }) =>
          `${versionMajor}.${versionMinorOf[release]}`,
      }),
      index: t.int({
        nullable: false,
        description:
          'Its position in the group, from 1. It is 0, the position of the header, if the position is not known: then no page has the counter.',
        resolve: ({ index }) => index ?? 0,
      }),
      origin: t.field({
        type: origin,
        nullable: false,
        description: 'Whether every release has it.',
        resolve: ({ statisticsGroup }) => statisticsGroup.origin,
      }),
      access: t.field({
        type: access,
        nullable: false,
        description: 'Who may read it.',
        resolve: ({ statisticsGroup }) => statisticsGroup.access,
      }),
      kind: t.expose('kind', { type: kind, nullable: false, description: 'What kind of number it is.' }),
      unit: t.exposeString('unit', {
        nullable: false,
        description: 'The unit of its value: "1", "page", "100ns", "ns" or "unknown".',
      }),
      rateUnit: t.exposeString('rateUnit', {
        nullable: true,
        description: 'The unit of its rate; null if it has no rate.',
      }),
      reportedBy: t.expose('reportedBy', {
        type: [reporter],
        nullable: false,
        description: 'The kinds of host that report it. On any other host its value is null.',
      }),
      isReported: t.boolean({
        nullable: true,
        description:
          'Whether this host reports it: whether a current reading of one such object has it. null: the caller may read no such object, or the object cannot be read.',
        resolve: (counter, _args, { operation }) => isReported(operation, counter),
      }),
    }),
  });
  builder.queryField('counterDefinitions', (t) =>
    t.field({
      type: [definition],
      nullable: false,
      description: 'The definitions of all counters, or of the counters of one kind of object.',
      args: {
        object: t.arg({
          type: object,
          required: false,
          description: 'Only counters of this kind of object.',
        }),
      },
      resolve: (_root, args) => (args.object == null ? catalogue : countersOf(args.object)),
    }),
  );
}
