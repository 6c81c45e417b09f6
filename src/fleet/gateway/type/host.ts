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
        description: 'Whether it is reachable.',
        resolve: (each) => each.status,
      }),
      clockOffsetSeconds: t.float({
        nullable: true,
        description:
          'How far its clock is ahead, in seconds, if it is off by more than ten seconds; otherwise null.',
        resolve: ({ clockOffsetMilliseconds: offset }) => (offset === null ? null : offset / 1_000),
      }),
      lastSeenAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it last sent a heartbeat; null before that.',
        resolve: ({ seenAt }) => (seenAt === null ? null : (new Date(seenAt).toISOString() as never)),
      }),
      ageSeconds: t.float({
        nullable: true,
        description:
          'The age of its values at the time of an event of a subscription, in seconds; null in queries, which read current values, and without values.',
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
        description: 'Its hypervisor; null with HOST_UNREACHABLE if the host is unreachable.',
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
    description: 'Whether a host is reachable.',
    values: {
      ANSWERING: { description: 'It and its source respond.' },
      SOURCE_FAILING: {
        description: 'It responds, but its source does not, or its clock is too far off to verify tokens.',
      },
      UNREACHABLE: {
        description: 'It sends no heartbeats, or it has missed a deadline and has not responded since.',
      },
    } as const satisfies Readonly<Record<HostStatus, { description: string }>>,
  });
}
