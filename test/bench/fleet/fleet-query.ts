/** The queries of the benchmark of a fleet, and the checks of their responses. */
import type { TimedAnswer } from './asking.ts';

/** An answer of the service. */
export type Answer = TimedAnswer['answer'];

const selection = 'hypervisor { logicalProcessorTotals { of rates { totalRunTime } } }';
/** The questions, each text the same each time, as those of a client are. */
export const fleetQueries = {
  list: `{ fleet { hosts { totalCount nodes { name status version lastSeenAt ${selection} } } } }`,
  busiest:
    '{ fleet { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME }, first: 10) { host index partition { partitionId name } rates { totalRunTime } } unreachable { name } } }',
  /** No host waits for a second reading. */
  busiestByValue:
    '{ fleet { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }, first: 10) { host index partition { partitionId name } counters { totalRunTime } } unreachable { name } } }',
  live: `subscription { fleet(every: "1s") { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME }, first: 10) { host index rates { totalRunTime } } totals { answered } } }`,
  one: (name: string) => `{ host(name: "${name}") { ${selection} } }`,
  direct: `{ ${selection} }`,
};

/** Whether there are ten, and no host is missing. */
export function isBusiest({ data, errors }: Answer): boolean {
  const { virtualProcessors, unreachable } = data?.fleet ?? {};
  return errors === undefined && virtualProcessors?.length === 10 && unreachable.length === 0;
}

/** Whether all hosts are in the list: the unreachable ones have an error that names each, and the others an answer. */
export function isList(
  answer: Answer,
  { names, unreachable }: { readonly names: readonly string[]; readonly unreachable: readonly string[] },
): boolean {
  const nodes: readonly { name: string; hypervisor: object | null }[] = answer.data?.fleet.hosts.nodes ?? [];
  const without = nodes.filter(({ hypervisor }) => hypervisor === null).map(({ name }) => name);
  const named = (answer.errors ?? []).map(({ extensions }) => String(extensions['host']));
  const isRight = [without, named].every((all) => sorted(all) === sorted(unreachable));
  return isRight && nodes.length >= names.length;
}

function sorted(names: readonly string[]): string {
  return [...names].sort().join();
}
