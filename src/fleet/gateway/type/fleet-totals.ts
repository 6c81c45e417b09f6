/** Sums over the hosts. */
import type { Builder } from '../../../graph/builder.ts';
import type { CounterViews } from '../../../graph/type/counter-view.ts';
import { isObject } from '../../../lib/json.ts';
import { fleetOf, partOf, type FleetRoot } from '../fleet-context.ts';
import type { FleetReader } from '../fleet-reader.ts';
import type { HostPart } from '../host-part.ts';
import { sumOf } from '../host-total.ts';

/** The type of the totals of the fleet. */
export function defineFleetTotals(builder: Builder, counters: CounterViews['logicalProcessor']['counters']) {
  return builder.objectRef<FleetRoot>('FleetTotals').implement({
    description: 'Sums over the hosts that have responded.',
    fields: (t) => ({
      of: t.int({
        nullable: false,
        description: 'The number of hosts that the caller may query.',
        resolve: (_root, _args, context) => fleetOf(context).hosts().length,
      }),
      answered: t.int({
        nullable: false,
        description: 'The number of hosts that have responded and are included in the sums.',
        resolve: async (_root, _args, context) => (await totalsOfHosts(fleetOf(context), sizePart)).length,
      }),
      logicalProcessors: t.int({
        nullable: false,
        description: 'The number of their logical processors.',
        resolve: async (_root, _args, context) =>
          Number(sumOf((await totalsOfHosts(fleetOf(context), sizePart)).map(({ of }) => of)) ?? 0),
      }),
      counters: t.field({
        type: counters,
        nullable: true,
        description:
          'Exact sums of the counters of their logical processors. null: no host has responded, or at least one lacks the counter.',
        resolve: async (_root, _args, context, info) => {
          const part = partOf(
            info,
            (selection) => `hypervisor { logicalProcessorTotals { counters ${selection} } }`,
          );
          const all = await totalsOfHosts(fleetOf(context), part);
          return (all.length === 0 ? null : sumOf(all.map((each) => each['counters']))) as never;
        },
      }),
    }),
  });
}

const sizePart: HostPart = {
  text: 'hypervisor { logicalProcessorTotals { of } }',
  fragments: new Map(),
  variables: new Map(),
  expectedBytes: 64,
};

/** The totals of the logical processors of the hosts that have any for the caller. */
async function totalsOfHosts(
  operation: FleetReader,
  part: HostPart,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const results = await operation.askEach(part);
  return results.flatMap((result) => {
    const value = 'value' in result && isObject(result.value) ? result.value['logicalProcessorTotals'] : null;
    return isObject(value) && !(value instanceof Error) ? [value] : [];
  });
}
