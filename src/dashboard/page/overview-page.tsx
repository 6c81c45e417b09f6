/** The overview page: logical processors over time, partitions, the busiest virtual processors. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { HeatMap } from '../chart/heat-map.tsx';
import type { Response } from '../connection/client.ts';
import { ask } from '../connection/client.ts';
import { aboutHost } from '../connection/document.ts';
import { useLive, usePast } from '../connection/use-operation.ts';
import {
  type OverviewNowQuery,
  type OverviewPastQuery,
  type OverviewSubscription,
  type PartitionRowsPastQuery,
} from '../generated/host.ts';
import { Busiest, rowsOfProcessors } from '../part/busiest.tsx';
import { CounterPicker } from '../part/counter-picker.tsx';
import { ofHypervisor } from '../part/drawn-object.ts';
import { Facts } from '../part/facts.tsx';
import { Health } from '../part/health.tsx';
import type { Overview } from '../part/overview.ts';
import { PartitionTable } from '../part/partition-table.tsx';
import { orderOf } from '../part/partition-order.ts';
import { errorAt, Problem, Problems } from '../part/problem.tsx';
import * as graph from '../part/graph.ts';
import { Head } from '../part/status.tsx';
import { addressOf, open, options, place } from '../reading/address.ts';
import { addRunTime, Frames } from '../reading/frames.ts';
import { keptSince, noteMoment, resetTime } from '../reading/time-view.ts';

const every = '1s';
/** The maximum page size of a connection. */
const rowsAtMost = 100;

/** The overview of a host. */
export function OverviewPage() {
  const { host } = place.value;
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
  const live = useLive<OverviewSubscription>(
    aboutHost(host, graph.overview),
    { every, ...variables },
    (data) => take(data.hypervisor),
  );
  useFirstRates(host, variables, (hypervisor) => {
    const isNewer = overview.value === null || hypervisor.sampledAt >= overview.value.sampledAt;
    if (isNewer) take(hypervisor);
  });
  usePast<OverviewPastQuery>(
    aboutHost(host, graph.overviewPast),
    { last: '5m', step: stepFor(overview.value) },
    (data) => {
      for (const processor of data.hypervisor.logicalProcessors ?? []) {
        for (const sample of processor?.history ?? []) addRunTime(processors, `${processor?.index}`, sample);
      }
      processors.commit(keptSince());
    },
  );
  // In a fixed order, so that sorting the table does not change the query.
  const rows = overview.value?.partitions?.nodes ?? [];
  const processorCount = rows.reduce((sum, row) => sum + (row.virtualProcessorTotals?.of ?? 0), 0);
  const ids = rows.map(({ partitionId }) => partitionId).sort();
  usePast<PartitionRowsPastQuery>(
    ids.length === 0 ? null : aboutHost(host, graph.partitionRowsPast),
    // A sparkline has room for 96 samples. Each sample is a sum over all processors, which is expensive.
    { ids, last: '5m', step: `${Math.max(4, Math.ceil(processorCount / 64))}s` },
    (data) => {
      for (const { partitionId, virtualProcessorTotals } of data.hypervisor.partitions?.nodes ?? []) {
        for (const sample of virtualProcessorTotals?.history ?? [])
          addRunTime(partitions, partitionId, sample);
      }
      partitions.commit(keptSince());
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
          <Problems
            response={response}
            path={['hypervisor', 'logicalProcessors']}
            nameOf={(n) => `Logical processor ${indexes[n] ?? n}`}
          />
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
          title="Busiest virtual processors"
          of="host"
          rows={rowsOfProcessors(overview.value?.virtualProcessors ?? null, () => host)}
          error={errorAt(response, ['hypervisor', 'virtualProcessors'])}
        />
        <CounterPicker objects={ofHypervisor} />
        <Health response={response} />
      </main>
    </>
  );
}

/** The first event of a subscription may have no rates yet: this queries the rates over a quarter of a second. */
function useFirstRates(host: string | null, variables: object, take: (hypervisor: Overview) => void): void {
  useEffect(
    () =>
      ask<OverviewNowQuery>(
        aboutHost(host, graph.overviewNow),
        { over: '250ms', ...variables },
        ({ data }) => {
          if (data !== null) take(data.hypervisor);
        },
      ),
    [],
  );
}

/** Keeps the history of many processors within the limits of a response. */
function stepFor(overview: Overview | null): string | null {
  const count = overview?.logicalProcessors?.length ?? null;
  return count === null || count <= 128 ? null : `${Math.ceil(count / 128)}s`;
}

function note(
  hypervisor: Overview,
  { processors, partitions }: Record<'processors' | 'partitions', Frames>,
): void {
  const { sampledAt: at } = hypervisor;
  noteMoment(Date.parse(at));
  for (const processor of hypervisor.logicalProcessors ?? [])
    if (processor !== null) addRunTime(processors, `${processor.index}`, { at, rates: processor.rates });
  for (const { partitionId, virtualProcessorTotals } of hypervisor.partitions?.nodes ?? [])
    addRunTime(partitions, partitionId, { at, rates: virtualProcessorTotals?.rates ?? null });
  processors.commit(keptSince());
  partitions.commit(keptSince());
}
