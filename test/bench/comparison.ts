/** Puts the servers under load in turn, and returns the result of each. */
import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Contender } from './contender.ts';
import { memoryFolder, writeHost } from './host.ts';
import type { LoadGenerator } from './load.ts';
import { processorMilliseconds } from './processor-time.ts';
import { pin, processors } from './processors.ts';
import { rootToken } from './root-token.ts';
import type { RunningServer } from './running-server.ts';
import { bodyOf, type HostSize, type Workload } from './workload.ts';

/** The scope of the comparison. */
export interface ComparisonOptions {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly generator: LoadGenerator;
  readonly rounds: number;
  readonly seconds: number;
  /** Load that does not count, so that everything is compiled. */
  readonly warmingSeconds: number;
  /** Gets progress messages. */
  readonly tell: (what: string) => void;
}

/** The rounds by the contenders' keys. */
export interface WorkloadResult {
  readonly workload: Workload;
  readonly answerInBytes: number;
  readonly rounds: ReadonlyMap<string, readonly Round[]>;
}

/** One load on one server. */
export interface Round {
  readonly perSecond: number;
  /**
   * Time on a processor for each answer, by all threads of the server; null where it has several processes. Says more
   * than answers per second on a machine that has other things to do.
   */
  readonly processorMicroseconds: number | null;
}

/** A server under load. */
interface Opponent {
  readonly contender: Contender;
  readonly server: RunningServer;
}

/** A contender that could not be started, and why. */
export interface StartFailure {
  readonly contender: Contender;
  readonly reason: string;
}

/** A host, and the servers that are started for it. */
export interface GroundOptions {
  readonly size: HostSize;
  readonly contenders: readonly Contender[];
  /** Called for each contender that cannot be started; the others go on. Without it, the first failure is thrown. */
  readonly onFailure?: (failure: StartFailure) => void;
}

/** The result of a comparison. */
export interface Comparison {
  readonly results: readonly WorkloadResult[];
  /** Contenders that are missing in the results, each once. */
  readonly failures: readonly StartFailure[];
}

/** Servers that run. */
export interface OpenGround {
  readonly opponents: readonly Opponent[];
  /** Ends them and removes the host. */
  close(): Promise<void>;
}

/** A server that is slow by itself is not warmed for ever. */
const mostWarmings = 5;
/** Long enough for HS512, and of no use outside of this run. */
const secret = 'a secret of the benchmark, which opens nothing else than that: 0123456789';

/**
 * Compares them, one workload after the other, one server under load at a time. Leaves nothing behind. A contender that
 * cannot be started is not tried again.
 */
export async function compare(options: ComparisonOptions): Promise<Comparison> {
  const results: WorkloadResult[] = [];
  const failures: StartFailure[] = [];
  for (const size of new Set(options.workloads.map(({ host }) => host))) {
    const workloads = options.workloads.filter(({ host }) => host === size);
    const contenders = options.contenders.filter(({ key }) =>
      failures.every(({ contender }) => contender.key !== key),
    );
    const onFailure = (failure: StartFailure): void => {
      failures.push(failure);
      options.tell(`${failure.contender.name} could not be started: ${failure.reason}`);
    };
    await onGround({ size, contenders, onFailure }, async (opponents) => {
      if (options.generator.isPinned) keepApart(opponents);
      for (const workload of workloads) {
        const asked = opponents.filter(({ contender }) => contender.isAskedCold || !workload.isNewText);
        if (asked.length > 0) results.push(await compareOne({ workload, opponents: asked }, options));
      }
    });
  }
  return { results, failures };
}

/** Starts the servers before a host of this size, and ends them. */
export async function onGround(
  options: GroundOptions,
  run: (opponents: readonly Opponent[]) => Promise<void>,
): Promise<void> {
  const ground = await openGround(options);
  try {
    await run(ground.opponents);
  } finally {
    await ground.close();
  }
}

/** Starts the servers; the caller closes the ground that it opens. */
export async function openGround({ size, contenders, onFailure }: GroundOptions): Promise<OpenGround> {
  const folder = memoryFolder();
  const opponents: Opponent[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opponents.map(({ server }) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeHost(folder, size);
    for (const contender of contenders) {
      try {
        opponents.push({ contender, server: await contender.start({ folder, secret }) });
      } catch (thrown) {
        if (onFailure === undefined) throw thrown;
        onFailure({ contender, reason: thrown instanceof Error ? thrown.message : String(thrown) });
      }
    }
    return { opponents, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The token that the servers on this ground take. */
export function tokenOnGround(): Promise<string> {
  return rootToken(secret);
}

/** Sends one request. Throws if the response is not 200 or has errors. */
export async function askOnce({ url }: RunningServer, query: string): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${await tokenOnGround()}` };
  const response = await fetch(url, { method: 'POST', headers, body: bodyOf({ query }) });
  const text = await response.text();
  if (!response.ok || text.includes('"errors"')) {
    throw new Error(`${url} answers ${response.status}, ${text.slice(0, 1_000)} to ${query}`);
  }
  return text;
}

/** Those of one process have a processor that the load generator leaves alone. */
function keepApart(opponents: readonly Opponent[]): void {
  for (const { contender, server } of opponents) {
    if (contender.processes === 1) pin(server.pid, processors.server);
  }
}

async function compareOne(
  { workload, opponents }: { workload: Workload; opponents: readonly Opponent[] },
  options: ComparisonOptions,
): Promise<WorkloadResult> {
  const { generator, seconds, warmingSeconds, tell } = options;
  const answerInBytes = await assertSameAnswers(workload, opponents);
  const token = await tokenOnGround();
  const load = { body: bodyOf(workload), token, connections: workload.connections };
  const rounds = new Map<string, Round[]>(opponents.map(({ contender }) => [contender.key, []]));
  for (const { server } of opponents) {
    const warming = { ...load, url: server.url, seconds: warmingSeconds };
    // By time alone, a server on a busy machine would be measured before it is compiled.
    for (let [n, answers] = [0, 0]; n < mostWarmings && answers < workload.warmingAnswers; n++)
      answers += (await generator.run(warming)).answers;
  }
  for (let round = 0; round < options.rounds; round++) {
    // Another one comes first each time: the machine gets warm, or busy with something else.
    for (const [n] of opponents.entries()) {
      const opponent = opponents[(n + round) % opponents.length];
      if (opponent === undefined) continue;
      const { contender, server } = opponent;
      const before = processorMilliseconds(server.pid);
      const { perSecond, answers } = await generator.run({ ...load, url: server.url, seconds });
      const spent = processorMilliseconds(server.pid) - before;
      const processorMicroseconds = contender.processes === 1 ? (1_000 * spent) / answers : null;
      rounds.get(contender.key)?.push({ perSecond, processorMicroseconds });
      tell(`${workload.name}, round ${round + 1}: ${contender.name} ${perSecond.toFixed(0)} a second`);
    }
  }
  return { workload, answerInBytes, rounds };
}

/** The size of the response in bytes. Throws if one server returns something else than the first. */
async function assertSameAnswers(workload: Workload, opponents: readonly Opponent[]): Promise<number> {
  let expected: { text: string; name: string } | undefined;
  for (const { contender, server } of opponents) {
    const text = await askOnce(server, workload.query);
    expected ??= { text, name: contender.name };
    if (text !== expected.text && !isDeepStrictEqual(JSON.parse(text), JSON.parse(expected.text))) {
      throw new Error(`${contender.name} does not answer ${workload.name} like ${expected.name}.`);
    }
  }
  return Buffer.byteLength(expected?.text ?? '');
}
