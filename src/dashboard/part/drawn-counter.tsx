/** One counter of one object over time. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { LaterLineChart } from '../chart/later-line-chart.tsx';
import { fillTemplate, type NamedDocument } from '../connection/document.ts';
import { useLive, usePast } from '../connection/use-operation.ts';
import { place } from '../reading/address.ts';
import { formatExact, shortUnit } from '../reading/format.ts';
import { Frames } from '../reading/frames.ts';
import { keptSince, noteMoment } from '../reading/time-view.ts';
import type { Definition } from './definitions.ts';
import { sampleOf, type DrawnObject } from './drawn-object.ts';
import { Problem } from './problem.tsx';

/** Its rate if it has one, otherwise its value; and the exact current total. */
export function DrawnCounter({
  definition,
  of,
}: {
  readonly definition: Definition;
  readonly of: DrawnObject;
}) {
  const frames = useMemo(() => new Frames(), [definition.field]);
  const documents = useSignal<{ readonly live: NamedDocument; readonly past: NamedDocument } | null>(null);
  const exact = useSignal<string | null>(null);
  const { host } = place.value;
  const hasRate = definition.rateUnit != null;
  useEffect(() => {
    const counter = { field: definition.field, rateUnit: definition.rateUnit, host };
    void Promise.all([fillTemplate(of.live, counter), fillTemplate(of.past, counter)]).then(
      ([live, past]) => (documents.value = { live, past }),
    );
  }, [definition.field, of.live.alone, host]);
  const { response } = useLive<never>(
    documents.value?.live ?? null,
    { ...of.variables, every: '1s' },
    (data) => {
      const { at, shown } = of.event(data);
      exact.value = shown?.counters?.value ?? null;
      noteMoment(Date.parse(at));
      frames.add(definition.field, sampleOf(at, shown, hasRate));
      frames.commit(keptSince());
    },
  );
  usePast<never>(documents.value?.past ?? null, { ...of.variables, last: '5m' }, (data) => {
    for (const sample of of.samples(data) ?? [])
      frames.add(definition.field, sampleOf(sample.at, sample, hasRate));
    frames.commit(keptSince());
  });
  const unit = definition.rateUnit ?? definition.unit;
  return (
    <>
      <LaterLineChart
        label={`${definition.title}${shortUnit(unit) === '' ? '' : `, ${shortUnit(unit)}`}`}
        frames={frames}
        keys={[definition.field]}
        nameOf={() => definition.title}
        unit={unit}
      />
      <p class="note">
        {definition.description} {exact.value !== null && `Its current value is ${formatExact(exact.value)}.`}
      </p>
      <Problem error={response.value?.errors[0] ?? null} />
    </>
  );
}
