/** A row of colours for each object, over time. */
import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { framesWithin, type Frames } from '../reading/frames.ts';
import { formatPercent, formatTime } from '../reading/format.ts';
import { select, shown } from '../reading/time-view.ts';
import { shareColor } from './color.ts';
import { SummaryTable } from './summary-table.tsx';

/** A cell under the pointer or the keyboard. */
interface Cell {
  readonly row: number;
  readonly column: number;
}

const columns = 300;
const resetColor = 0xffb478cc;
const colors = Array.from({ length: 101 }, (_, percent) => shareColor(percent / 100));

/** Percentages of the rows with these keys. Gaps are hatched; a reset has a colour outside the scale. */
export function HeatMap({
  label,
  frames,
  keys,
  nameOf,
  onOpen,
}: {
  readonly label: string;
  readonly frames: Frames;
  readonly keys: readonly string[];
  readonly nameOf: (key: string) => string;
  readonly onOpen?: (key: string) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const cell = useSignal<Cell | null>(null);
  const dragFrom = useRef<number | null>(null);
  const cells = useRef<Float32Array>(new Float32Array());
  const version = useSignal(0);

  useSignalEffect(() => {
    void frames.version.value;
    const range = shown.value;
    const element = canvas.current;
    if (element === null || keys.length === 0) return;
    cells.current = cellsOf(frames, keys, range);
    paint(element, cells.current, keys.length);
    version.value = version.peek() + 1;
  });

  const timeOf = (column: number): number => {
    const [from, to] = shown.value;
    return from + ((column + 0.5) / columns) * (to - from);
  };
  const cellAt = (event: PointerEvent): Cell => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const place = (offset: number, size: number, count: number): number =>
      Math.min(count - 1, Math.max(0, Math.floor((offset / size) * count)));
    return {
      row: place(event.clientY - box.top, box.height, keys.length),
      column: place(event.clientX - box.left, box.width, columns),
    };
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    const move = moves[event.key];
    const at = cell.value ?? { row: 0, column: columns - 1 };
    if (move !== undefined) {
      event.preventDefault();
      const clamp = (value: number, count: number): number => Math.min(count - 1, Math.max(0, value));
      cell.value = { row: clamp(at.row + move[0], keys.length), column: clamp(at.column + move[1], columns) };
    }
    const key = keys[at.row];
    if (event.key === 'Enter' && key !== undefined) onOpen?.(key);
    if (event.key === 'Escape') cell.value = null;
  };
  void version.value;
  const [from, to] = shown.value;
  const height = Math.min(480, Math.max(keys.length * 12, 24));
  return (
    <figure class="chart">
      <figcaption>{label}</figcaption>
      <div class="heat-map" style={{ height: `${height}px` }}>
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          aria-label={`${label}: ${keys.length} rows over time. Arrow keys read values${onOpen ? ', Enter opens a row' : ''}; the table below has a summary.`}
          style={{ imageRendering: keys.length > height ? 'auto' : 'pixelated' }}
          onPointerMove={(event: PointerEvent) => (cell.value = cellAt(event))}
          onPointerLeave={() => (cell.value = null)}
          onPointerDown={(event: PointerEvent) => (dragFrom.current = cellAt(event).column)}
          onPointerUp={(event: PointerEvent) => {
            const { row, column } = cellAt(event);
            const begun = dragFrom.current;
            dragFrom.current = null;
            const key = keys[row];
            if (begun !== null && Math.abs(begun - column) > 3)
              select([timeOf(Math.min(begun, column)), timeOf(Math.max(begun, column))]);
            else if (key !== undefined) onOpen?.(key);
          }}
          onKeyDown={onKeyDown}
          onBlur={() => (cell.value = null)}
        />
      </div>
      <div class="axis" aria-hidden="true">
        <span>{formatTime(from)}</span>
        <Scale />
        <span>{formatTime(to)}</span>
      </div>
      <output class="reading" aria-live="polite">
        {describe(cell.value, { keys, nameOf, cells: cells.current, timeOf })}
      </output>
      <SummaryTable caption={label} frames={frames} keys={keys} nameOf={nameOf} />
    </figure>
  );
}

/** The legend of the colours. */
function Scale() {
  return (
    <span class="scale">
      0 % <i class="gradient" /> 100 % <i class="hatched" /> not known <i class="reset" /> reset
    </span>
  );
}

function describe(
  cell: Cell | null,
  parts: {
    readonly keys: readonly string[];
    readonly nameOf: (key: string) => string;
    readonly cells: Float32Array;
    readonly timeOf: (column: number) => number;
  },
): string {
  const key = cell === null ? undefined : parts.keys[cell.row];
  if (cell === null || key === undefined) return '\u00a0';
  const value = parts.cells[cell.row * columns + cell.column];
  const text =
    value === undefined || Number.isNaN(value) ? 'not known' : value < 0 ? 'reset' : formatPercent(value);
  return `${parts.nameOf(key)} · ${formatTime(parts.timeOf(cell.column))} · ${text}`;
}

/** A value for each cell; NaN if not known, -1 for a reset. A rate fills its interval. */
function cellsOf(frames: Frames, keys: readonly string[], range: readonly [number, number]): Float32Array {
  const [from, to] = range;
  const cells = new Float32Array(keys.length * columns).fill(Number.NaN);
  const rows = keys.map((key) => frames.rowOf(key));
  const perColumn = (to - from) / columns;
  for (const { at, seconds, values, resets } of framesWithin(frames.all, [from, to + 60_000])) {
    // Rounded, because the time between snapshots is not exactly the width of a column.
    const last = Math.min(columns, Math.round((at - from) / perColumn));
    const first = Math.max(
      0,
      Math.min(last - 1, Math.round((at - (seconds ?? 0) * 1_000 - from) / perColumn)),
    );
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] ?? 0;
      const value = resets?.has(row) ? -1 : values[row];
      if (value === undefined || Number.isNaN(value)) continue;
      cells.fill(value, index * columns + first, index * columns + last);
    }
  }
  return cells;
}

function paint(canvas: HTMLCanvasElement, cells: Float32Array, rows: number): void {
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let index = 0; index < pixels.length; index += 1) {
    const value = cells[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    pixels[index] = value < 0 ? resetColor : (colors[Math.min(100, Math.round(value))] ?? 0);
  }
  context.putImageData(image, 0, 0);
}
