/** Every kind of source, and how it is named on the command line. */
import { releases } from '../catalogue/group.ts';
import { problemsOf, UsageError } from '../errors.ts';
import type { Clock } from '../snapshot/moment.ts';
import { captureSettings } from './capture/settings.ts';
import { mshvSettings } from './mshv/settings.ts';
import { readRelease, parseSourceText, type SourceText } from './source-text.ts';
import type { ManifestMemory } from './page-folder/manifest.ts';
import { simulatorSettings, type SimulatorSettings } from './simulator/settings.ts';
import type { SourceLog, Source } from './source.ts';
import { didYouMean } from '../lib/suggestion.ts';
import { windowsSettings } from './windows/settings.ts';

/** The dependencies of sources. */
export interface SourceContext {
  readonly clock: Clock;
  /** Path of a file with the names of partitions, for sources that know ids only. */
  readonly names?: string | null;
  /** The value of `process.platform`; not checked if absent. */
  readonly platform?: string;
  /** Whether a page folder has had a manifest, if several processes read it. */
  readonly manifestMemory?: ManifestMemory | undefined;
  /** For details that only the operator may see. */
  readonly log?: SourceLog;
}

interface SourceKind {
  readonly kind: string;
  /** How it is written, for messages. */
  readonly usage: string;
  /** Parses the text and throws a UsageError with all mistakes. Has no side effects. */
  readonly parse: (text: SourceText) => OpenSource;
}

/** Opens the source that a valid text names. The code of each kind is loaded only when it is opened. */
type OpenSource = (context: SourceContext) => Promise<Source>;

/** A new kind of source is a file, a line here, and a passing run of `test/contract/source.ts`. */
const sourceKinds: readonly SourceKind[] = [
  { kind: 'simulator', usage: 'simulator', parse: parseSimulatorText },
  { kind: 'pages', usage: 'pages:<folder>', parse: parsePageFolderText },
  { kind: 'capture', usage: 'capture:<folder or .tar>', parse: parseCaptureText },
  { kind: 'mshv', usage: 'mshv[:<folder>]', parse: parseMshvText },
  { kind: 'windows', usage: 'windows', parse: parseWindowsText },
];

/**
 * Opens the source that a text names: "simulator?seed=7", "pages:/run/pages", "capture:host.tar?loop=true". Rejects
 * with a UsageError that lists all mistakes, or says why the source cannot be read.
 */
export async function openSource(text: string, context: SourceContext): Promise<Source> {
  return parseSource(text)(context);
}

/** Throws a UsageError with all problems of the text itself. Does not check whether what it names exists. */
export function assertSource(text: string): void {
  parseSource(text);
}

function parseSource(text: string): OpenSource {
  const parsed = parseSourceText(text);
  const row = sourceKinds.find(({ kind }) => kind === parsed.kind);
  if (row !== undefined) return row.parse(parsed);
  const usages = sourceKinds.map(({ usage }) => usage).join(', ');
  const kinds = sourceKinds.map(({ kind }) => kind);
  throw new UsageError([
    `There is no source "${text}"; there are ${usages}.${didYouMean(parsed.kind, kinds)}`,
  ]);
}

/** The settings in a text that names the simulator. Throws a UsageError with all mistakes, another source included. */
export function parseSimulator(text: string): SimulatorSettings {
  const { kind, place, options } = parseSourceText(text);
  if (kind !== 'simulator') {
    throw new UsageError([`The simulator is needed, as in simulator?seed=1, but the source is "${text}".`]);
  }
  const problems = problemsOf(() => simulatorSettings(options));
  if (place !== undefined) problems.unshift(`simulator: only options may follow, but ":${place}" does.`);
  if (problems.length > 0) throw new UsageError(problems);
  return simulatorSettings(options);
}

function parseSimulatorText({ text }: SourceText): OpenSource {
  const settings = parseSimulator(text);
  return async ({ clock }) => (await import('./simulator/simulator.ts')).openSimulator(settings, clock);
}

function parsePageFolderText({ place = '', options }: SourceText): OpenSource {
  const problems = [...new Set(options.keys())]
    .filter((name) => name !== 'release')
    .map((name) => `pages: there is no option "${name}"; there is release.`);
  const release = readRelease(options, releases[0]);
  if (typeof release === 'string') problems.push(`pages: ${release}`);
  if (place === '') problems.unshift('pages:<folder> needs a path after the colon, but it is empty.');
  if (problems.length > 0 || typeof release === 'string') throw new UsageError(problems);
  return async ({ clock, manifestMemory }) =>
    (await import('./page-folder/page-folder.ts')).openPageFolder(place, { clock, release, manifestMemory });
}

function parseCaptureText(text: SourceText): OpenSource {
  const settings = captureSettings(text);
  return async ({ clock }) => (await import('./capture/capture.ts')).openCapture(settings, { clock });
}

function parseMshvText(text: SourceText): OpenSource {
  const settings = mshvSettings(text);
  return async ({ clock, names, log }) =>
    (await import('./mshv/mshv.ts')).openMshv(settings, {
      clock,
      ...(names == null ? {} : { names }),
      ...(log === undefined ? {} : { warn: (sentence) => log.warn({}, sentence) }),
    });
}

function parseWindowsText(text: SourceText): OpenSource {
  const settings = windowsSettings(text);
  return async (context) => (await import('./windows/windows.ts')).openWindows(settings, context);
}
