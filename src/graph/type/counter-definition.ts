/** The catalogue in the graph. */
import { catalogue, countersOf } from '../../catalogue/catalogue.ts';
import type { Counter, CounterKind, CounterReporter } from '../../catalogue/counter.ts';
import type { StatisticsObject } from '../../catalogue/group.ts';
import { versionMinorOf } from '../../catalogue/release.ts';
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
    description: 'How far a counter can be relied on.',
    values: {
      ARCHITECTURAL: { description: 'In every release of the hypervisor.' },
      RELEASE_SPECIFIC: { description: 'May differ from release to release.' },
    } as const,
  });
  const access = builder.enumType('AccessClass', {
    description: 'Who may read a counter.',
    values: {
      GLOBAL: { description: 'The root partition only.' },
      LOCAL: { description: 'The partition itself and its parent.' },
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
      GAUGE: { description: 'A level. It has no rate.' },
      CLOCK: { description: "The hypervisor's clock. It has no rate." },
      RAW: {
        description:
          'A number of which it is not known for sure what kind it is. It stands in counters only and has no rate.',
      },
    } as const satisfies Readonly<Record<CounterKind, { description: string }>>,
  });
  const reporter = builder.enumType('CounterReporter', {
    description: 'Where a counter is reported.',
    values: {
      PUBLIC_2013: { description: 'By overlay pages as the public list of 2013 describes them.' },
      LINUX_X64: { description: 'By the Linux driver on x86-64.' },
      LINUX_ARM64: { description: 'By the Linux driver on arm64.' },
      WINDOWS: { description: 'By the performance classes of Windows.' },
    } as const satisfies Readonly<Record<CounterReporter, { description: string }>>,
  });
  const definition = builder.objectRef<Counter>('CounterDefinition').implement({
    description: 'What a counter means, and where in an overlay page it stands.',
    fields: (t) => ({
      object: t.expose('object', {
        type: object,
        nullable: false,
        description: 'The kind of object that it tells about.',
      }),
      field: t.exposeString('field', {
        nullable: false,
        description: 'Its field in counters, deltas and rates.',
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
        description: 'The version of the group that has it, or any later one of the same major.',
        resolve: ({ statisticsGroup: { versionMajor }, release }) =>
          `${versionMajor}.${versionMinorOf[release]}`,
      }),
      index: t.int({
        nullable: false,
        description:
          'Its position in the group, from 1; 0, where the header stands, of a counter whose place is not known: no page carries it.',
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
        description: 'The unit of the number as it stands: "1", "page", "100ns" or "ns"; else "unknown".',
      }),
      rateUnit: t.exposeString('rateUnit', {
        nullable: true,
        description: 'The unit of its rate; null where it has none.',
      }),
      reportedBy: t.expose('reportedBy', {
        type: [reporter],
        nullable: false,
        description: 'Who reports it. A host that does not answers with null.',
      }),
      isReported: t.boolean({
        nullable: true,
        description:
          'Whether this host reports it: whether the reading of one such object carries it now. null: there is no such object that the caller may read, or it cannot be read.',
        resolve: (counter, _args, { operation }) => isReported(operation, counter),
      }),
    }),
  });
  builder.queryField('counterDefinitions', (t) =>
    t.field({
      type: [definition],
      nullable: false,
      description: 'What each counter means: the whole catalogue, or the counters of one kind of object.',
      args: {
        object: t.arg({ type: object, required: false, description: 'Those of this kind of object only.' }),
      },
      resolve: (_root, args) => (args.object == null ? catalogue : countersOf(args.object)),
    }),
  );
}
