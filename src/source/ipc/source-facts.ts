/** What a source says of itself that may change, for another process. */
import type { StatisticsArea } from '../../snapshot/object-name.ts';
import type { Source } from '../source.ts';

/** What it says; the rest of it does not change. */
export interface SourceFacts {
  readonly unreadableLines: number | null;
  readonly areas: readonly StatisticsArea[] | null;
}

/** What stands before the other process has said anything. */
export const noFacts: SourceFacts = { unreadableLines: null, areas: null };

/** What the source says now. */
export function sourceFacts({ unreadableLines = null, areas = null }: Source): SourceFacts {
  return { unreadableLines, areas };
}

/** What was said, in the body of a message. */
export function parseFacts(body: Buffer): SourceFacts {
  // Written above, by a process of the same program.
  return JSON.parse(body.toString()) as SourceFacts;
}
