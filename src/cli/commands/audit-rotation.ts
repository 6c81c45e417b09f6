/** Limits the size of the audit file: it is renamed to "<file>.1", "<file>.1" to "<file>.2", and so on. */
import { rename, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { isNotThere } from '../../lib/system-error.ts';
import type { AuditFile } from './audit-file.ts';

/** The number of old files to keep. */
export const keptAuditFiles = 9;
/** The interval at which the file is checked. */
const checkMilliseconds = 1_000;

/** Checks the file every second. One of the processes that write to it renames it, and each process opens the new file. */
export class AuditRotation {
  readonly #path: string;
  readonly #options;
  readonly #timer: NodeJS.Timeout;
  #isChecking = false;
  #hasFailed = false;

  /** `size` in bytes; null if another process renames the file. `audit` is null if this process does not write to it. */
  constructor(
    path: string,
    options: { readonly size: number | null; readonly audit: AuditFile | null; readonly log: Logger },
  ) {
    this.#path = path;
    this.#options = options;
    this.#timer = setInterval(() => void this.check(), checkMilliseconds).unref();
  }

  /** Renames the file if it is too large, and opens the current file if it has been replaced. */
  async check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const { audit, log } = this.#options;
    try {
      if (await this.#isTooLarge()) await this.#rename();
      this.#hasFailed = false;
      audit?.follow();
    } catch (thrown) {
      if (!this.#hasFailed) log.error({ err: thrown }, 'the audit trail cannot be rotated');
      this.#hasFailed = true;
    }
    this.#isChecking = false;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #isTooLarge(): Promise<boolean> {
    const { size } = this.#options;
    if (size === null) return false;
    try {
      const found = await stat(this.#path);
      return found.isFile() && found.size >= size;
    } catch (thrown) {
      // Renamed, but not reopened yet.
      if (isNotThere(thrown)) return false;
      throw thrown;
    }
  }

  /** Renames from the oldest, which is overwritten. */
  async #rename(): Promise<void> {
    for (let n = keptAuditFiles - 1; n > 0; n -= 1) {
      try {
        await rename(`${this.#path}.${n}`, `${this.#path}.${n + 1}`);
      } catch (thrown) {
        if (!isNotThere(thrown)) throw thrown;
      }
    }
    await rename(this.#path, `${this.#path}.1`);
    this.#options.log.info('the audit trail was rotated');
  }
}
