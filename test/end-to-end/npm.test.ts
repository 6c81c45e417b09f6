/** The service as npm runs it: `npm start` in a clone, and `npx hvql`; what a terminal shows, and that signals end it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findProgram } from '../debian-program.ts';
import { scratchFolder } from '../source/scratch.ts';
import { until } from '../until.ts';
import { childrenOf, isAlive } from './process-tree.ts';

const start = ['npm', 'start', '--', '--port', '0'];
const npx = ['npx', '--no-install', 'hvql', 'serve', '--port', '0'];
const escape = String.fromCharCode(0x1b);

/** A command in a process group of its own, and all that it prints, escape sequences aside. */
class Command {
  readonly child: ChildProcess;
  #printed = '';

  constructor([file = '', ...args]: readonly string[], { cwd = resolve('.'), env = {} } = {}) {
    this.child = spawn(file, args, {
      cwd,
      env: { PATH: process.env['PATH'], HOME: scratchFolder(), npm_config_update_notifier: 'false', ...env },
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#printed += text));
    running.add(this);
  }

  get pid(): number {
    return Number(this.child.pid);
  }

  get lines(): string[] {
    return this.#printed.replaceAll(new RegExp(`${escape}\\[[\\d;?]*[A-Za-z]`, 'g'), '').split(/[\r\n]+/);
  }

  /** The process and all below it that are alive. */
  get processes(): number[] {
    const below = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(below)];
    return below(this.pid).filter(isAlive);
  }

  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null;
    await until(
      () => {
        match = pattern.exec(this.lines.join('\n'));
        if (match === null && this.child.exitCode !== null)
          throw new Error(`ended: ${this.lines.join('\n')}`);
        return match !== null;
      },
      () => this.lines.join('\n'),
    );
    return match as unknown as RegExpExecArray;
  }
}

const running = new Set<Command>();
afterEach(() => {
  for (const command of running) for (const pid of command.processes) kill(pid, 'SIGKILL');
  running.clear();
});

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** Resolves once none of the processes is alive. */
async function untilEnded(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
}

/** A folder in which hvql is installed. */
function installation(): string {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const bin = join(folder, 'node_modules/.bin/hvql');
  writeFileSync(bin, `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/bundle/hvql.mjs')}" "$@"\n`);
  chmodSync(bin, 0o755);
  return folder;
}

describe('npm start', () => {
  it.each([
    ['SIGINT', 'npm alone'],
    ['SIGTERM', 'npm alone'],
    ['SIGHUP', 'npm alone'],
    ['SIGKILL', 'npm alone'],
    ['SIGINT', 'the whole group'],
    ['SIGTERM', 'the whole group'],
    ['SIGHUP', 'the whole group'],
  ] as const)('ends the service cleanly after %s to %s', async (signal, whom) => {
    const npm = new Command(start);
    const [, url = ''] = await npm.prints(/^hvql listening on (\S+)$/m);
    const processes = npm.processes;
    expect(processes.length).toBeGreaterThan(1);
    process.kill(whom === 'npm alone' ? npm.pid : -npm.pid, signal);
    await untilEnded(processes);
    await expect.poll(() => npm.lines.join('\n')).toMatch(/"msg":"closing"/);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('ends the service after SIGINT to npm alone for npm run hvql as well', async () => {
    const npm = new Command(['npm', 'run', 'hvql', '--', 'serve', '--port', '0']);
    await npm.prints(/^hvql listening on (\S+)$/m);
    const processes = npm.processes;
    process.kill(npm.pid, 'SIGINT');
    await untilEnded(processes);
  });

  it('compiles nothing if nothing has changed', async () => {
    const npm = new Command(start);
    await npm.prints(/^hvql listening on/m);
    expect(npm.lines).toContain('> node build.js');
    expect(npm.lines.join('\n')).not.toMatch(/Compiling/);
  });
});

describe('npx hvql', () => {
  // SIGINT to npx alone is kept to itself by a shell that waits, as Debian's does.
  it.each([
    ['SIGTERM', 'npx alone'],
    ['SIGHUP', 'npx alone'],
    ['SIGKILL', 'npx alone'],
    ['SIGINT', 'the whole group'],
    ['SIGTERM', 'the whole group'],
    ['SIGHUP', 'the whole group'],
  ] as const)('ends the service cleanly after %s to %s', async (signal, whom) => {
    const command = new Command(npx, { cwd: installation() });
    await command.prints(/^hvql listening on (\S+)$/m);
    const processes = command.processes;
    process.kill(whom === 'npx alone' ? command.pid : -command.pid, signal);
    await untilEnded(processes);
    await expect.poll(() => command.lines.join('\n')).toMatch(/"msg":"closing"/);
  });
});

const script = findProgram('script');

describe.skipIf(script === null)('the service on a terminal', () => {
  const onTerminal = (command: readonly string[], cwd?: string): Command =>
    new Command(['script', '-qec', command.join(' '), '/dev/null'], cwd === undefined ? {} : { cwd });

  it('shows the address, then the tokens, then how to stop, and no JSON', async () => {
    const terminal = onTerminal(start);
    await terminal.prints(/^Press Ctrl-C to stop\.$/m);
    await terminal.prints(/ listening url=/);
    const { lines } = terminal;
    const at = lines.findIndex((line) => line.includes('hvql listening on http://127.0.0.1:'));
    expect(lines.slice(at + 1, at + 5)).toEqual([
      expect.stringMatching(/^Token of the root partition: \S+$/),
      expect.stringMatching(/^Token of a guest, partition 2 \(web-1\): \S+$/),
      'Press Ctrl-C to stop.',
      expect.stringMatching(/^\d\d:\d\d:\d\d info listening url="http:\S+" source="simulator\?\S+"$/),
    ]);
    expect(lines.filter((line) => line.includes('{'))).toEqual([]);
    // Nothing but npm's own lines stands before the address.
    expect(lines.slice(0, at).filter((line) => /hvql listening|Token|info|warn/.test(line))).toEqual([]);
  });

  it.each([
    ['npm start', start, () => undefined],
    ['npx hvql', npx, installation],
    ['npm start with workers', [...start, '--workers', '2'], () => undefined],
  ])('ends cleanly on Ctrl-C, although the signal arrives twice: %s', async (_name, command, folder) => {
    const terminal = onTerminal(command, folder());
    await terminal.prints(/^Press Ctrl-C to stop\.$/m);
    const processes = terminal.processes;
    terminal.child.stdin?.write('\x03');
    await untilEnded(processes);
    await expect.poll(() => terminal.lines).toContainEqual(expect.stringMatching(/ info closing$/));
    expect(terminal.lines.join('\n')).not.toMatch(/has ended, and another one/);
  });

  it('ends the service when the terminal is closed', async () => {
    const terminal = onTerminal(start);
    await terminal.prints(/^Press Ctrl-C to stop\.$/m);
    const processes = terminal.processes;
    process.kill(terminal.pid, 'SIGKILL');
    await untilEnded(processes);
  });
});
