/** Keeps the audit file below a size: it is renamed to "<file>.1", that one to "<file>.2", and so on. */
import { rename, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { isNotThere } from '../../lib/system-error.ts';
import type { AuditFile } from './audit-file.ts';

/** How many files are kept beside the one that is written to. */
export const keptAuditFiles = 9;
/** How often to look at the file. */
const checkMilliseconds = 1_000;

/** Looks at the file every second. Of the processes that write to it, one renames it, and each opens the new one. */
export class AuditRotation {
  readonly #path: string;
  readonly #options;
  readonly #timer: NodeJS.Timeout;
  #isChecking = false;
  #hasFailed = false;

  /** `size` in bytes; null where another process renames. `audit` is null where this process writes nothing. */
  constructor(
    path: string,
    options: { readonly size: number | null; readonly audit: AuditFile | null; readonly log: Logger },
  ) {
    this.#path = path;
    this.#options = options;
    this.#timer = setInterval(() => void this.check(), checkMilliseconds).unref();
  }

  /** Renames the file where it is too large, and opens the one that is there where it is another one. */
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
      // Renamed, and not yet opened again.
      if (isNotThere(thrown)) return false;
      throw thrown;
    }
  }

  /** From the oldest, which is replaced. */
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
