/** A line chart whose code is loaded on demand, or some seconds after the first numbers. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LineChart, LineChartProps } from './line-chart.tsx';

type Loaded =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'ready'; readonly chart: typeof LineChart }
  | { readonly kind: 'failed' };

const loaded = signal<Loaded>({ kind: 'waiting' });
let isAsked = false;

/** uPlot is a third of all code, and initialises Intl, which takes some 20 ms: the overview opens without it. */
export async function loadLineChart(): Promise<void> {
  if (isAsked) return;
  isAsked = true;
  try {
    const { LineChart: chart } = await import('./line-chart.tsx');
    loaded.value = { kind: 'ready', chart };
  } catch {
    isAsked = false;
    loaded.value = { kind: 'failed' };
  }
}

/** The chart when its code has been loaded. */
export function LaterLineChart(props: LineChartProps) {
  useEffect(() => void loadLineChart(), []);
  const state = loaded.value;
  if (state.kind === 'ready') return <state.chart {...props} />;
  if (state.kind === 'failed')
    return <p class="problem">The chart could not be loaded. Load the page again.</p>;
  return <figure class="chart">{props.label}</figure>;
}
