/** Notices changes in a folder, and that another folder has come in its place. */
import { watch, type BigIntStats, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What is watched, and who is told. */
export interface FolderWatchOptions {
  readonly folder: string;
  /** Something of this name has come or gone; null where the system does not say what. */
  readonly onChange: (name: string | null) => void;
  /** The folder is watched no more until `renew`. */
  readonly onError: (error: Error) => void;
}

/** Watches a folder by its name. Does not keep the process alive. */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  #watcher: FSWatcher | null = null;
  #folder: BigIntStats | null = null;
  #isClosed = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  /**
   * Watches the folder that has the name now. A system watches a folder and not its name, so this is to be called after
   * each change: the folder that was watched may have been moved or removed. Rejects with the error of the system.
   */
  async renew(): Promise<void> {
    const { folder, onChange, onError } = this.#options;
    const found = await stat(folder, { bigint: true });
    if (this.#isClosed || (this.#folder?.ino === found.ino && this.#folder.dev === found.dev)) return;
    this.stop();
    const watcher = watch(folder, { persistent: false }, (kind, name) => {
      // What is written to a file changes nothing in the folder.
      if (kind === 'rename') onChange(name);
    });
    watcher.on('error', (error) => {
      this.stop();
      onError(error);
    });
    this.#watcher = watcher;
    this.#folder = found;
  }

  /** Watches no more until `renew`. */
  stop(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#folder = null;
  }

  /** Watches no more, ever. */
  close(): void {
    this.#isClosed = true;
    this.stop();
  }
}
