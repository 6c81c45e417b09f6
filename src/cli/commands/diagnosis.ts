/** What `doctor` is given, and what an examination of the machine comes to. */
import type { openSource } from '../../source/sources.ts';
import type { CommandContext } from '../command-context.ts';

/** What `doctor` is given of the machine. */
export interface DoctorContext extends Pick<CommandContext, 'clock' | 'signal' | 'stdout'> {
  /** As `process.platform` has it. */
  readonly platform: string;
  /** What stands before every path: '' on a real machine. */
  readonly root: string;
  /** How the source of a Windows host is named: "windows". */
  readonly windowsSource: string;
  readonly openSource: typeof openSource;
}

/** One thing that was looked at. */
export interface Finding {
  readonly isWell: boolean;
  /** What was found, in a sentence. */
  readonly text: string;
  /** How to get what is missing. */
  readonly remedy?: string;
}

/** All of them, in the order in which one needs the other. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** The source that works, as --source takes it; null for none. */
  readonly source: string | null;
}
