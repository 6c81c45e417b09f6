/** Measurements of a fleet and their goals. */
import { table } from '../../soak/table.ts';

/** What some questions of one kind took: times of each, and processor time for each on average. */
export interface Cost {
  readonly milliseconds: readonly number[];
  /** Responses that lack an existing host. */
  readonly incomplete: number;
  readonly gateway: number;
  readonly hosts: number;
  readonly nats: number;
}

/** A measurement, and its maximum. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly goal: number;
  readonly unit: 'ms' | '%' | '×' | '';
}

/** The least time that at least this share of them does not exceed. */
export function quantile(milliseconds: readonly number[], share: number): number {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** The figures as a table. */
export function figuresText(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, goal, unit }) => [
    what,
    textOf(value, unit),
    `≤ ${goal} ${unit}`.trim(),
    value <= goal ? 'yes' : value > 0 && goal > 0 ? `no: × ${(value / goal).toFixed(1)}` : 'no',
  ]);
  return table([['', 'measured', 'goal', 'reached'], ...rows]);
}

/** How the time of each kind of query is spent. */
export function costsText(costs: Readonly<Record<string, Cost>>): string {
  const rows = Object.entries(costs).map(([what, { milliseconds, incomplete, gateway, hosts, nats }]) => [
    what,
    `${incomplete} of ${milliseconds.length}`,
    ...[quantile(milliseconds, 0.5), quantile(milliseconds, 0.95), gateway, hosts, nats].map((value) =>
      textOf(value, 'ms'),
    ),
  ]);
  return table([
    ['', 'incomplete', 'median', 'p95', 'processor: gateway', 'processor: hosts', 'processor: nats-server'],
    ...rows,
  ]);
}

function textOf(value: number, unit: Figure['unit']): string {
  const digits = unit === '' ? 0 : Math.abs(value) < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`.trim();
}
