/** The page of a logical processor: its time, its idle states and its interrupts. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { LaterLineChart } from '../chart/later-line-chart.tsx';
import type { Response } from '../connection/client.ts';
import { aboutHost } from '../connection/document.ts';
import { useLive, usePast } from '../connection/use-operation.ts';
import { type LogicalProcessorPastQuery, type LogicalProcessorSubscription } from '../generated/host.ts';
import { CounterPicker } from '../part/counter-picker.tsx';
import { allDefinitions, type Definition } from '../part/definitions.ts';
import { ofLogicalProcessor } from '../part/drawn-object.ts';
import { Health } from '../part/health.tsx';
import { errorAt, Problem } from '../part/problem.tsx';
import * as graph from '../part/graph.ts';
import { Head } from '../part/status.tsx';
import { place } from '../reading/address.ts';
import { Frames } from '../reading/frames.ts';
import { keptSince, noteMoment, resetTime } from '../reading/time-view.ts';

type Rates = Readonly<Record<string, unknown>> & {
  readonly interval?: { readonly seconds: number; readonly reset: boolean };
};

/** Charts of counters by field name, in page order. */
const charts: readonly (readonly [title: string, unit: string, fields: RegExp])[] = [
  ['Share of time', 'percent of elapsed time', /RunTime$|contextSwitchTime/],
  ['Share of time in idle states', 'percent of elapsed time', /^c\d+Time$/],
  ['Changes into idle states', 'per second', /^c\d+Transitions$|processorHalts/],
  ['Interrupts', 'per second', /interrupt/i],
];

/** The logical processor with an index. */
export function LogicalProcessorPage({ index }: { readonly index: number }) {
  const frames = useMemo(() => new Frames(), [index]);
  const hostName = useSignal<string | null>(null);
  const { host } = place.value;
  useEffect(resetTime, [index]);
  const add = (at: number, rates: Rates | null | undefined, interval: Rates['interval'] | null): void => {
    for (const [field, value] of Object.entries(rates ?? {})) {
      if (field === 'interval' || (typeof value !== 'number' && value !== null)) continue;
      frames.add(field, { at, seconds: interval?.seconds, value, reset: interval?.reset });
    }
  };
  const live = useLive<LogicalProcessorSubscription>(
    aboutHost(host, graph.logicalProcessor),
    { index, every: '1s' },
    ({ hypervisor: { logicalProcessor } }) => {
      if (logicalProcessor === null) return;
      const at = Date.parse(logicalProcessor.sampledAt);
      hostName.value = logicalProcessor.host;
      noteMoment(at);
      add(at, logicalProcessor.rates, logicalProcessor.rates?.interval ?? null);
      frames.commit(keptSince());
    },
  );
  usePast<LogicalProcessorPastQuery>(
    aboutHost(host, graph.logicalProcessorPast),
    { index, last: '5m', step: null },
    ({ hypervisor: { logicalProcessor } }) => {
      for (const { at, interval, rates } of logicalProcessor?.history ?? [])
        add(Date.parse(at), rates, interval);
      frames.commit(keptSince());
    },
  );
  void frames.version.value;
  const response = live.response.value as Response<unknown> | null;
  const path = ['hypervisor', 'logicalProcessor'];
  const definitions = allDefinitions().value.filter(
    ({ object, rateUnit }) => object === 'LOGICAL_PROCESSOR' && rateUnit !== null,
  );
  return (
    <>
      <Head title={`Logical processor ${index}${hostName.value === null ? '' : ` of ${hostName.value}`}`} />
      <main>
        <Problem error={errorAt(response, path) ?? errorAt(response, [...path, 'rates'])} />
        {charts.map(([title, unit, fields]) => {
          const drawn = definitions.filter(
            ({ field, rateUnit }) => rateUnit === unit && fields.test(field) && isReported(field, frames),
          );
          return drawn.length === 0 ? null : (
            <section key={title} aria-label={title}>
              <LaterLineChart
                label={title}
                frames={frames}
                keys={drawn.map(({ field }) => field)}
                nameOf={(field) => titleOf(drawn, field)}
                unit={unit}
              />
            </section>
          );
        })}
        <CounterPicker objects={ofLogicalProcessor(index)} />
        <Health response={response} />
      </main>
    </>
  );
}

function titleOf(definitions: readonly Definition[], field: string): string {
  return definitions.find((each) => each.field === field)?.title ?? field;
}

/** Whether any reading in the page's memory has the counter; not every host reports it. */
function isReported(field: string, frames: Frames): boolean {
  const row = frames.rowOf(field);
  return frames.all.some(({ values }) => !Number.isNaN(values[row] ?? Number.NaN));
}
