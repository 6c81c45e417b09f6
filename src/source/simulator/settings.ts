/** Settings of the simulator: the size of the host, and the seed of its random numbers. */
import type { Release } from '../../catalogue/group.ts';
import { UsageError } from '../../errors.ts';
import { readRelease } from '../source-text.ts';
import { didYouMean } from '../../lib/suggestion.ts';

/** The size of the simulated host and its seed; the same settings give the same host. */
export interface SimulatorSettings {
  readonly seed: number;
  readonly logicalProcessors: number;
  /** Includes the root partition. There are fewer while a stopped partition has not been replaced. */
  readonly partitions: number;
  /** The number of virtual processors of every partition. */
  readonly virtualProcessors: number;
  /** How many guests are children of partition 2 instead of the root. */
  readonly nested: number;
  /** The release of the hypervisor: newer ones append counters to its pages. */
  readonly release: Release;
}

interface SettingRow {
  readonly name: string;
  readonly field: Exclude<keyof SimulatorSettings, 'release'>;
  readonly initial: number;
  readonly from: number;
  readonly to: number;
}

// HV_MAXIMUM_PROCESSORS of the hypervisor's headers is 2048: of logical processors, and of the virtual ones of a partition. The
// other bounds keep page folders manageable.
const rows: readonly SettingRow[] = [
  { name: 'seed', field: 'seed', initial: 1, from: 0, to: 0xffff_ffff },
  { name: 'lps', field: 'logicalProcessors', initial: 16, from: 1, to: 2048 },
  { name: 'partitions', field: 'partitions', initial: 8, from: 1, to: 4096 },
  { name: 'vps', field: 'virtualProcessors', initial: 4, from: 1, to: 2048 },
  { name: 'nested', field: 'nested', initial: 0, from: 0, to: 4094 },
];
const maxVirtualProcessors = 65_536;
/** The newest, so that as many counters of the schema as possible have values. */
const initialRelease: Release = 2026;

/**
 * Parses settings such as `seed=1&lps=16&partitions=8&vps=4&nested=0&release=2026`, which are the defaults. Throws a
 * UsageError that lists all problems: unknown or repeated names, values that are not whole numbers or out of range, and
 * sizes that do not fit together.
 */
export function simulatorSettings(query: URLSearchParams): SimulatorSettings {
  const problems = unknownNames(query);
  const release = readRelease(query, initialRelease);
  const settings = {
    ...{ seed: 0, logicalProcessors: 0, partitions: 0, virtualProcessors: 0, nested: 0 },
    release: initialRelease,
  };
  for (const row of rows) {
    const value = readSetting(row, query.getAll(row.name));
    if (typeof value === 'number') settings[row.field] = value;
    else problems.push(value);
  }
  if (typeof release === 'number') settings.release = release;
  else problems.push(release);
  // Sizes are compared with each other only if each is valid.
  if (problems.length === 0) problems.push(...mismatches(settings));
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `simulator: ${problem}`));
  return settings;
}

/** Formats the settings for the name of a source. The release is included only if it is not the default. */
export function describeSettings(settings: SimulatorSettings): string {
  const sizes = rows.map((row) => `${row.name}=${settings[row.field]}`).join('&');
  return settings.release === initialRelease ? sizes : `${sizes}&release=${settings.release}`;
}

function unknownNames(query: URLSearchParams): string[] {
  const known = [...rows.map((row) => row.name), 'release'];
  return [...new Set(query.keys())]
    .filter((name) => !known.includes(name))
    .map((name) => `there is no option "${name}"; there are ${known.join(', ')}.${didYouMean(name, known)}`);
}

function readSetting(row: SettingRow, given: readonly string[]): number | string {
  const [text, ...more] = given;
  if (text === undefined) return row.initial;
  if (more.length > 0) return `${row.name} is given ${given.length} times; once is needed.`;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= row.from && value <= row.to) return value;
  return `${row.name} must be a whole number from ${row.from} to ${row.to}, but is "${text}".`;
}

function mismatches(settings: SimulatorSettings): string[] {
  const { partitions, virtualProcessors, nested } = settings;
  const problems = [];
  const all = partitions * virtualProcessors;
  if (all > maxVirtualProcessors) {
    problems.push(
      `partitions=${partitions} with vps=${virtualProcessors} make ${all} virtual processors; ` +
        `at most ${maxVirtualProcessors} are possible.`,
    );
  }
  const mostNested = Math.max(0, partitions - 2);
  if (nested > mostNested) {
    problems.push(
      `nested must be at most ${mostNested} with partitions=${partitions}, since the root and partition 2 ` +
        `are not among them, but is ${nested}.`,
    );
  }
  return problems;
}
