/** The input of `doctor`, and the result of examining a machine. */
import type { openSource } from '../../../source/sources.ts';
import type { CommandContext } from '../../command-context.ts';

/** The machine that `doctor` examines. */
export interface DoctorContext extends Pick<CommandContext, 'clock' | 'signal' | 'stdout'> {
  /** As `process.platform` has it. */
  readonly platform: string;
  /** Prepended to every path: '' on a real machine. */
  readonly root: string;
  /** The source of a Windows host, as --source takes it: "windows". */
  readonly windowsSource: string;
  readonly openSource: typeof openSource;
}

/** One thing that was examined. */
export interface Finding {
  readonly isWell: boolean;
  /** What was found, in a sentence. */
  readonly text: string;
  /** How to get what is missing. */
  readonly remedy?: string;
}

/** All findings: each is needed for those after it. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** The source that works, as --source takes it; null if none does. */
  readonly source: string | null;
}
