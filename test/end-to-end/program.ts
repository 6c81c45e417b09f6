/** Runs the built program as users do. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { builtProgram, nodeFlags } from '../built-program.ts';
import { atFileEnd } from '../file-end.ts';

/** A service without the hot path, where the suites run a second time (vitest.config.ts). */
const hotPath = process.env['HVQL_TEST_HOT_PATH'] === 'off' ? { HVQL_HOT_PATH: 'off' } : {};
const running = new Set<ChildProcess>();
atFileEnd(() => running.forEach((child) => child.kill('SIGKILL')));

/** A running program. */
export class Program {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;

  /** `file`: a script to run instead of the program. */
  constructor(
    args: readonly string[],
    env: Record<string, string> = {},
    execArgv: readonly string[] = [],
    file = builtProgram,
  ) {
    this.child = spawn(process.execPath, [...nodeFlags, ...execArgv, file, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = once(this.child, 'close').then(([code]) => {
      running.delete(this.child);
      return code as number | null;
    });
  }

  /** Resolves with the match once standard output has one; rejects if the program ends before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      const code = await Promise.race([
        this.exited,
        once(this.child.stdout ?? this.child, 'data').then(() => undefined),
      ]);
      if (code !== undefined) throw new Error(`exited with ${code}: ${this.stdout}${this.stderr}`);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }
}

/** A listening service: its address, and in development mode its tokens, the root's first. */
export interface Served {
  readonly program: Program;
  readonly url: string;
  readonly tokens: readonly string[];
}

/** Serves on any free port and waits until it listens. */
export async function serve(
  args: readonly string[] = [],
  env: Record<string, string> = {},
  execArgv: readonly string[] = [],
  file = builtProgram,
): Promise<Served> {
  const program = new Program(['serve', '--port', '0', ...args], { ...hotPath, ...env }, execArgv, file);
  const [, url] = await program.prints(/^hvql listening on (https?:\S+)\n/m);
  const tokens = [...program.stderr.matchAll(/^Token of .*: (\S+)$/gm)].map(([, token]) => String(token));
  return { program, url: String(url), tokens };
}

/** Asks by POST, with a token. */
export async function post(
  url: string,
  question: { token?: string | undefined; query: string; variables?: object },
): Promise<any> {
  const { token, query, variables } = question;
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** Asks by GET, with a token. */
export async function get(
  url: string,
  question: { token?: string | undefined; query: string; variables?: object },
): Promise<any> {
  const { token, query, variables } = question;
  const search = new URLSearchParams({
    query,
    ...(variables === undefined ? {} : { variables: JSON.stringify(variables) }),
  });
  const response = await fetch(`${url}?${search}`, {
    headers: {
      accept: 'application/graphql-response+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  return response.json();
}
