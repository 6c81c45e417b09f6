/** A line chart over time, with uPlot. */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Frames } from '../reading/frames.ts';
import { formatIn, formatNumber, formatTime } from '../reading/format.ts';
import { select, shown } from '../reading/time-view.ts';
import { lineColors, lineDashes } from './color.ts';
import { alignedData, type AlignedData } from './aligned-data.ts';
import { SummaryTable } from './summary-table.tsx';

/** The content of a chart. */
export interface LineChartProps {
  readonly label: string;
  readonly frames: Frames;
  readonly keys: readonly string[];
  readonly nameOf: (key: string) => string;
  readonly unit: string;
}

/** Lines of the rows with these keys, all in one unit. */
export function LineChart({ label, frames, keys, nameOf, unit }: LineChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const data = useRef<AlignedData>({ columns: [[]], resets: [] });
  const cursor = useSignal<number | null>(null);
  const version = useSignal(0);
  const names = keys.join();

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const plot = new uPlot(
      chartOptions({
        keys,
        nameOf,
        unit,
        width: element.clientWidth,
        cursor,
        resets: () => data.current.resets,
      }),
      [[]],
      element,
    );
    chart.current = plot;
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: chartHeight }),
    );
    observer.observe(element);
    // Axes have the colours of the theme.
    const theme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => plot.redraw(false, true);
    theme.addEventListener('change', redraw);
    version.value = version.peek() + 1;
    return () => {
      theme.removeEventListener('change', redraw);
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
  }, [names, unit]);

  useSignalEffect(() => {
    void frames.version.value;
    void version.value;
    const [from, to] = shown.value;
    const plot = chart.current;
    if (plot === null) return;
    data.current = alignedData(frames, keys, [from, to]);
    plot.batch(() => {
      plot.setData(data.current.columns as uPlot.AlignedData, false);
      plot.setScale('x', { min: from / 1_000, max: to / 1_000 });
    });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const times = data.current.columns[0] ?? [];
    const last = times.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last }[event.key];
    if (event.key === 'Escape') cursor.value = null;
    if (step === undefined || last < 0) return;
    event.preventDefault();
    cursor.value = Math.min(last, Math.max(0, (cursor.value ?? last) + step));
  };
  return (
    <figure class="chart">
      <figcaption>{label}</figcaption>
      <div
        ref={place}
        class="lines"
        role="img"
        tabIndex={0}
        aria-label={`${label}: lines over time. Arrow keys read values; the table below has a summary.`}
        onKeyDown={onKeyDown}
        onBlur={() => (cursor.value = null)}
      />
      <output class="reading" aria-live="polite">
        {describe({ cursor: cursor.value, data: data.current, keys, nameOf, unit })}
      </output>
      <SummaryTable caption={label} frames={frames} keys={keys} nameOf={nameOf} unit={unit} />
    </figure>
  );
}

const chartHeight = 180;

function chartOptions({
  keys,
  nameOf,
  unit,
  width,
  cursor,
  resets,
}: {
  readonly keys: readonly string[];
  readonly nameOf: (key: string) => string;
  readonly unit: string;
  readonly width: number;
  readonly cursor: { value: number | null };
  readonly resets: () => readonly number[];
}): uPlot.Options {
  const themed = (name: string) => (): string =>
    getComputedStyle(document.documentElement).getPropertyValue(name);
  const axis: uPlot.Axis = {
    stroke: themed('--muted'),
    grid: { stroke: themed('--line'), width: 1 },
    ticks: { stroke: themed('--line'), width: 1 },
  };
  return {
    width: Math.max(width, 1),
    height: chartHeight,
    legend: { show: keys.length > 1, live: false },
    // uPlot draws the selection; `setSelect` below zooms in.
    cursor: { drag: { x: true, y: false, setScale: false } },
    scales: { y: { range: (_, low, high) => rangeOf(unit, low, high) } },
    axes: [
      { ...axis, values: (_, splits) => splits.map((at) => formatTime(at * 1_000)), space: 80 },
      { ...axis, values: (_, splits) => splits.map(formatNumber), size: 60 },
    ],
    series: [
      {},
      ...keys.map((key, n) => ({
        label: nameOf(key),
        stroke: lineColors[n % lineColors.length] ?? lineColors[0],
        dash: [...(lineDashes[n % lineDashes.length] ?? [])],
        width: 1.5,
        spanGaps: false,
      })),
    ],
    hooks: {
      setCursor: [(plot) => (cursor.value = plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: selectedWidth } = plot.select;
          if (selectedWidth < 4) return;
          const at = (x: number): number => plot.posToVal(x, 'x') * 1_000;
          const range = [at(left), at(left + selectedWidth)] as const;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          select(range);
        },
      ],
      draw: [(plot) => drawResets(plot, resets())],
    },
  };
}

/** The scale: percentages from 0 to 100, everything else from zero to its maximum. */
function rangeOf(unit: string, low: number | null, high: number | null): [number, number] {
  const most = unit === 'percent of elapsed time' ? Math.max(100, high ?? 0) : (high ?? 0) * 1.1;
  return [Math.min(0, low ?? 0), most > 0 ? most : 1];
}

/** Draws a vertical line where totals were reset. */
function drawResets(plot: uPlot, resets: readonly number[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = '#cc78b4';
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.setLineDash([6, 4]);
  for (const at of resets) {
    const x = plot.valToPos(at, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function describe({
  cursor,
  data,
  keys,
  nameOf,
  unit,
}: {
  readonly cursor: number | null;
  readonly data: AlignedData;
  readonly keys: readonly string[];
  readonly nameOf: (key: string) => string;
  readonly unit: string;
}): string {
  const at = cursor === null ? undefined : data.columns[0]?.[cursor];
  if (cursor === null || at == null) return '\u00a0';
  const values = keys.map((key, n) => `${nameOf(key)} ${formatIn(unit, data.columns[n + 1]?.[cursor])}`);
  const reset = data.resets.includes(at) ? ' · reset' : '';
  return `${formatTime(at * 1_000)} · ${values.join(' · ')}${reset}`;
}
