/** Runs a nats-server on this machine for the duration of a command. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HvqlError, UsageError } from '../../errors.ts';
import { systemErrorCode } from '../../lib/system-error.ts';
import type { Wait } from '../command-context.ts';

/** Debian installs it here, which is not in the PATH of most users. */
const moreFolders = ['/usr/sbin', '/usr/local/sbin'];

const pollMilliseconds = 20;

/** A running nats-server. */
export interface LocalNats {
  /** "nats://127.0.0.1:34567". */
  readonly url: string;
  /** Its process id. */
  readonly pid: number;
  /** Rejects if it exits unexpectedly. */
  readonly ended: Promise<never>;
  close(): Promise<void>;
}

/** Starts it on a free loopback port. Rejects with a UsageError if it is not installed. `folder` is for its files. */
export async function startLocalNats(
  folder: string,
  {
    wait,
    signal,
    program = 'nats-server',
  }: { readonly wait: Wait; readonly signal: AbortSignal; readonly program?: string },
): Promise<LocalNats> {
  const path = [process.env['PATH'], ...moreFolders].filter(Boolean).join(':');
  const child = spawn(program, ['-a', '127.0.0.1', '-p', '-1', '--ports_file_dir', folder], {
    // Ctrl-C signals the whole process group, and the hosts must leave before nats-server exits.
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, PATH: path },
  });
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  const gone = new Promise<Error>((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code, by) =>
      resolve(new HvqlError('HOST_UNREACHABLE', `nats-server has ended (${code ?? by}).`)),
    );
  });
  let isGone = false;
  const ended = gone.then((reason): never => {
    isGone = true;
    throw systemErrorCode(reason) === 'ENOENT' ? notInstalled() : reason;
  });
  ended.catch(() => undefined);
  const close = async (): Promise<void> => {
    process.off('exit', kill);
    kill();
    if (child.pid !== undefined) await gone;
  };
  const file = join(folder, `nats-server_${child.pid}.ports`);
  const url = (): string | null => {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text === '' ? null : ((JSON.parse(text) as { nats: readonly string[] }).nats[0] ?? null);
  };
  while (url() === null && !signal.aborted) {
    if (isGone) await ended;
    await Promise.race([wait(pollMilliseconds, signal), gone]);
  }
  return { url: url() ?? '', pid: child.pid ?? 0, ended, close };
}

function notInstalled(): UsageError {
  return new UsageError([
    'nats-server is not installed: "apt-get install nats-server" on Debian and Ubuntu, "brew install nats-server" on macOS, ' +
      'or https://github.com/nats-io/nats-server/releases. --nats uses a server that is already running.',
  ]);
}
