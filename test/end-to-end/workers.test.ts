/** The service in several processes: together they are what one is. */
import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { connect as connectPlainly, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { createClient } from 'graphql-sse';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { clientOptions, returnsIntermediates, sendSecurely, tlsFile, tlsText } from '../secure.ts';
import { postBySocket } from '../server/guest-client.ts';
import { findProgram } from '../debian-program.ts';
import { openAccessHost, callers, type AccessHost } from './access-host.ts';
import { childrenOf, isAlive } from './process-tree.ts';
import { Program, serve, type Served } from './program.ts';
import { until } from '../until.ts';
import { transports, type Watcher } from './watcher.ts';

const two = ['--workers', '2'];
const prlimit = findProgram('prlimit');
const holder = './test/fixtures/plugins/event-loop-holder.mjs';
const folder = mkdtempSync(join(tmpdir(), 'hvql-workers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A service before the simulator. Each test leaves two workers that answer. */
let here: Served;
beforeAll(async () => {
  here = await serve([...two, '--log-level', 'debug', '--max-streams-per-caller', '5', '--plugin', holder]);
});
afterAll(() => here.program.stop());

/** Stopped after the test that started it. */
async function start(...args: string[]): Promise<Served> {
  const served = await serve([...two, ...args]);
  onTestFinished(async () => {
    await served.program.stop();
  });
  return served;
}

function workersOf({ program }: Served): number[] {
  return childrenOf(program.child.pid ?? 0);
}

/** Sends a query by a connection of its own: connections go to the workers in turn. */
function askByNewConnection(
  url: string,
  { token, query }: { token: string | undefined; query: string },
): Promise<any> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const sent = request(
      url,
      { method: 'POST', agent: new Agent({ maxSockets: 1 }), headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', reject).on('end', () => resolve(JSON.parse(text)));
      },
    );
    sent.on('error', reject).end(JSON.stringify({ query }));
  });
}

/** Which workers have answered (or done what the message says), by their lines at the level debug, from a place of standard error. */
function answering({ program }: Served, from = 0, message = 'request'): number[] {
  const lines = program.stderr
    .slice(from)
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'));
  const records = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === message);
  return [...new Set(records.map(({ worker }) => Number(worker)))].sort();
}

const ticks = 'subscription { hypervisor(every: "1s") { sampledAt } }';
const timesOf = ({ events }: Watcher): number[] =>
  events.map(({ data }) => Date.parse((data.hypervisor ?? data.partition).sampledAt));

describe('the history with two workers', () => {
  it.each(['simulator', 'pages:test/fixtures/small-host', 'capture:test/fixtures/three-frames'])(
    'is the same in both, whichever has read it, with the source %s',
    async (source) => {
      const served = source === 'simulator' ? here : await start('--log-level', 'debug', '--source', source);
      const ask = (query: string): Promise<any> =>
        askByNewConnection(served.url, { token: served.tokens[0], query });
      const answersOfBoth = async (query: string): Promise<readonly any[]> => {
        const from = served.program.stderr.length;
        const answers: unknown[] = [];
        await until(async () => {
          answers.push(await ask(query));
          return answering(served, from).length === 2;
        });
        return answers;
      };
      const past = '{ hypervisor { history { at } logicalProcessorTotals { history { at of readable } } } }';
      await until(async () => {
        await answersOfBoth('{ hypervisor { logicalProcessors { counters { totalRunTime } } } }');
        const { data } = await ask(past);
        return data.hypervisor.logicalProcessorTotals.history.length > 2;
      });
      const answers = await answersOfBoth(past);
      expect(answers[0].errors).toBeUndefined();
      // A capture plays meanwhile, so later answers have more.
      const shown = answers.map(({ data }) => data.hypervisor.logicalProcessorTotals.history);
      for (const history of shown) expect(history.slice(0, shown[0].length)).toEqual(shown[0]);
    },
  );

  it('is recorded once for both with --history-every', async () => {
    const served = await start('--history-every', '1s');
    const query = '{ hypervisor { logicalProcessorTotals { history { at } } } }';
    const samples = async (): Promise<readonly { at: string }[]> =>
      (await askByNewConnection(served.url, { token: served.tokens[0], query })).data.hypervisor
        .logicalProcessorTotals.history;
    await until(async () => (await samples()).length > 3);
    const seconds = (await samples()).map(({ at }) => Math.round(Date.parse(at) / 1_000));
    expect(new Set(seconds).size).toBe(seconds.length);
    // What is held is the same for both, and was read by neither.
    const facts = '{ service { history { bytes span } } }';
    const held = await Promise.all(
      [1, 2].map(() => askByNewConnection(served.url, { token: served.tokens[0], query: facts })),
    );
    for (const { data } of held) {
      expect(Number(data.service.history.bytes)).toBeGreaterThan(1_000);
      expect(data.service.history.span).toMatch(/s$/);
    }
  });
});

describe('two workers', () => {
  async function untilBothAnswer(): Promise<void> {
    const from = here.program.stderr.length;
    await until(async () => {
      await askByNewConnection(here.url, { token: here.tokens[0], query: '{ __typename }' }).catch(
        () => null,
      );
      return answering(here, from).length === 2;
    });
  }

  it('both respond, with the same tokens and from the same simulated machine', async () => {
    const { program, url, tokens } = here;
    expect(program.stdout).toBe(`hvql listening on ${url}\n`);
    expect(tokens).toHaveLength(2);
    expect(workersOf({ program, url, tokens })).toHaveLength(2);
    let last = 0n;
    for (let n = 0; n < 6; n++) {
      const query = '{ hypervisor { logicalProcessor(index: 0) { counters { totalRunTime } } } }';
      const { data } = await askByNewConnection(url, { token: tokens[0], query });
      // Two machines would be equally old, except that one began later.
      const total = BigInt(data.hypervisor.logicalProcessor.counters.totalRunTime);
      expect(total).toBeGreaterThanOrEqual(last);
      last = total;
      expect(
        await askByNewConnection(url, { token: tokens[1], query: '{ viewer { partitionId } }' }),
      ).toEqual({
        data: { viewer: { partitionId: '2' } },
      });
    }
    expect(answering({ program, url, tokens })).toEqual([1, 2]);
  });

  it('share one limit on streams per caller, and the streams of a dead worker are released', async () => {
    const { url, tokens } = here;
    const open = (token = tokens[0]): Watcher =>
      transports.SSE({ url, token, query: 'subscription { partition(every: "100ms") { sampledAt } }' });
    const streams = [1, 2, 3, 4, 5].map(() => open());
    await Promise.all(streams.map((stream) => stream.event(0)));
    for (let n = 0; n < 2; n++) {
      const refused = open();
      const { errors } = await refused.event(0);
      expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED', limit: 5, actual: 6 } }]);
    }
    const guests = open(tokens[1]);
    expect(await guests.event(0)).toMatchObject({ data: { partition: {} } });

    process.kill(Number(workersOf(here)[0]), 'SIGKILL');
    await until(() => streams.some(({ ending }) => ending !== null));
    // A connection that was on its way to the dead worker is closed without an answer.
    const openAnswered = async (): Promise<Watcher> => {
      for (;;) {
        const stream = open();
        await stream.until(({ events, ending }) => events.length > 0 || ending !== null);
        if (stream.events.length > 0) return stream;
      }
    };
    const again: Watcher[] = [];
    await until(async () => {
      const stream = await openAnswered();
      if (stream.last.data?.partition !== undefined) again.push(stream);
      return streams.filter(({ ending }) => ending === null).length + again.length === 5;
    });
    const refused = await openAnswered();
    expect(await refused.event(0)).toMatchObject({ errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] });

    // One that ends gives its place back, to either worker.
    again[0]?.stop();
    await until(async () => (await (await openAnswered()).event(0)).data?.partition !== undefined);
    for (const stream of [...streams, ...again, guests]) stream.stop();
    await untilBothAnswer();
  });

  it('are replaced when one dies; streams of the other miss no tick, and those of the dead one reconnect', async () => {
    const { program, url, tokens } = here;
    const query = ticks;
    // Which worker accepts a connection depends on how busy the others are.
    const from = program.stderr.length;
    const streams: Watcher[] = [];
    while (answering(here, from, 'stream opened').length < 2) {
      if (streams.length === 5) for (const stream of streams.splice(0)) stream.stop();
      const ownTicks = 'subscription { partition(every: "1s") { sampledAt } }';
      const stream = transports.SSE({ url, token: tokens[1], query: ownTicks });
      streams.push(stream);
      await stream.event(1);
    }
    const seen: number[] = [];
    const clients = [1, 2].map(() =>
      createClient({ url, headers: { authorization: `Bearer ${tokens[0]}` }, retryAttempts: 10 }),
    );
    for (const [n, client] of clients.entries()) {
      seen[n] = 0;
      client.subscribe({ query }, { next: () => (seen[n] = (seen[n] ?? 0) + 1), error() {}, complete() {} });
    }
    await until(() => seen.every((count) => count > 1));

    const [first = 0] = workersOf({ program, url, tokens });
    process.kill(first, 'SIGKILL');
    await until(() => streams.some(({ ending }) => ending !== null));
    const atDeath = [...seen];
    const eventsAtDeath = streams.map(({ events }) => events.length);
    // Streams of the dead worker end one after the other: a living one has further events.
    const isLiving = ({ ending, events }: Watcher, n: number): boolean =>
      ending === null && events.length >= Number(eventsAtDeath[n]) + 3;
    await until(() => streams.some(isLiving));
    const living = streams.find(isLiving) as Watcher;
    const times = timesOf(living);
    const gaps = times.slice(1).map((time, n) => time - Number(times[n]));
    // The first event is out of turn.
    expect(Math.max(...gaps.slice(1))).toBeLessThan(1_500);
    expect(living.ending).toBeNull();

    await until(() => seen.every((count, n) => count > Number(atDeath[n]) + 1));
    await untilBothAnswer();
    expect(workersOf({ program, url, tokens })).not.toContain(first);
    expect(program.stderr).toMatch(
      new RegExp(`"worker":[12],"pid":${first},.*"signal":"SIGKILL".*a worker has ended`),
    );
    for (const client of clients) client.dispose();
    for (const stream of streams) stream.stop();
  });

  it('are replaced when one hangs; its activity is logged, and connections of the other continue', async () => {
    const { program, url, tokens } = here;
    const from = program.stderr.length;
    const log = (): string => program.stderr.slice(from);
    await askByNewConnection(url, { token: tokens[1], query: 'query Hold { __typename }' });
    await until(() => log().includes('an operation blocked all others'));
    expect(log()).toMatch(/"milliseconds":\d+,"caller":"2","operation":"Hold"/);
    const hung = Number(/^held by (\d+)$/m.exec(log())?.[1]);
    process.kill(hung, 'SIGSTOP');
    const ask = () => askByNewConnection(url, { token: tokens[0], query: '{ __typename }' });
    // One may be on its way to the stopped worker. It is answered by the other one, at the latest when that is replaced.
    const early = [1, 2, 3, 4].map(ask);
    const paused =
      /"state":"stopped".*"operation":"Hold".*a worker does not respond, and new connections go to others/;
    await until(() => paused.test(log()), log);
    const late = [1, 2, 3, 4].map(ask);
    for (const answer of await Promise.all([...early, ...late]))
      expect(answer).toEqual({ data: { __typename: 'Query' } });
    const record =
      /"signal":"SIGKILL".*A worker has not responded for \d+ s; it is stopped.*"operation":"Hold".*a worker has ended/;
    await until(() => record.test(log()), log);
    expect(workersOf(here)).not.toContain(hung);
    await untilBothAnswer();
  });

  it.skipIf(prlimit === null)(
    'close connections for which they have no file descriptor, and accept others later',
    async () => {
      const limit = (pid: number, files: string): void =>
        void execFileSync(prlimit ?? '', ['--pid', String(pid), `--nofile=${files}:`]);
      const workers = workersOf(here);
      const [, soft = ''] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
      for (const pid of workers) limit(pid, String(readdirSync(`/proc/${pid}/fd`).length + 1));
      const { port } = new URL(here.url);
      // They stay open, so that each takes a descriptor.
      const connections = Array.from({ length: 12 }, () => {
        const connection = {
          socket: connectPlainly(Number(port), '127.0.0.1'),
          isAnswered: false,
          isClosed: false,
        };
        connection.socket.on('error', () => undefined).on('close', () => (connection.isClosed = true));
        connection.socket.on('data', () => (connection.isAnswered = true));
        connection.socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
        return connection;
      });
      await until(() => connections.every(({ isAnswered, isClosed }) => isAnswered || isClosed));
      expect(connections.some(({ isAnswered }) => !isAnswered)).toBe(true);
      for (const pid of workers) limit(pid, soft);
      await untilBothAnswer();
      expect(workersOf(here)).toEqual(workers);
      for (const { socket } of connections) socket.destroy();
    },
  );

  it('listen on the announced port again when the last one dies while another is starting', async () => {
    const [first = 0, last = 0] = workersOf(here);
    process.kill(first, 'SIGKILL');
    let starting: number | undefined;
    await until(() => {
      starting = workersOf(here).find((pid) => pid !== first && pid !== last);
      return starting !== undefined;
    });
    // The starting one does not listen yet: its program has to be loaded first.
    process.kill(last, 'SIGKILL');
    await untilBothAnswer();
    expect(here.program.stdout).toBe(`hvql listening on ${here.url}\n`);
  });

  it('listen on the announced port again, even after all of them have died', async () => {
    for (const pid of workersOf(here)) process.kill(pid, 'SIGKILL');
    await untilBothAnswer();
    expect(here.program.stdout).toBe(`hvql listening on ${here.url}\n`);
  });

  it('exit with the service, with code 0, after their streams have ended', async () => {
    const { program, url, tokens } = here;
    const workers = workersOf({ program, url, tokens });
    const streams = [1, 2].map(() => transports.SSE({ url, token: tokens[0], query: ticks }));
    await Promise.all(streams.map((stream) => stream.event(0)));
    expect(await program.stop('SIGTERM')).toBe(0);
    await Promise.all(streams.map((stream) => stream.end()));
    expect(streams.map(({ ending }) => ending?.kind)).toEqual(['error', 'error']);
    expect(workers.filter(isAlive)).toEqual([]);
    await expect(fetch(url)).rejects.toThrow();
  });
});

describe('several workers', () => {
  it('exit when their primary is killed', async () => {
    const { program, url, tokens } = await start();
    const workers = workersOf({ program, url, tokens });
    expect(workers).toHaveLength(2);
    await program.stop('SIGKILL');
    await until(() => workers.every((pid) => !isAlive(pid)));
  });

  it.each([
    ['a missing secret file', ['--port', '0', '--jwt-secret-file', join(folder, 'none')], /none/],
    ['a port that is in use', ['--port', 'taken'], /is taken by another program/],
  ])('exit with code 2 and report a problem once: %s', async (_, args, message) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const taken = String((other.address() as AddressInfo).port);
    const flags = args.map((arg) => (arg === 'taken' ? taken : arg));
    const program = new Program(['serve', ...two, ...flags]);
    expect(await program.exited).toBe(2);
    expect(program.stderr.match(/^hvql: /gm)).toHaveLength(1);
    expect(program.stderr).toMatch(message);
    expect(program.stdout).toBe('');
  });
});

/** The lines of the audit file and of those that it was renamed to. */
const linesOf = (path: string): Record<string, unknown>[] =>
  readdirSync(dirname(path))
    .filter((name) => name === basename(path) || name.startsWith(`${basename(path)}.`))
    .flatMap((name) =>
      readFileSync(join(dirname(path), name), 'utf8')
        .split('\n')
        .slice(0, -1),
    )
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('identity, access, audit and guests', () => {
  let host: AccessHost;
  const auditFolder = join(folder, 'trail');
  const audit = join(auditFolder, 'audit');
  const guest = join(folder, 'five');
  const revoked = join(folder, 'revoked.json');
  beforeAll(async () => {
    writeFileSync(revoked, '{}');
    mkdirSync(auditFolder);
    const files = ['--audit', audit, '--audit-size', '1MB', '--revoked', revoked];
    const args = [...two, '--log-level', 'debug', ...files, '--guest-socket', `5=${guest}`];
    host = await openAccessHost(args);
  });
  afterAll(() => host.close());

  it('are the same in each worker', async () => {
    const query =
      '{ hypervisor { counters { totalPages } } a: partition(id: 5) { counters { virtualProcessors } } b: partition(id: 13) { partitionId } }';
    for (const [name, { isGlobal = false, readable }] of Object.entries(callers)) {
      for (let n = 0; n < 2; n++) {
        const { data } = await askByNewConnection(host.served.url, { token: host.tokens[name], query });
        const { hypervisor, a, b } = data;
        const got = [hypervisor?.counters != null, a?.counters != null, b !== null];
        expect([name, ...got]).toEqual([name, isGlobal, readable.includes('5'), readable.includes('13')]);
      }
    }
    const wrong = await askByNewConnection(host.served.url, { token: 'eyJ.eyJ.sig', query });
    expect(wrong.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(answering(host.served)).toEqual([1, 2]);
  });

  it('end the streams of a revoked token in each worker, and no others', async () => {
    const query = 'subscription { partition(every: "100ms") { partitionId } }';
    const open = async (jti: string): Promise<Watcher[]> => {
      const token = await host.sign({ hv_partition: '5', jti });
      const ways = Object.values(transports);
      const watchers = [...ways, ...ways].map((watch) => watch({ url: host.served.url, token, query }));
      await Promise.all(watchers.map((watcher) => watcher.event(0)));
      return watchers;
    };
    const [gone, kept] = [await open('gone'), await open('kept')];
    writeFileSync(`${revoked}.new`, '{"jti":["gone"]}');
    renameSync(`${revoked}.new`, revoked);
    for (const watcher of gone) await watcher.until(({ ending }) => ending !== null);
    for (const { last, ending } of gone) {
      expect(ending?.kind).toBe('error');
      expect(last).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    }
    for (const watcher of kept) {
      await watcher.next();
      watcher.stop();
    }
    const closings = linesOf(audit).filter(({ event, reason }) => event === 'closed' && reason === 'revoked');
    expect(closings).toHaveLength(gone.length);
  });

  it('write each line once to one audit file, while it is rotated by its size and by an operator', async () => {
    const { program, url } = host.served;
    const token = host.tokens['self (a guest)'];
    const logged = (message: string): number => program.stderr.split(message).length - 1;
    // Each has 150 lines of 400 bytes.
    const fields = Array.from({ length: 150 }, (_, n) => `a${n}: counters { totalPages }`).join(' ');
    let asked = 0;
    const ask = (): Promise<unknown> => {
      asked += 1;
      return askByNewConnection(url, { token, query: `query Denied${asked} { hypervisor { ${fields} } }` });
    };
    let isMoved = false;
    await until(async () => {
      await Promise.all(Array.from({ length: 8 }, ask));
      if (logged('the audit trail was rotated') === 0) return false;
      // After a rotation it is there again once a worker has opened it.
      if (!isMoved && existsSync(audit)) {
        isMoved = true;
        renameSync(audit, `${audit}.moved`);
        program.child.kill('SIGHUP');
      }
      return logged('the audit trail was reopened') === 2 && logged('the audit trail was rotated') > 1;
    });
    await Promise.all(Array.from({ length: 8 }, ask));
    const lines = (): string[] =>
      linesOf(audit).flatMap(({ operation, path }) =>
        String(operation).startsWith('Denied') ? [`${String(operation)} ${String(path)}`] : [],
      );
    // Lines are written soon after their answer.
    await until(() => lines().length >= asked * 150);
    expect(lines()).toHaveLength(asked * 150);
    expect(new Set(lines()).size).toBe(asked * 150);
    for (const name of ['audit.moved', 'audit.1', 'audit.2'])
      expect([name, statSync(join(auditFolder, name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  it('identify a guest by its socket, which exists again after all workers have died', async () => {
    const viewer = '{ viewer { partitionId } }';
    const expected = { data: { viewer: { partitionId: '5' } } };
    expect((await postBySocket(guest, viewer)).body).toEqual(expected);
    for (const pid of workersOf(host.served)) process.kill(pid, 'SIGKILL');
    await until(async () => {
      const answer = await postBySocket(guest, viewer).catch(() => null);
      return JSON.stringify(answer?.body) === JSON.stringify(expected);
    });
  });
});

describe('a source that is expensive to read', () => {
  it('is read once for both workers, by the primary', async () => {
    const file = fileURLToPath(new URL('counted-process.mjs', import.meta.url));
    const secret = join(folder, 'secret');
    const text = 'the secret of a counted service, long enough';
    writeFileSync(secret, text);
    const token = await new SignJWT({ hv_partition: '1' })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(text));
    const args = ['serve', ...two, '--port', '0', '--jwt-secret-file', secret];
    const program = new Program(args, {}, [], file);
    try {
      const [, url = ''] = await program.prints(/listening on (\S+)/);
      const query =
        'subscription { hypervisor(every: "1s") { logicalProcessors { counters { totalRunTime } } } }';
      const streams = Array.from({ length: 4 }, () => transports.SSE({ url, token, query }));
      await Promise.all(streams.map((stream) => stream.event(4)));
      const reads = program.stderr.match(/^reads 16 \d+$/gm) ?? [];
      const readers = new Set(reads.map((line) => line.split(' ')[2]));
      expect([...readers]).toEqual([String(program.child.pid)]);
      // Four ticks, a few of which may have been late in one worker, and first events of four streams.
      expect(reads.length).toBeGreaterThanOrEqual(4);
      expect(reads.length).toBeLessThanOrEqual(11);
      for (const stream of streams) stream.stop();
    } finally {
      await program.stop();
    }
  });
});

/** An event stream of a client with this certificate. */
interface SecureStream {
  text: string;
  isClosed: boolean;
}

function watchSecurely(url: string, certificate: string): SecureStream {
  const stream: SecureStream = { text: '', isClosed: false };
  const query = 'subscription { hypervisor(every: "100ms") { sampledAt } }';
  const close = (): void => void (stream.isClosed = true);
  const sent = requestSecurely(`${url}?${new URLSearchParams({ query })}`, {
    agent: false,
    headers: { accept: 'text/event-stream' },
    ...clientOptions(certificate),
  });
  sent.on('error', close).on('response', (response) => {
    response.setEncoding('utf8').on('data', (part: string) => (stream.text += part));
    response.on('error', close).on('close', close);
  });
  sent.end();
  return stream;
}

describe('certificates with two workers', () => {
  /** Files that are put in the place of others, as operators do. */
  const put = (name: string, path: string): void => {
    copyFileSync(tlsFile(name), `${path}.new`);
    renameSync(`${path}.new`, path);
  };
  const [cert, key, issuers, lists] = ['cert.pem', 'key.pem', 'issuers.pem', 'lists.pem'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const putServer = (name: string): void => {
    put(`${name}.pem`, cert);
    put(`${name}.key`, key);
  };
  /** Streams of a certificate, until each worker has one of them. */
  const watchInBoth = async (served: Served, certificate: string): Promise<SecureStream[]> => {
    const from = served.program.stderr.length;
    const streams: SecureStream[] = [];
    while (answering(served, from, 'stream opened').length < 2) {
      const stream = watchSecurely(served.url, certificate);
      streams.push(stream);
      await until(
        () => stream.text.includes('"sampledAt":"'),
        () => stream.text,
      );
    }
    return streams;
  };
  const expectCut = async (streams: readonly SecureStream[], message: string): Promise<void> => {
    await until(() => streams.every(({ isClosed }) => isClosed));
    for (const { text } of streams) expect(text).toContain(message);
  };

  it('are used by both, renewed in both on the signal, and no longer accepted once their issuer is removed', async () => {
    putServer('server');
    writeFileSync(issuers, `${tlsText('ca.pem')}${tlsText('revoking-ca.pem')}`);
    const tls = ['--tls-cert', cert, '--tls-key', key, '--tls-client-ca', issuers];
    const served = await start(...tls, '--log-level', 'debug');
    const { program, url } = served;
    const port = Number(new URL(url).port);
    const shown = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const of = (name: string): string => new X509Certificate(tlsText(`${name}.pem`)).fingerprint256;
    expect(await Promise.all([shown(), shown(), shown()])).toEqual(Array(3).fill(of('server')));
    const [withdrawn, kept] = [await watchInBoth(served, 'root'), await watchInBoth(served, 'revocable')];
    putServer('other-server');
    program.child.kill('SIGHUP');
    // Both may have noticed the change before the signal.
    const renewed = (): number => program.stderr.split('the certificates have been reloaded').length - 1;
    await until(() => renewed() >= 2);
    await until(async () => (await shown()) === of('other-server') && (await shown()) === of('other-server'));
    put('revoking-ca.pem', issuers);
    await expectCut(withdrawn, 'The issuer of the client certificate has been withdrawn');
    if (!(await returnsIntermediates())) {
      await expectCut(kept, 'The issuer of the client certificate has been withdrawn');
      return;
    }
    const lengths = kept.map(({ text }) => text.length);
    await until(() => kept.every(({ text }, n) => text.length > Number(lengths[n])));
    expect(kept.some(({ isClosed }) => isClosed)).toBe(false);
  });

  it('are no longer accepted by either once a revocation list of their issuer names them', async () => {
    putServer('server');
    put('revoking-ca.pem', issuers);
    put('none.crl', lists);
    const tls = ['--tls-cert', cert, '--tls-key', key, '--tls-client-ca', issuers, '--tls-crl', lists];
    const served = await start(...tls, '--log-level', 'debug');
    const streams = await watchInBoth(served, 'revocable');
    put('client.crl', lists);
    const message = (await returnsIntermediates())
      ? 'The client certificate has been revoked by its issuer'
      : 'The issuer of the client certificate has been withdrawn';
    await expectCut(streams, message);
    const again = await sendSecurely(`${served.url}?query={__typename}`, { certificate: 'revocable' });
    expect([again.status, again.body]).toEqual([401, expect.stringContaining('CERT_REVOKED')]);
  });
});
