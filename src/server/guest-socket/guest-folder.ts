/** A folder in which a guest socket is open for each partition whose virtual machine monitor has a socket there. */
import { watch, type BigIntStats, type FSWatcher } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UsageError } from '../../errors.ts';
import { parsePartitionId } from '../../snapshot/object-name.ts';
import { openGuestSocket, type GuestSocket, type GuestSocketOptions } from './guest-socket.ts';
import { isNotFound, privatePrefix } from './socket-file.ts';

/** Which folder is watched, and how. */
interface GuestFolderOptions extends GuestSocketOptions {
  readonly folder: string;
  /** The port of the virtual socket that guests connect to. */
  readonly port: number;
  /** The maximum number of open sockets. */
  readonly limit?: number;
  readonly retryMilliseconds?: number;
}

const defaultLimit = 4_096;
const defaultRetryMilliseconds = 2_000;
/** Changes come in groups: the folder is read once for all changes within this time. */
const settleMilliseconds = 50;

/**
 * Watches a folder; resolves when the requested sockets are open. Rejects with a UsageError if the folder cannot be read.
 * A socket that fails is logged and retried, and does not delay the others.
 */
export async function openGuestFolder(options: GuestFolderOptions): Promise<GuestFolder> {
  const folder = new GuestFolder(options);
  await folder.start();
  return folder;
}

/** A watched folder. */
export class GuestFolder {
  readonly #options: GuestFolderOptions;
  readonly #limit: number;
  #watcher: FSWatcher | null = null;
  /** The identity of the watched folder: systems watch a folder and not its path, which may belong to another one by now. */
  #watched: BigIntStats | null = null;
  readonly #open = new Map<bigint, GuestSocket>();
  /** The problem of each partition, which is logged once. */
  readonly #problems = new Map<bigint, string>();
  /** Why the folder cannot be read, which is logged once. */
  #trouble: string | null = null;
  #unanswered = 0;
  #timer: NodeJS.Timeout | null = null;
  #isTimerForRetry = false;
  /** Only one task at a time reads the folder. */
  #updating: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: GuestFolderOptions) {
    this.#options = options;
    this.#limit = options.limit ?? defaultLimit;
  }

  /** See `openGuestFolder`. */
  async start(): Promise<void> {
    await this.#renewWatcher().catch((thrown: unknown) => {
      const { folder } = this.#options;
      throw new UsageError([
        `The folder of guest sockets ${folder} cannot be watched: ${messageOf(thrown)}.`,
      ]);
    });
    this.#updating = this.#update();
    await this.#updating;
  }

  /** Stops watching and removes the sockets' files. Their connections end with the service. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWatcher();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#updating;
    await Promise.all([...this.#open.values()].map((socket) => socket.remove()));
  }

  /** Watches the folder that is currently at the path. */
  async #renewWatcher(): Promise<void> {
    const { folder, log } = this.#options;
    const found = await stat(folder, { bigint: true });
    if (this.#isClosed || (this.#watched?.ino === found.ino && this.#watched.dev === found.dev)) return;
    this.#stopWatcher();
    this.#watched = found;
    this.#watcher = watch(folder, { persistent: false }, (kind, name) => {
      // Ignores writes to files, which do not change the folder, and our own private folders.
      if (kind === 'rename' && name?.startsWith(privatePrefix) !== true) this.#schedule(false);
    });
    this.#watcher.on('error', (err) => {
      this.#stopWatcher();
      log.warn({ folder, err }, 'the folder of guest sockets cannot be watched');
      this.#schedule(true);
    });
  }

  #stopWatcher(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#watched = null;
  }

  /** Schedules an update; a change may come before a scheduled retry. */
  #schedule(isRetry: boolean): void {
    if (this.#isClosed) return;
    if (this.#timer !== null) {
      if (isRetry || !this.#isTimerForRetry) return;
      clearTimeout(this.#timer);
    }
    const { retryMilliseconds = defaultRetryMilliseconds } = this.#options;
    this.#isTimerForRetry = isRetry;
    const update = (): void => {
      this.#timer = null;
      this.#updating = this.#updating.then(() => this.#update());
    };
    this.#timer = setTimeout(update, isRetry ? retryMilliseconds : settleMilliseconds).unref();
  }

  async #update(): Promise<void> {
    if (this.#isClosed) return;
    const { folder, log } = this.#options;
    try {
      await this.#renewWatcher();
      await this.#openRequested();
      if (this.#trouble !== null) log.info({ folder }, 'the folder of guest sockets can be read again');
      this.#trouble = null;
    } catch (thrown) {
      this.#stopWatcher();
      // Other errors say nothing about which sockets are requested.
      if (isNotFound(thrown)) await this.#closeAllBut(() => false);
      const trouble = messageOf(thrown);
      if (trouble !== this.#trouble)
        log.warn({ folder, err: thrown }, 'the folder of guest sockets cannot be read');
      this.#trouble = trouble;
    }
    if (this.#trouble !== null || this.#problems.size > 0) this.#schedule(true);
  }

  async #openRequested(): Promise<void> {
    const { folder, log } = this.#options;
    const limit = this.#limit;
    const { requested, present, unanswered } = await this.#listRequests();
    if (unanswered !== this.#unanswered && unanswered > 0)
      log.warn({ folder, limit, unanswered }, 'more guest sockets are requested than the limit allows');
    this.#unanswered = unanswered;
    // A socket whose file has been removed is opened again.
    await this.#closeAllBut((id) => requested.has(id) && present.has(id));
    for (const id of this.#problems.keys()) if (!requested.has(id)) this.#problems.delete(id);
    for (const id of requested) {
      if (this.#isClosed) return;
      if (!this.#open.has(id)) await this.#openOne(id);
    }
  }

  /**
   * The partitions that request a socket, in ascending order, with open ones first if there are more than the limit; the
   * partitions with an open socket whose file exists; and the number beyond the limit.
   *
   * The monitor's own socket, `<partition id>.sock`, is the request: it connects a guest that connects to this port of
   * its virtual socket to `<its own path>_<port>` (Firecracker's and Cloud Hypervisor's docs/vsock.md).
   */
  async #listRequests(): Promise<{
    readonly requested: ReadonlySet<bigint>;
    readonly present: ReadonlySet<bigint>;
    readonly unanswered: number;
  }> {
    const { folder, port } = this.#options;
    const limit = this.#limit;
    const open = new Set<bigint>();
    const others = new Set<bigint>();
    const present = new Set<bigint>();
    let beyond = 0;
    for await (const entry of await opendir(folder)) {
      const { id: text = '', port: portText } = namePattern.exec(entry.name)?.groups ?? {};
      const id = parsePartitionId(text);
      if (id === null || entry.isDirectory()) continue;
      if (portText !== undefined) {
        if (portText === String(port)) present.add(id);
      } else if (this.#open.has(id)) open.add(id);
      else if (others.size < limit) others.add(id);
      else beyond += 1;
    }
    const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1);
    const requested = new Set([...open, ...others].slice(0, limit).sort(ascending));
    return { requested, present, unanswered: open.size + others.size - requested.size + beyond };
  }

  async #openOne(partitionId: bigint): Promise<void> {
    const { folder, port, log } = this.#options;
    const path = join(folder, `${partitionId}.sock_${port}`);
    try {
      this.#open.set(partitionId, await openGuestSocket({ partitionId, path }, this.#options));
      this.#problems.delete(partitionId);
    } catch (thrown) {
      const problem = messageOf(thrown);
      if (problem !== this.#problems.get(partitionId))
        log.warn({ partition: partitionId.toString(), problem }, 'guest socket not opened');
      this.#problems.set(partitionId, problem);
    }
  }

  async #closeAllBut(isKept: (partitionId: bigint) => boolean): Promise<void> {
    for (const [id, socket] of this.#open) {
      if (isKept(id)) continue;
      this.#open.delete(id);
      await socket.remove();
      // The file is removed and the path is free; responses in progress may take longer.
      void socket.close();
    }
  }
}

const namePattern = /^(?<id>\d+)\.sock(?:_(?<port>\d+))?$/;
