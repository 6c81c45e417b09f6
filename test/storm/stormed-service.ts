/** The service in the storm: the built program, as `npm start` runs it. */
import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFlags } from '../built-program.ts';
import { BuiltProgram } from './program.ts';
import { Inspector } from './inspector.ts';
import { ServiceLog } from './service-log.ts';
import { tlsFile } from '../secure.ts';

/**
 * Lower than they are set as a rule, so that they can be gone beyond: everything that the root may read is about 197
 * pages, less three for each partition that has just stopped, and what the examples ask for at most is about 137.
 */
export const serviceLimits = { maxPages: 165, maxStreamsPerCaller: 200 } as const;

const historyBytes = '16MB';

/**
 * glibc keeps most of what is freed, in as many arenas as there were busy threads, and raises its thresholds by itself. With
 * these, freed memory goes back to the system, and what is resident tells what is in use.
 */
const allocator = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;

/** One of the service's processes. */
export interface StormedProcess {
  readonly pid: number;
  readonly port: number;
  readonly log: ServiceLog;
  /** Inspects it for a short time. */
  inspect<Result>(read: (inspector: Inspector) => Promise<Result>): Promise<Result>;
  /** false once it has ended by itself. */
  readonly isAlive: boolean;
  /** Ends it as an operator does; gives its exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** A service under way. */
export interface StormedService extends StormedProcess {
  readonly guestSocket: string;
  readonly auditTrail: string;
  readonly secret: string;
  /** Moves its wall clock by this from what it is; not that of the process that speaks TLS. */
  readonly moveWallClock: (milliseconds: number) => void;
  /** The same over TLS, for connections that do anything. */
  readonly secure: StormedProcess;
}

/** Starts it in front of the page folder `pages` in this folder, where its guest's socket and its audit trail go as well. */
export async function startStormedService(base: string, hotPath: 'on' | 'off'): Promise<StormedService> {
  const guestSocket = join(base, 'guest.sock');
  const auditTrail = join(base, 'audit.jsonl');
  const secret = randomBytes(32).toString('hex');
  const wallClock = join(base, 'wall-clock');
  const moveWallClock = (milliseconds: number): void => {
    writeFileSync(`${wallClock}.new`, String(milliseconds));
    renameSync(`${wallClock}.new`, wallClock);
  };
  moveWallClock(0);
  const { maxPages, maxStreamsPerCaller } = serviceLimits;
  const args = [
    ...['serve', '--port', '0', '--source', `pages:${join(base, 'pages')}`],
    ...['--max-pages', String(maxPages), '--max-streams-per-caller', String(maxStreamsPerCaller)],
    // What is asked at once takes the whole processor for a while.
    ...['--hot-path', hotPath, '--max-time', '2m'],
    // Readings are held for two minutes: with as many bytes as a rule, memory would grow for longer than the warm-up.
    ...['--history-bytes', historyBytes],
  ];
  const plain = await startProcess(
    [...args, '--guest-socket', `2=${guestSocket}`, '--audit', auditTrail],
    secret,
    wallClock,
  );
  const tls = ['--tls-cert', tlsFile('server.pem'), '--tls-key', tlsFile('server.key')];
  const secure = await startProcess([...args, ...tls], secret).catch(async (thrown: unknown) => {
    await plain.kill();
    throw thrown;
  });
  return {
    ...plain,
    guestSocket,
    auditTrail,
    secret,
    moveWallClock,
    secure,
    get isAlive() {
      return plain.isAlive && secure.isAlive;
    },
    stop: async () => {
      const [code, secureCode] = await Promise.all([plain.stop(), secure.stop()]);
      return code === 0 ? secureCode : code;
    },
    kill: async () => {
      await Promise.all([plain.kill(), secure.kill()]);
    },
  };
}

const wallClockModule = new URL('../end-to-end/wall-clock.mjs', import.meta.url).href;

/** With a wall clock that the file moves, where there is one. */
async function startProcess(
  args: readonly string[],
  secret: string,
  wallClock: string | null = null,
): Promise<StormedProcess> {
  const log = new ServiceLog();
  const program = new BuiltProgram({
    // The inspector is not the product's: it lets the heap be measured, and sleeps until then.
    execArgv: [
      ...['--trace-warnings', ...nodeFlags, '--inspect=127.0.0.1:0'],
      ...(wallClock === null ? [] : ['--import', wallClockModule]),
    ],
    args,
    env: {
      ...allocator,
      HVQL_JWT_SECRET: secret,
      ...(wallClock === null ? {} : { WALL_CLOCK_FILE: wallClock }),
    },
    onErrorLine: (line) => log.take(line),
  });
  let isAlive = true;
  void program.exited.then(() => (isAlive = false));
  const [, port] = await program.prints(/^hvql listening on https?:\/\/127\.0\.0\.1:(\d+)\/graphql\n/m);
  return {
    pid: program.pid,
    port: Number(port),
    log,
    inspect: async (read) => {
      const inspector = await Inspector.open(log.inspectorAddress);
      try {
        return await read(inspector);
      } finally {
        inspector.close();
      }
    },
    get isAlive() {
      return isAlive;
    },
    stop: () => program.stop('SIGTERM'),
    kill: async () => {
      if (isAlive) await program.stop('SIGKILL');
    },
  };
}
