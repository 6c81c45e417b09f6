/** Where a source says what only the operator may know. A pino logger is one. */
export interface SourceLog {
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}
