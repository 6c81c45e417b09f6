/** A nats-server for the tests of a file, on a free port of loopback. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../until.ts';
import { findProgram } from '../debian-program.ts';

/** Its path; null where it is not installed, and the tests are skipped. */
export const natsServerPath = findProgram('nats-server');

/** A running nats-server. */
export interface NatsServer {
  /** "nats://127.0.0.1:4222". */
  readonly url: string;
  /** Kills it immediately. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** Stops it, as a machine stops that is suspended, or lets it continue. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  close(): Promise<void>;
}

/** Starts it, with the lines of a configuration. */
export async function startNatsServer(configuration = ''): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hvql-nats-'));
  writeFileSync(join(folder, 'nats.conf'), configuration);
  let child: ChildProcess | null = null;
  let port = '-1';
  const start = async (): Promise<string> => {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.ports')))
      rmSync(join(folder, file));
    const args = ['-c', join(folder, 'nats.conf'), '-a', '127.0.0.1', '-p', port, '--ports_file_dir', folder];
    const started = spawn(natsServerPath ?? 'nats-server', args, { stdio: 'ignore' });
    child = started;
    const file = join(folder, `nats-server_${started.pid}.ports`);
    let url: string | null = null;
    await until(() => {
      if (started.exitCode !== null) throw new Error(`nats-server ended with code ${started.exitCode}`);
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      url = text === '' ? null : ((JSON.parse(text) as { nats: string[] }).nats[0] ?? null);
      return url !== null;
    });
    return url ?? '';
  };
  const url = await start();
  port = new URL(url).port;
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    child = null;
  };
  return {
    url,
    kill,
    restart: async () => void (await start()),
    signal: (name) => void child?.kill(name),
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
