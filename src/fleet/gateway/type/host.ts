/** A host of the fleet. */
import type { Builder, Refs } from '../../../graph/builder.ts';
import { fleetOf, partOf } from '../fleet-context.ts';
import { hostIdOf } from '../host-id.ts';
import type { HostStatus, KnownHost } from '../host-registry.ts';

/** The reference to the type of a host. */
export type HostRef = ReturnType<typeof defineHost>;
/** The reference to the type of its status. */
export type StatusRef = ReturnType<typeof defineStatus>;

/** The type of a host. */
export function defineHost(
  builder: Builder,
  { refs, status }: { readonly refs: Refs; readonly status: StatusRef },
) {
  const host = builder.objectRef<KnownHost>('Host');
  host.implement({
    description: 'A host: a machine whose hypervisor has statistics.',
    interfaces: [refs.node as never],
    fields: (t) => ({
      id: t.id({ nullable: false, description: 'Its global id.', resolve: ({ name }) => hostIdOf(name) }),
      name: t.exposeString('name', { nullable: false, description: 'Its name.' }),
      status: t.field({
        type: status,
        nullable: false,
        description: 'Whether it can be asked.',
        resolve: (each) => each.status,
      }),
      clockOffsetSeconds: t.float({
        nullable: true,
        description: 'By how much its clock is ahead, where that is more than ten seconds; else null.',
        resolve: ({ clockOffsetMilliseconds: offset }) => (offset === null ? null : offset / 1_000),
      }),
      lastSeenAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it last said that it is alive; null before that.',
        resolve: ({ seenAt }) => (seenAt === null ? null : (new Date(seenAt).toISOString() as never)),
      }),
      ageSeconds: t.float({
        nullable: true,
        description:
          'How long before an event of a subscription its values came; null in queries, which read them, and without values.',
        resolve: async ({ name }, _args, context) => {
          const milliseconds = await fleetOf(context).ageOf(name);
          return milliseconds === null ? null : milliseconds / 1_000;
        },
      }),
      version: t.string({
        nullable: true,
        description: 'The version of its service.',
        resolve: ({ alive }) => alive?.version ?? null,
      }),
      source: t.string({
        nullable: true,
        description: 'The kind of its source, such as "mshv".',
        resolve: ({ alive }) => alive?.source ?? null,
      }),
      hypervisor: t.field({
        type: refs.hypervisor,
        nullable: true,
        description: 'Its hypervisor; null with HOST_UNREACHABLE where it cannot be asked.',
        resolve: ({ name }, _args, context, info) =>
          fleetOf(context).ask(
            name,
            partOf(info, (selection) => `hypervisor ${selection}`),
          ) as never,
      }),
      partition: t.field({
        type: refs.partition,
        nullable: true,
        description: 'Its partition with this id; without an id, the caller.',
        args: { id: t.arg({ type: 'UInt64', required: false, description: 'Its partition id.' }) },
        resolve: ({ name }, _args, context, info) =>
          fleetOf(context).ask(
            name,
            partOf(info, (selection, args) => `partition${args} ${selection}`),
          ) as never,
      }),
    }),
  });
  return host;
}

/** The type of its status. */
export function defineStatus(builder: Builder) {
  return builder.enumType('HostStatus', {
    description: 'Whether a host can be asked.',
    values: {
      ANSWERING: { description: 'It answers, and its source as well.' },
      SOURCE_FAILING: {
        description: 'It answers, but its source does not, or its clock is too far off to verify tokens.',
      },
      UNREACHABLE: { description: 'It is not alive, or has missed a deadline and has not answered since.' },
    } as const satisfies Readonly<Record<HostStatus, { description: string }>>,
  });
}
