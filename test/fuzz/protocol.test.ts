/**
 * For any input over connections, in any order, cut and ended in any way, the service lives, answers, and
 * holds nothing of it afterwards. FUZZ_SEED and FUZZ_RUNS say which connections and how many; `npm run storm` has them as
 * well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendRaw, type RawTarget } from '../raw-client.ts';
import { tlsFile } from '../secure.ts';
import { fuzzSettings } from './choice.ts';
import { carryOut, connectionOf, describeConnection, type FuzzTarget } from './protocol-connection.ts';
import { pieceKinds } from './protocol-piece.ts';
import { ServiceProcess, type Holdings } from './service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'hvql-protocol-'));
const guestSocket = join(folder, 'guest');
let plain: ServiceProcess;
let secure: ServiceProcess;
let targets: readonly FuzzTarget[];
beforeAll(async () => {
  [plain, secure] = await Promise.all([
    ServiceProcess.start(['--guest-socket', `2=${guestSocket}`]),
    ServiceProcess.start(['--tls-cert', tlsFile('server.pem'), '--tls-key', tlsFile('server.key')]),
  ]);
  const portOf = ({ served }: ServiceProcess): number => Number(new URL(served.url).port);
  const tokenOf = ({ served }: ServiceProcess): string | null => served.tokens[0] ?? null;
  const pageOf = (address: RawTarget): Promise<string> =>
    sendRaw(address, requestOf('GET /graphql', ['Accept: text/html']));
  const plainAddress = { kind: 'plain', port: portOf(plain) } as const;
  const secureAddress = { kind: 'TLS', port: portOf(secure) } as const;
  const assetPaths = [...new Set((await pageOf(plainAddress)).match(/\/graphql\/assets\/[0-9a-f]+\.\w+/g))];
  targets = [
    { address: plainAddress, token: tokenOf(plain), assetPaths },
    { address: secureAddress, token: tokenOf(secure), assetPaths },
    { address: { kind: 'guest socket', path: guestSocket }, token: null, assetPaths: [] },
  ];
  // What is created once is created before the measurement.
  await pageOf(secureAddress);
  for (const path of assetPaths) {
    await sendRaw(plainAddress, requestOf(`GET ${path}`));
    await sendRaw(secureAddress, requestOf(`GET ${path}`));
  }
});
afterAll(async () => {
  await Promise.all([plain.served.program.stop(), secure.served.program.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Responds as required on every listener. */
async function expectAnswers(): Promise<void> {
  plain.expectAlive();
  secure.expectAlive();
  const body = '{"query":"{ viewer { isRoot } }"}';
  for (const { address, token } of targets) {
    expect(await ask(address, requestOf('GET /health'))).toEqual({ status: 'ok' });
    const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    if (token !== null) headers.push(`Authorization: Bearer ${token}`);
    const isRoot = address.kind !== 'guest socket';
    expect(await ask(address, requestOf('POST /graphql', headers, body))).toEqual({
      data: { viewer: { isRoot } },
    });
  }
}

/** A request on a connection that is not kept, as no connection may be that is counted afterwards. */
function requestOf(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', body].join('\r\n');
}

/** The JSON of the response to a request. */
async function ask(address: RawTarget, request: string): Promise<unknown> {
  const [head = '', answer = ''] = (await sendRaw(address, request)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  return JSON.parse(answer);
}

const concurrency = 40;

/** Makes those with the numbers from `from` to `to`. Throws with what reproduces it where the service has ended. */
async function makeConnections({
  seed,
  from,
  to,
}: {
  seed: number;
  from: number;
  to: number;
}): Promise<void> {
  for (let first = from; first < to; first += concurrency) {
    const numbers = Array.from({ length: Math.min(concurrency, to - first) }, (_, n) => first + n);
    const connections = numbers.map((number) => connectionOf(targets, seed, number));
    await Promise.all(connections.map(carryOut));
    try {
      if (first % (5 * concurrency) === 0) await expectAnswers();
      plain.expectAlive();
      secure.expectAlive();
    } catch (cause) {
      const each = connections.map((connection, n) => `${first + n} ${describeConnection(connection)}`);
      const seeds = `seed ${seed}, connections up to ${first + numbers.length}; the last were`;
      const ends = [await plain.lastWords(), await secure.lastWords()];
      throw new Error([String(cause), ...ends, seeds, ...each].join('\n'), { cause });
    }
  }
  await expectAnswers();
}

const recoveryLimitMilliseconds = 120_000;

/** Waits until a process holds no more than this many bytes beyond what it held before. */
async function expectBack(process: ServiceProcess, before: Holdings, bytes: number): Promise<void> {
  const isBack = (now: Holdings): boolean =>
    now.descriptors.length <= before.descriptors.length && now.bytes <= before.bytes + bytes;
  const giveUpAt = Date.now() + recoveryLimitMilliseconds;
  for (;;) {
    const now = await process.holdings();
    if (isBack(now)) return;
    if (Date.now() > giveUpAt) {
      expect(now.descriptors).toEqual(before.descriptors);
      expect(now.bytes, 'bytes').toBeLessThanOrEqual(before.bytes + bytes);
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}

/** Waits until all previous connections are released, and returns what the process holds then. */
async function atRest(process: ServiceProcess): Promise<Holdings> {
  for (let last = await process.holdings(); ;) {
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const now = await process.holdings();
    if (now.descriptors.length >= last.descriptors.length && now.bytes > last.bytes - 50_000) return last;
    last = now;
  }
}

describe('any input over connections', () => {
  it('consists of more than 25 kinds of pieces', () => {
    expect(Object.keys(pieceKinds).length).toBeGreaterThan(25);
  });

  // Half of its processor time is the clients': 300 connections, a third of them with handshakes of TLS.
  it('crashes no process and leaks nothing', { timeout: 1_200_000 }, async () => {
    const { seed, numRuns } = fuzzSettings(300);
    const warmUp = Math.ceil(numRuns / 5);
    await makeConnections({ seed, from: 0, to: warmUp });
    const before = [await atRest(plain), await atRest(secure)] as const;
    await makeConnections({ seed, from: warmUp, to: warmUp + numRuns });
    await expectBack(plain, before[0], keptBytes);
    await expectBack(secure, before[1], keptBytes);
    expect([plain, secure].map(({ served }) => complaintsOf(served.program.stderr))).toEqual([[], []]);
  });
});

/** Less than what is kept of one connection each: what code that runs for the first time takes is about a megabyte. */
const keptBytes = 3_000_000;

/** Lines of level error and above. */
function complaintsOf(stderr: string): readonly string[] {
  return stderr.split('\n').filter((line) => /"level":[56]0/.test(line) || line.includes('MaxListeners'));
}
