/** Formats numbers and times. */

/** A time of day: 12:04:05. Without Intl, whose first object takes some 20 ms when the page opens. */
export function formatTime(at: number): string {
  const moment = new Date(at);
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(twoDigits).join(':');
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

const units = ['', 'k', 'M', 'G', 'T'] as const;

/** A number with few digits: 1.25 M. A dash means that it is not known. */
export function formatNumber(value: number | null | undefined): string {
  if (value == null || Number.isNaN(value)) return '–';
  let rest = Math.abs(value);
  let unit = 0;
  while (rest >= 10_000 && unit < units.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  const digits = rest >= 100 || (Number.isInteger(rest) && unit === 0) ? 0 : rest >= 10 ? 1 : 2;
  return `${value < 0 ? '−' : ''}${rest.toFixed(digits)}${unit === 0 ? '' : ` ${units[unit]}`}`;
}

/** A percentage with one decimal. */
export function formatPercent(value: number | null | undefined): string {
  return value == null || Number.isNaN(value) ? '–' : `${value.toFixed(1)} %`;
}

/** An exact 64-bit total, with thin spaces as thousands separators. */
export function formatExact(text: string | null | undefined): string {
  return text == null ? '–' : text.replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A Duration of the service in whole seconds: "61311ms" is 61 s. */
export function formatDuration(text: string): string {
  const [, number = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = milliseconds[unit];
  return factor === undefined ? text : `${Math.round((Number(number) * factor) / 1_000)} s`;
}

/** Pages of 4 KiB as bytes. */
export function formatPages(text: string | null | undefined): string {
  if (text == null) return '–';
  const bytes = 4_096 * Number(text);
  if (bytes === 0) return '0';
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const number = bytes / 1_024 ** power;
  return `${number.toFixed(number >= 100 ? 0 : 1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

/** A number in the unit of a rate, or of a value. */
export function formatIn(unit: string, value: number | null | undefined): string {
  if (unit === 'percent of elapsed time') return formatPercent(value);
  const number = formatNumber(value);
  if (number === '–' || unit === '1' || unit === 'unknown') return number;
  return `${number} ${shortUnit(unit)}`;
}

/** The abbreviation of a unit. */
export function shortUnit(unit: string): string {
  const short: Readonly<Record<string, string>> = {
    'per second': '/s',
    'percent of elapsed time': '%',
    'ns per operation': 'ns',
    page: 'pages',
    '1': '',
    unknown: '',
  };
  return short[unit] ?? unit;
}
