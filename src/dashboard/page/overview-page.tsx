/** How busy the machine is: logical processors over time, partitions, the busiest virtual processors. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { HeatMap } from '../chart/heat-map.tsx';
import type { Response } from '../connection/client.ts';
import { ask } from '../connection/client.ts';
import { byId, useLive, usePast } from '../connection/use-operation.ts';
import {
  overviewDocument,
  overviewNowDocument,
  overviewPastDocument,
  type OverviewNowQuery,
  type OverviewPastQuery,
  type OverviewSubscription,
} from '../generated/host.ts';
import { Busiest } from '../part/busiest.tsx';
import { Facts } from '../part/facts.tsx';
import { Health } from '../part/health.tsx';
import type { Overview } from '../part/overview.ts';
import { PartitionTable } from '../part/partition-table.tsx';
import { orderOf } from '../part/partition-order.ts';
import { errorAt, errorsBelow, Problem } from '../part/problem.tsx';
import { Head } from '../part/status.tsx';
import { addressOf, open, options, place } from '../reading/address.ts';
import { Frames } from '../reading/frames.ts';
import { keptSince, noteMoment, resetTime } from '../reading/time-view.ts';

const every = '1s';
/** As long as a page of a connection may be. */
const rowsAtMost = 100;

/** The overview of a host. */
export function OverviewPage() {
  const processors = useMemo(() => new Frames(), []);
  const partitions = useMemo(() => new Frames(), []);
  const overview = useSignal<Overview | null>(null);
  useEffect(resetTime, []);
  const order = useComputed(() => orderOf(options.value));
  const filter = useComputed(() => {
    const text = options.value.get('name');
    return text === null ? null : { nameContains: text };
  });
  const variables = { first: rowsAtMost, filter: filter.value, orderBy: order.value.orderBy };
  const take = (hypervisor: Overview): void => {
    overview.value = hypervisor;
    note(hypervisor, { processors, partitions });
  };
  const live = useLive<OverviewSubscription>(byId(overviewDocument), { every, ...variables }, (data) =>
    take(data.hypervisor),
  );
  useFirstRates(variables, (hypervisor) => {
    const isNewer = overview.value === null || hypervisor.sampledAt >= overview.value.sampledAt;
    if (isNewer) take(hypervisor);
  });
  const { host } = place.value;
  usePast<OverviewPastQuery>(
    byId(overviewPastDocument),
    { last: '5m', step: stepFor(overview.value) },
    (data) => {
      for (const processor of data.hypervisor.logicalProcessors ?? []) {
        for (const { at, interval, rates } of processor?.history ?? [])
          processors.add(`${processor?.index}`, {
            at: Date.parse(at),
            seconds: interval?.seconds,
            value: rates?.totalRunTime,
            reset: interval?.reset,
          });
      }
      processors.commit(keptSince());
    },
  );
  const response = live.response.value as Response<unknown> | null;
  const indexes = (overview.value?.logicalProcessors ?? []).flatMap((each) => each?.index ?? []);
  return (
    <>
      <Head title={overview.value?.host ?? 'Hypervisor'} />
      <main>
        <Facts overview={overview.value} error={errorAt(response, ['hypervisor', 'counters'])} />
        <section aria-labelledby="processors">
          <h2 id="processors">Logical processors</h2>
          <Problem error={errorAt(response, ['hypervisor', 'logicalProcessors'])} />
          {indexes.length > 0 && (
            <HeatMap
              label="Share of time that logical processors ran"
              frames={processors}
              keys={indexes.map(String)}
              nameOf={(key) => `Logical processor ${key}`}
              onOpen={(of) => open({ host, page: 'logical-processor', of })}
            />
          )}
          <ProcessorProblems response={response} indexes={indexes} />
          <p class="links">
            {indexes.slice(0, 64).map((index) => (
              <a key={index} href={addressOf({ host, page: 'logical-processor', of: `${index}` })}>
                {index}
              </a>
            ))}
          </p>
        </section>
        <PartitionTable
          page={overview.value?.partitions ?? null}
          response={response}
          frames={partitions}
          order={order.value}
        />
        <Busiest
          processors={overview.value?.virtualProcessors ?? null}
          error={errorAt(response, ['hypervisor', 'virtualProcessors'])}
        />
        <Health response={response} />
      </main>
    </>
  );
}

/** Logical processors that could not be read, each with the reason. */
function ProcessorProblems({
  response,
  indexes,
}: {
  readonly response: Response<unknown> | null;
  readonly indexes: readonly number[];
}) {
  const path = ['hypervisor', 'logicalProcessors'];
  const problems = errorsBelow(response, path).filter(({ path: at = [] }) => at.length > path.length);
  if (problems.length === 0) return null;
  return (
    <ul class="problems">
      {problems.slice(0, 16).map((error) => (
        <li key={error.path?.join('.')}>
          Logical processor {indexes[Number(error.path?.[2])] ?? error.path?.[2]}: <Problem error={error} />
        </li>
      ))}
      {problems.length > 16 && <li>… and {problems.length - 16} more</li>}
    </ul>
  );
}

/** The first event of a subscription may have no rates yet: this asks for those of a quarter of a second. */
function useFirstRates(variables: object, take: (hypervisor: Overview) => void): void {
  useEffect(
    () =>
      ask<OverviewNowQuery>(byId(overviewNowDocument), { over: '250ms', ...variables }, ({ data }) => {
        if (data !== null) take(data.hypervisor);
      }),
    [],
  );
}

/** So that the history of many processors stays within what one response may hold. */
function stepFor(overview: Overview | null): string | null {
  const count = overview?.logicalProcessors?.length ?? null;
  return count === null || count <= 128 ? null : `${Math.ceil(count / 128)}s`;
}

function note(
  hypervisor: Overview,
  { processors, partitions }: Record<'processors' | 'partitions', Frames>,
): void {
  const at = Date.parse(hypervisor.sampledAt);
  noteMoment(at);
  for (const processor of hypervisor.logicalProcessors ?? []) {
    if (processor === null) continue;
    const { interval = null, totalRunTime = null } = processor.rates ?? {};
    processors.add(`${processor.index}`, {
      at,
      seconds: interval?.seconds,
      value: totalRunTime,
      reset: interval?.reset,
    });
  }
  for (const { partitionId, virtualProcessorTotals } of hypervisor.partitions?.nodes ?? []) {
    const { interval = null, totalRunTime = null } = virtualProcessorTotals?.rates ?? {};
    partitions.add(partitionId, {
      at,
      seconds: interval?.seconds,
      value: totalRunTime,
      reset: interval?.reset,
    });
  }
  processors.commit(keptSince());
  partitions.commit(keptSince());
}
