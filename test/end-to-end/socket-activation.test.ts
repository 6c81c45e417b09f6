/** The service on a socket that systemd listens on, passed by systemd's own program for trying that out. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { passedSocket } from '../../src/cli/passed-socket.ts';
import { UsageError } from '../../src/errors.ts';
import { passedSocketProblem } from '../../src/server/http/http-server.ts';
import { builtProgram } from '../built-program.ts';
import { findProgram } from '../debian-program.ts';
import { scratchFolder } from '../source/scratch.ts';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';

const activate = findProgram('systemd-socket-activate');
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Activated {
  readonly child: ChildProcess;
  readonly output: () => string;
}

/** Listens on an address, and starts the service at the first connection. */
function listen(address: string, args: readonly string[]): Activated {
  const command = [process.execPath, builtProgram, 'serve', '--source', 'simulator?lps=1', ...args];
  const child = spawn(String(activate), ['-l', address, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return { child, output: () => output };
}

describe.skipIf(activate === null)('with a socket passed by systemd', () => {
  it.each([
    ['one process', []],
    ['two workers', ['--workers', '2']],
  ])('%s: the service listens there, and on no port of its own', async (_title, args) => {
    const [port, own] = [await freePort(), await freePort()];
    const { child, output } = listen(`127.0.0.1:${port}`, ['--port', String(own), ...args]);
    await until(() => output().includes(`Listening on 127.0.0.1:${port}`));
    // The connection that starts it is answered once it has started.
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(await health.json()).toEqual({ status: 'ok' });
    await until(() => output().includes(`hvql listening on http://127.0.0.1:${port}/graphql`));
    await expect(fetch(`http://127.0.0.1:${own}/health`)).rejects.toThrow();
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  it('the service refuses a socket that is not TCP', async () => {
    const path = join(scratchFolder(), 'socket');
    const { child, output } = listen(path, []);
    await until(() => output().includes('Listening on'));
    createConnection(path).on('error', () => undefined);
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(2);
    expect(output()).toContain('hvql: The socket that was passed is not one of TCP.');
  });
});

describe('a passed socket', () => {
  it('is the first file descriptor after standard error, and only for the process named in LISTEN_PID', () => {
    expect(passedSocket({ LISTEN_PID: '17', LISTEN_FDS: '1' }, 17)).toBe(3);
    expect(passedSocket({ LISTEN_PID: '17', LISTEN_FDS: '1' }, 18)).toBe(null);
    expect(passedSocket({ LISTEN_PID: '17', LISTEN_FDS: '0' }, 17)).toBe(null);
    expect(passedSocket({ LISTEN_FDS: '1' }, 17)).toBe(null);
    expect(() => passedSocket({ LISTEN_PID: '17', LISTEN_FDS: '2' }, 17)).toThrow(
      new UsageError(['systemd passed 2 sockets (LISTEN_FDS), but only one is supported.']),
    );
  });

  it('may not be more public than --host, which decides how requests are checked', () => {
    const bound = (address: string): AddressInfo => ({ address, family: 'IPv4', port: 4000 });
    expect(passedSocketProblem(bound('127.0.0.1'), '127.0.0.1')).toBe(null);
    expect(passedSocketProblem(bound('127.0.0.1'), '0.0.0.0')).toBe(null);
    expect(passedSocketProblem(bound('0.0.0.0'), '0.0.0.0')).toBe(null);
    expect(passedSocketProblem(bound('0.0.0.0'), 'localhost')).toBe(
      'The socket that was passed is bound to 0.0.0.0, but --host is localhost: give --host 0.0.0.0.',
    );
  });
});
