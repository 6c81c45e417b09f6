/** `hvql inspect`: prints the content of an overlay page. */
import { resolve } from 'node:path';
import { statisticsObjects, type StatisticsObject } from '../../catalogue/group.ts';
import { HvqlError, UsageError } from '../../errors.ts';
import { readPageFile } from '../../source/page-folder/page-file.ts';
import { systemFiles } from '../../source/page-folder/file-system.ts';
import type { CommandContext } from '../command-context.ts';
import { pageJson, pageTable } from './page-text.ts';
import { printable } from '../format.ts';

/** Which page to print, and how. */
export interface InspectOptions {
  /** Path of the file. */
  readonly page: string;
  /** The kind of object that the page belongs to; derived from the path if not given. */
  readonly object?: StatisticsObject | null | undefined;
  /** Whether to print JSON instead of a table. */
  readonly json?: boolean | undefined;
}

/**
 * Prints a page. Returns exit code 1, with the reason on standard error, if it cannot be read or is not a statistics page.
 * Rejects with a UsageError if the kind of object follows neither from the options nor from the path.
 */
export async function inspect(
  options: InspectOptions,
  context: Pick<CommandContext, 'stdout' | 'stderr'>,
): Promise<number> {
  const { page: path, json = false } = options;
  const object = options.object ?? objectOfPath(path);
  try {
    const page = readPageFile({ path, origin: { object, place: path }, known: null }, systemFiles);
    const inspected = { path, object, page };
    context.stdout.write(json ? pageJson(inspected) : pageTable(inspected));
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof HvqlError)) throw thrown;
    context.stderr.write(`${printable(thrown.message)}\n`);
    return 1;
  }
}

/** The layout of page folders, the most specific paths first. */
const places: readonly (readonly [pattern: RegExp, object: StatisticsObject])[] = [
  [/\/partition\/\d+\/vp\/\d+\/stats(?:\.self)?\.page$/, 'VIRTUAL_PROCESSOR'],
  [/\/partition\/\d+\/stats(?:\.self)?\.page$/, 'PARTITION'],
  [/\/lp\/\d+\/stats\.page$/, 'LOGICAL_PROCESSOR'],
  [/\/stats\.page$/, 'HYPERVISOR'],
];

function objectOfPath(path: string): StatisticsObject {
  // Absolute, because the current folder may be within the page folder.
  const full = resolve(path).replaceAll('\\', '/');
  const object = places.find(([pattern]) => pattern.test(full))?.[1];
  if (object !== undefined) return object;
  const choices = statisticsObjects.map((kind) => kind.toLowerCase().replaceAll('_', '-'));
  throw new UsageError([
    `The path ${path} does not show which kind of object the page belongs to, as lp/0/stats.page would; ` +
      `--object is needed: ${choices.join(', ')}.`,
  ]);
}
