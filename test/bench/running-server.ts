/** Starts the servers that are compared, each as a process of its own. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { programOf } from './build.ts';

/** A listening server. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** Stops it and waits for its end. */
  stop(): Promise<void>;
}

/** A program to start. */
export interface ServerProgram {
  /** The checkout whose program it is; without, this one. */
  readonly root?: URL;
  /** A file of test/bench, or null for the built hvql. */
  readonly file: string | null;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Flags of Node beside those of `npm start`, which all of them have. */
  readonly nodeFlags?: readonly string[];
}

const startLimitMilliseconds = 180_000;
const stopLimitMilliseconds = 60_000;
const thisCheckout = new URL('../../', import.meta.url);
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts it and waits for the line that says where it listens. */
export async function startServer({
  root = thisCheckout,
  file,
  args,
  env,
  nodeFlags = [],
}: ServerProgram): Promise<RunningServer> {
  const flags = [...startFlags(root), ...nodeFlags];
  const options = { env: { PATH: process.env['PATH'], ...env } };
  const child =
    file === null
      ? spawn(process.execPath, [...flags, programOf(root), ...args], {
          ...options,
          stdio: ['ignore', 'pipe', 'pipe'],
        })
      : fork(scriptOf(root, file), args, {
          ...options,
          execArgv: flags,
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        });
  running.add(child);
  const ended = once(child, 'close').then(() => running.delete(child));
  const url = await listening(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), stopLimitMilliseconds);
    await ended;
    clearTimeout(limit);
  };
  return { url, pid: child.pid ?? 0, stop };
}

const scripts = new Map<string, string>();

/**
 * A file of test/bench with the modules that it imports, as one script beside it, where the same packages are found. A
 * start through tsx takes four times as long, as each module of hvql passes through its loader.
 */
function scriptOf(root: URL, file: string): string {
  const source = fileURLToPath(new URL(`test/bench/${file}`, root));
  const known = scripts.get(source);
  if (known !== undefined) return known;
  const script = source.replace(/\.ts$/, '.bundle.mjs');
  const { outputFiles } = buildSync({
    entryPoints: [source],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    // dist is found from where the modules stand.
    define: { 'import.meta.url': JSON.stringify(new URL('test/bench/built.ts', root).href) },
    write: false,
  });
  // Atomically, because a test and the benchmark may start it at the same time.
  const unfinished = `${script}.${process.pid}`;
  writeFileSync(unfinished, outputFiles[0]?.contents ?? '');
  renameSync(unfinished, script);
  scripts.set(source, script);
  return script;
}

/** The flags that `npm start` gives Node. */
function startFlags(root: URL): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.match(/--\S+/g) ?? [];
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    const fail = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`${child.spawnargs.join(' ')} ${why}: ${stdout}${stderr}`));
    };
    const limit = setTimeout(() => fail('takes too long to start'), startLimitMilliseconds);
    child.once('close', (code) => {
      clearTimeout(limit);
      fail(`exited with ${code}`);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // What it complains of later is of interest only until it listens, and must not pile up.
      stderr = (stderr + text).slice(-4_000);
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-4_000);
      const url = /listening on (http:\S+)/.exec(stdout)?.[1];
      if (url === undefined) return;
      clearTimeout(limit);
      resolve(url);
    });
  });
}
