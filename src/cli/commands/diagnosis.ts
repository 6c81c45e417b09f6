/** What an examination of the machine comes to. */

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
