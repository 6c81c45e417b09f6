/** A folder in which a socket is opened for each partition that one is asked for, for as long as it is asked for. */
import { messageOf, UsageError } from '../../errors.ts';
import { FolderWatch } from './folder-watch.ts';
import { guestSocketPath, listRequests, type FolderListing } from './guest-folder-listing.ts';
import { openGuestSocket, type GuestSocket, type GuestSocketWorld } from './guest-socket.ts';
import { privatePrefix } from './socket-file.ts';
import { isNothingThere } from './socket-path.ts';

/** Which folder is watched, and how. */
export interface GuestFolderOptions extends GuestSocketWorld {
  readonly folder: string;
  /** The port of the virtual socket that guests connect to. */
  readonly port: number;
  /** How many sockets there may be. */
  readonly limit?: number;
  /** After this time what failed is tried again. */
  readonly retryMilliseconds?: number;
}

const defaultLimit = 4_096;
const defaultRetryMilliseconds = 2_000;
/** Changes come in swarms; one look is enough for all of this time. */
const settleMilliseconds = 50;

/**
 * Watches a folder and has opened what is asked for once it resolves. Rejects with a UsageError where the folder
 * cannot be read. An entry that fails is told to the log, is tried again, and holds up no other.
 */
export async function openGuestFolder(options: GuestFolderOptions): Promise<GuestSocketFolder> {
  const folder = new GuestSocketFolder(options);
  await folder.start();
  return folder;
}

/** A folder that is watched. */
export class GuestSocketFolder {
  readonly #options: GuestFolderOptions;
  readonly #limit: number;
  readonly #watch: FolderWatch;
  readonly #open = new Map<bigint, GuestSocket>();
  /** What the log has been told, by partition, so that it is told once. */
  readonly #problems = new Map<bigint, string>();
  /** Why the folder cannot be read, as the log has been told. */
  #trouble: string | null = null;
  #unanswered = 0;
  #timer: NodeJS.Timeout | null = null;
  #isTimerForRetry = false;
  /** Looks come one after the other. */
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: GuestFolderOptions) {
    this.#options = options;
    this.#limit = options.limit ?? defaultLimit;
    this.#watch = new FolderWatch({
      folder: options.folder,
      onChange: (name) => {
        // Those are our own.
        if (name?.startsWith(privatePrefix) !== true) this.#schedule(false);
      },
      onError: (err) => {
        options.log.warn({ folder: options.folder, err }, 'the folder of guest sockets cannot be watched');
        this.#schedule(true);
      },
    });
  }

  /** Looks for the first time; see `openGuestFolder`. */
  async start(): Promise<void> {
    const { folder } = this.#options;
    try {
      await this.#watch.renew();
    } catch (thrown) {
      throw new UsageError([
        `The folder of guest sockets ${folder} cannot be watched: ${messageOf(thrown)}.`,
      ]);
    }
    this.#looking = this.#look();
    await this.#looking;
  }

  /** Watches no more and removes the sockets' files. What came in by them ends with the service. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all([...this.#open.values()].map((socket) => socket.remove()));
  }

  /** Looks soon; where it is to be sooner than was planned, then. */
  #schedule(isRetry: boolean): void {
    if (this.#isClosed) return;
    if (this.#timer !== null) {
      if (isRetry || !this.#isTimerForRetry) return;
      clearTimeout(this.#timer);
    }
    const { retryMilliseconds = defaultRetryMilliseconds } = this.#options;
    this.#isTimerForRetry = isRetry;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#looking = this.#looking.then(() => this.#look());
      },
      isRetry ? retryMilliseconds : settleMilliseconds,
    ).unref();
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const { folder, port, log } = this.#options;
    try {
      await this.#watch.renew();
      const isOpen = (id: bigint): boolean => this.#open.has(id);
      await this.#follow(await listRequests({ folder, port, limit: this.#limit, isOpen }));
      if (this.#trouble !== null) log.info({ folder }, 'the folder of guest sockets can be read again');
      this.#trouble = null;
    } catch (thrown) {
      this.#watch.stop();
      // Other troubles say nothing of what is asked for.
      if (isNothingThere(thrown)) await this.#closeAllBut(new Set());
      const trouble = messageOf(thrown);
      if (trouble !== this.#trouble)
        log.warn({ folder, err: thrown }, 'the folder of guest sockets cannot be read');
      this.#trouble = trouble;
    }
    if (this.#trouble !== null || this.#problems.size > 0) this.#schedule(true);
  }

  async #follow({ requested, present, unanswered }: FolderListing): Promise<void> {
    const { folder, log } = this.#options;
    if (unanswered !== this.#unanswered && unanswered > 0) {
      log.warn(
        { folder, limit: this.#limit, unanswered },
        'more guest sockets are asked for than there may be',
      );
    }
    this.#unanswered = unanswered;
    // One whose file somebody has removed is made anew.
    await this.#closeAllBut(new Set([...requested].filter((id) => present.has(id))));
    for (const id of this.#problems.keys()) if (!requested.has(id)) this.#problems.delete(id);
    for (const id of requested) {
      if (this.#isClosed) return;
      if (!this.#open.has(id)) await this.#openOne(id);
    }
  }

  async #openOne(partitionId: bigint): Promise<void> {
    const path = guestSocketPath(partitionId, this.#options);
    try {
      this.#open.set(partitionId, await openGuestSocket({ partitionId, path }, this.#options));
      this.#problems.delete(partitionId);
    } catch (thrown) {
      const problem = messageOf(thrown);
      if (problem !== this.#problems.get(partitionId)) {
        this.#options.log.warn({ partition: partitionId.toString(), problem }, 'guest socket not opened');
      }
      this.#problems.set(partitionId, problem);
    }
  }

  async #closeAllBut(kept: ReadonlySet<bigint>): Promise<void> {
    for (const [id, socket] of this.#open) {
      if (kept.has(id)) continue;
      this.#open.delete(id);
      await socket.remove();
      // Answers under way may take their time; the file is gone, and the path free.
      void socket.close();
    }
  }
}
