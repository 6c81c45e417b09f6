/** The metric of each counter, derived from its row of the catalogue: name, type, unit and help text. */
import { catalogue } from '../catalogue/catalogue.ts';
import type { Counter } from '../catalogue/counter.ts';
import type { StatisticsObject } from '../catalogue/group.ts';
import { ConstantBytes } from '../writer/byte-sink.ts';

/** The text format of version 0.0.4, and OpenMetrics 1.0. */
export type MetricFormat = 'text' | 'openmetrics';

/** The metadata of a family of samples. */
export interface FamilyFacts {
  /** Without the suffix that OpenMetrics adds to the names of samples. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info' | 'unknown';
  /** OpenMetrics allows a unit only if the name ends with it. */
  readonly unit: 'seconds' | 'pages' | 'bytes' | null;
  readonly help: string;
}

/** The samples of one counter. */
export interface MetricFamily extends FamilyFacts {
  readonly counter: Counter;
  /** The decimal places of a value: seconds are written from units of 100 ns or 1 ns. */
  readonly fractionDigits: 0 | 7 | 9;
  readonly sampleName: ConstantBytes;
  readonly heads: Readonly<Record<MetricFormat, Buffer>>;
}

const sampleSuffixes = { counter: '_total', gauge: '', histogram: '', info: '_info', unknown: '' } as const;
/** The text format has neither information metrics nor a word for unknown ones that older versions know. */
const textTypes = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  info: 'gauge',
  unknown: 'untyped',
} as const;
const types = {
  COUNT: 'counter',
  TIME: 'counter',
  COST: 'counter',
  GAUGE: 'gauge',
  CLOCK: 'gauge',
  RAW: 'unknown',
} as const;
const fractionDigits = { '100ns': 7, ns: 9 } as const;

function familyFrom(counter: Counter): MetricFamily {
  const { object, kind, unit, description: help } = counter;
  const digits = unit === '100ns' || unit === 'ns' ? fractionDigits[unit] : 0;
  const name = `hvql_${object.toLowerCase()}_${snakeCaseOf(counter)}${digits === 0 ? '' : '_seconds'}`;
  const pages = unit === 'page' && name.endsWith('_pages') ? 'pages' : null;
  const facts = { name, type: types[kind], unit: digits === 0 ? pages : 'seconds', help } as const;
  return {
    ...facts,
    counter,
    fractionDigits: digits,
    sampleName: new ConstantBytes(sampleNameOf(facts)),
    heads: { text: headOf(facts, 'text'), openmetrics: headOf(facts, 'openmetrics') },
  };
}

/** Words that Prometheus interprets as abbreviated units (promtool check metrics). */
const abbreviatedUnits = /(^|_)(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)_/;

/**
 * The field in snake case: "gpaPages4K" is "gpa_pages_4k". A word that only looks like a unit is joined to the next
 * one: "mbFlushes" is "mbflushes".
 */
function snakeCaseOf({ field }: Counter): string {
  const words = field.replaceAll(/\d+[A-Z](?![a-z])|[A-Z]/g, (start) => `_${start.toLowerCase()}`);
  return words.replace(abbreviatedUnits, '$1$2');
}

/** The name that stands before the labels of each sample. */
export function sampleNameOf({ name, type }: Pick<FamilyFacts, 'name' | 'type'>): string {
  return name + sampleSuffixes[type];
}

/** The lines before the samples. The text format names the family as its samples are named. */
export function headOf(family: FamilyFacts, format: MetricFormat): Buffer {
  const { name, type, unit, help } = family;
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  if (format === 'text') {
    const sampleName = sampleNameOf(family);
    return Buffer.from(`# HELP ${sampleName} ${escaped}\n# TYPE ${sampleName} ${textTypes[type]}\n`);
  }
  const unitLine = unit === null ? '' : `# UNIT ${name} ${unit}\n`;
  const quoted = escaped.replaceAll('"', '\\"');
  return Buffer.from(`# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${quoted}\n`);
}

/** Every counter's metric, in the order of the catalogue. */
export const metricFamilies: readonly MetricFamily[] = catalogue.map(familyFrom);

const byObject = new Map<StatisticsObject, readonly MetricFamily[]>();
for (const family of metricFamilies) {
  const { object } = family.counter;
  byObject.set(object, [...(byObject.get(object) ?? []), family]);
}

/** The metrics of one kind of object. */
export function metricFamiliesOf(object: StatisticsObject): readonly MetricFamily[] {
  return byObject.get(object) ?? [];
}
