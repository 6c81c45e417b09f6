/** Puts a server under load: wrk where it is installed, else autocannon, which takes more of the machine itself. */
import { randomUUID } from 'node:crypto';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canPin, processors } from './processors.ts';
import { newTextMark } from './workload.ts';

/** What is asked, a `newTextMark` in it being another text in each request, by how many at once, and for how long. */
export interface Load {
  readonly url: string;
  readonly body: string;
  readonly token: string;
  readonly connections: number;
  readonly seconds: number;
}

/** A load generator. */
export interface LoadGenerator {
  readonly name: string;
  /** Whether it has a processor of its own, where servers are kept off it. */
  readonly isPinned: boolean;
  /** Rejects where any answer was not 200. */
  run(load: Load): Promise<LoadResult>;
}

/** The result of a load. */
export interface LoadResult {
  readonly perSecond: number;
  /** How many answers there were. */
  readonly answers: number;
}

const run = promisify(execFile);
const autocannon = fileURLToPath(new URL('rival/node_modules/autocannon/autocannon.js', import.meta.url));
/** Beyond the time of the load: connecting, and the answers still under way. */
const graceMilliseconds = 20_000;

/** Whether there is one. */
export function hasLoadGenerator(): boolean {
  return hasWrk() || existsSync(autocannon);
}

/** It says its version and then fails; where it is missing, there is nothing to run. */
function hasWrk(): boolean {
  return spawnSync('wrk', ['-v']).error === undefined;
}

/** The best one there is. Throws where none is installed. */
export function loadGenerator(): LoadGenerator {
  const isPinned = canPin();
  const before = isPinned ? ['taskset', '-c', `${processors.client}`] : [];
  if (hasWrk()) {
    return { name: 'wrk', isPinned, run: (load) => runWrk(load, before) };
  }
  if (existsSync(autocannon)) {
    return { name: 'autocannon', isPinned, run: (load) => runAutocannon(load, before) };
  }
  throw new Error(
    'A load generator is needed: wrk (apt-get install wrk), or autocannon (npm ci in test/bench/rival).',
  );
}

async function runWrk(
  { url, body, token, connections, seconds }: Load,
  before: readonly string[],
): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'hvql-wrk-'));
  try {
    const script = join(folder, 'post.lua');
    // A string of JSON is one of Lua as long as all of it is ASCII.
    const [start = '', ...rest] = body.split(newTextMark).map((part) => JSON.stringify(part));
    const newText = `..${JSON.stringify(randomUUID())}..n..`;
    const lines = [
      'wrk.method = "POST"',
      rest.length === 0
        ? `wrk.body = ${start}`
        : `local n = 0\nfunction request() n = n + 1; return wrk.format(nil, nil, nil, ${[start, ...rest].join(newText)}) end`,
      'wrk.headers["Content-Type"] = "application/json"',
      `wrk.headers["Authorization"] = "Bearer ${token}"`,
    ];
    await writeFile(script, lines.join('\n'));
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
    const stdout = await outputOf([...before, 'wrk', ...args], seconds);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`not all was answered: ${stdout}`);
    return {
      perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
      answers: Number(/(\d+) requests in /.exec(stdout)?.[1]),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runAutocannon(
  { url, body, token, connections, seconds }: Load,
  before: readonly string[],
): Promise<LoadResult> {
  const headers = ['-H', 'content-type=application/json', '-H', `authorization=Bearer ${token}`];
  const args = [autocannon, '-m', 'POST', '-b', body, '-c', `${connections}`, '-d', `${seconds}`, ...headers];
  if (body.includes(newTextMark)) args.push('--idReplacement');
  const stdout = await outputOf([...before, process.execPath, ...args, '--json', url], seconds);
  const result = JSON.parse(stdout) as {
    non2xx: number;
    errors: number;
    requests: { average: number; total: number };
  };
  if (result.non2xx + result.errors > 0) throw new Error(`not all was answered: ${stdout}`);
  return { perSecond: result.requests.average, answers: result.requests.total };
}

async function outputOf([program = '', ...args]: readonly string[], seconds: number): Promise<string> {
  const { stdout } = await run(program, args, { timeout: seconds * 1_000 + graceMilliseconds });
  return stdout;
}
