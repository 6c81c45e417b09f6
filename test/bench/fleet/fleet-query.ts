/** What the benchmark asks a fleet, and how the answers have to be. */
import type { TimedAnswer } from './asking.ts';

/** An answer of the service. */
export type Answer = TimedAnswer['answer'];

const selection = 'hypervisor { logicalProcessorTotals { of rates { totalRunTime } } }';
/** The questions, each text the same each time, as those of a client are. */
export const fleetQueries = {
  list: `{ fleet { hosts { totalCount nodes { name status version lastSeenAt ${selection} } } } }`,
  busiest:
    '{ fleet { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME }, first: 10) { host index partition { partitionId name } rates { totalRunTime } } unreachable { name } } }',
  live: `subscription { fleet(every: "1s") { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME }, first: 10) { host index rates { totalRunTime } } totals { answered } } }`,
  one: (name: string) => `{ host(name: "${name}") { ${selection} } }`,
  direct: `{ ${selection} }`,
};

/** There are ten, and no host is missing. */
export function assertBusiest({ data, errors }: Answer): void {
  const { virtualProcessors, unreachable } = data?.fleet ?? {};
  if (errors === undefined && virtualProcessors?.length === 10 && unreachable.length === 0) return;
  throw wrong('the busiest ten', { data, errors } as Answer);
}

/** All hosts are in the list; the unreachable ones have an error that names each, and the others an answer. */
export function assertList(
  answer: Answer,
  { names, unreachable }: { readonly names: readonly string[]; readonly unreachable: readonly string[] },
): void {
  const nodes: readonly { name: string; hypervisor: object | null }[] = answer.data?.fleet.hosts.nodes ?? [];
  const without = nodes.filter(({ hypervisor }) => hypervisor === null).map(({ name }) => name);
  const named = (answer.errors ?? []).map(({ extensions }) => String(extensions['host']));
  const isRight = [without, named].every((all) => sorted(all) === sorted(unreachable));
  if (!isRight || nodes.length < names.length) throw wrong('the list', answer);
}

function sorted(names: readonly string[]): string {
  return [...names].sort().join();
}

/** The error for any other answer. */
export function wrong(what: string, answer: Answer): Error {
  return new Error(`${what} is not as it should be: ${JSON.stringify(answer).slice(0, 1_000)}`);
}
