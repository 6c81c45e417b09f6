/** The page of a partition: its virtual processors over time, their hypervisor operations, and its memory. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { HeatMap } from '../chart/heat-map.tsx';
import type { Response } from '../connection/client.ts';
import { aboutHost } from '../connection/document.ts';
import { useLive, usePast } from '../connection/use-operation.ts';
import { type PartitionPastQuery, type PartitionSubscription } from '../generated/host.ts';
import { CostlyOperations } from '../part/costly-operations.tsx';
import { CounterPicker } from '../part/counter-picker.tsx';
import { ofPartition } from '../part/drawn-object.ts';
import { Health } from '../part/health.tsx';
import { PartitionMemory } from '../part/partition-memory.tsx';
import { errorAt, Problem, Problems } from '../part/problem.tsx';
import * as graph from '../part/graph.ts';
import { Head } from '../part/status.tsx';
import { place } from '../reading/address.ts';
import { addRunTime, Frames } from '../reading/frames.ts';
import { formatPercent } from '../reading/format.ts';
import { keptSince, noteMoment, resetTime } from '../reading/time-view.ts';

/** The partition with an id; null is the caller's own. */
export function PartitionPage({ id }: { readonly id: string | null }) {
  const { host } = place.value;
  const frames = useMemo(() => new Frames(), [id]);
  const partition = useSignal<PartitionSubscription['partition'] | null>(null);
  useEffect(() => {
    resetTime();
    partition.value = null;
  }, [id]);
  const live = useLive<PartitionSubscription>(
    aboutHost(host, graph.partition),
    { id, every: '1s' },
    (data) => {
      partition.value = data.partition;
      const { sampledAt: at, virtualProcessors } = data.partition;
      noteMoment(Date.parse(at));
      for (const processor of virtualProcessors ?? [])
        if (processor !== null) addRunTime(frames, `${processor.index}`, { at, rates: processor.rates });
      frames.commit(keptSince());
    },
  );
  const count = partition.value?.virtualProcessors?.length ?? null;
  const step = count === null || count <= 128 ? null : `${Math.ceil(count / 128)}s`;
  usePast<PartitionPastQuery>(
    count === null ? null : aboutHost(host, graph.partitionPast),
    { id, last: '5m', step },
    (data) => {
      for (const processor of data.partition?.virtualProcessors ?? []) {
        for (const sample of processor?.history ?? []) addRunTime(frames, `${processor?.index}`, sample);
      }
      frames.commit(keptSince());
    },
  );
  const response = live.response.value as Response<unknown> | null;
  const shown = partition.value;
  const indexes = (shown?.virtualProcessors ?? []).flatMap((each) => each?.index ?? []);
  const totals = shown?.virtualProcessorTotals ?? null;
  return (
    <>
      <Head title={shown === null ? 'Partition' : (shown.name ?? `Partition ${shown.partitionId}`)} />
      <main>
        {live.isEnded.value && (
          <p class="problem wide" role="status">
            This partition is not there any more.
          </p>
        )}
        {shown === null && <Problem error={response?.errors[0] ?? null} />}
        <section class="wide" aria-labelledby="processors">
          <h2 id="processors">
            Virtual processors
            {totals !== null && `: ${formatPercent(totals.rates?.totalRunTime)} of their time`}
          </h2>
          <Problem error={errorAt(response, ['partition', 'virtualProcessors'])} />
          {indexes.length > 0 && (
            <HeatMap
              label="Share of time that virtual processors ran"
              frames={frames}
              keys={indexes.map(String)}
              nameOf={(key) => `Virtual processor ${key}`}
            />
          )}
          <Problems
            response={response}
            path={['partition', 'virtualProcessors']}
            nameOf={(n) => `Virtual processor ${indexes[n] ?? n}`}
          />
        </section>
        <CostlyOperations
          rates={totals?.rates ?? null}
          error={errorAt(response, ['partition', 'virtualProcessorTotals', 'rates'])}
        />
        <PartitionMemory
          counters={shown?.counters ?? null}
          error={errorAt(response, ['partition', 'counters'])}
        />
        <CounterPicker objects={ofPartition(id)} />
        <Health response={response} />
      </main>
    </>
  );
}
