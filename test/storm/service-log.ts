/** The standard error of a service: messages are counted, and unexpected ones are stored. */

const keptLines = 5;
/** pino's numbers. */
const levels: Readonly<Record<number, string>> = {
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
const errorLevel = 50;
/** The inspector's own, which Node reports. */
const ofInspector =
  /^(?:Debugger (?:listening on|attached|ending on)|For help, see: |Waiting for the debugger)/;

/** Takes the lines of a log. */
export class ServiceLog {
  /** How often each message was logged at each level: "warn: not ready". */
  readonly counts = new Map<string, number>();
  /** Lines of level error and above, and those that are no log lines at all; the first of them. */
  readonly complaints: string[] = [];
  complaintCount = 0;
  #inspectorAddress = '';
  readonly #expected: RegExp | null;

  /** Messages of level error that the service is expected to write. */
  constructor(expected: RegExp | null = null) {
    this.#expected = expected;
  }

  take(line: string): void {
    const address = /^Debugger listening on (ws:\S+)$/.exec(line)?.[1];
    if (address !== undefined) this.#inspectorAddress = address;
    if (line === '' || ofInspector.test(line)) return;
    const entry = parse(line);
    const level = entry?.level ?? errorLevel;
    if (entry !== null) {
      const text = `${levels[level] ?? String(level)}: ${entry.msg ?? ''}`;
      this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
    }
    if (level < errorLevel || this.#expected?.test(entry?.msg ?? '') === true) return;
    this.complaintCount += 1;
    if (this.complaints.length < keptLines) this.complaints.push(line.slice(0, 2_000));
  }

  get inspectorAddress(): string {
    return this.#inspectorAddress;
  }
}

function parse(line: string): { level: number; msg?: string } | null {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'level' in entry
      ? (entry as { level: number })
      : null;
  } catch {
    return null;
  }
}
