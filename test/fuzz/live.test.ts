import fc from 'fast-check';
import {
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  Kind,
  print,
  type DocumentNode,
} from 'graphql';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSchema } from '../../src/graph/schema.ts';
import { LiveBench, settle, TestStream } from '../live.ts';
import type { Answer } from '../ask.ts';
import { freeChoices, fuzzSettings } from './choice.ts';
import { RandomHost } from './random-host.ts';
import { reducedOperation } from './reduced-operation.ts';
import { asAnswer, isRefused, judge, randomTrial, reportOf, type Trial } from './trial.ts';

const schema = createSchema();
const { seed, numRuns } = fuzzSettings(100);
const hosts = Array.from({ length: 150 }, (_, n) => new RandomHost(seed, 1_000 + n));
const seen = { first: 0, second: 0, silent: 0, ended: 0 };

/** Longer intervals than this are not waited for. */
const longestWait = 2_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('any subscription', () => {
  it(
    'receives the events that follow from the rules, the host and its pages',
    { timeout: 600_000 },
    async () => {
      const property = fc.asyncProperty(fc.nat({ max: hosts.length - 1 }), fc.gen(), async (n, draw) => {
        const host = hosts[n];
        if (host === undefined) throw new RangeError(`there is no host ${n}`);
        const trial = randomTrial(freeChoices(draw), { schema, host, root: 'subscription' });
        if ((await problemsOf(trial)).length === 0) return;
        const fails = async (document: DocumentNode): Promise<boolean> =>
          (await problemsOf({ ...trial, document })).length > 0;
        const document = await reducedOperation(trial.document, fails);
        throw new Error(reportOf({ ...trial, document }, await problemsOf({ ...trial, document })));
      });
      await fc.assert(property, { seed, numRuns, endOnFailure: true });
      expect(seen.first).toBeGreaterThan(numRuns / 3);
      expect(seen.second).toBeGreaterThan(numRuns / 10);
      // Denied, and unchanged or not so soon.
      expect(Math.min(seen.ended, seen.silent)).toBeGreaterThan(numRuns / 100);
    },
  );
});

/** Takes the first two events, the second one interval later; returns what is wrong with them. */
async function problemsOf(trial: Trial): Promise<string[]> {
  const { host, operation, document, caller } = trial;
  host.rewind();
  const bench = new LiveBench(host);
  try {
    const query = print(document);
    const subscribed = await bench.subscribe({ query, caller, variables: { ...operation.variables } });
    const reads = { snapshots: host.snapshots, earlier: [], previous: null };
    if (!('next' in subscribed)) return judge(trial, asAnswer(subscribed), reads);
    const stream = new TestStream(subscribed);
    const first = await stream.next();
    if (first === null) return ['there is no first event'];
    seen.first += 1;
    const problems = judge(trial, first, { ...reads, snapshots: host.snapshots.slice(0, 1) });
    if (problems.length > 0) return [...problems, JSON.stringify(first).slice(0, 3_000)];
    return await secondProblems(trial, { stream, first });
  } finally {
    bench.live.close();
    await settle();
  }
}

async function secondProblems(
  trial: Trial,
  { stream, first }: { stream: TestStream; first: Answer },
): Promise<string[]> {
  const { host } = trial;
  const previous = host.snapshots.at(-1)?.at ?? null;
  const next = stream.next();
  for (let passed = 0; passed < longestWait; passed += 50) {
    host.milliseconds += 50;
    await vi.advanceTimersByTimeAsync(50);
    await settle();
    if (host.snapshots.length > 1) break;
  }
  const silence = Symbol('silence');
  const second = await Promise.race([next, settle().then(() => silence)]);
  if (second === null) {
    seen.ended += 1;
    return first.data === null ? [] : ['the stream ended after its first event'];
  }
  if (typeof second === 'symbol') {
    seen.silent += 1;
    return maySilenceBe(trial) ? [] : ['there is no second event'];
  }
  seen.second += 1;
  if (isRefused(second)) return ['a stream that had begun was refused'];
  const snapshots = host.snapshots.slice(1);
  const problems = judge(trial, second, { snapshots, earlier: host.snapshots.slice(0, 1), previous });
  const answers = `${JSON.stringify(first).slice(0, 2_000)}\n${JSON.stringify(second).slice(0, 2_000)}`;
  return problems.length === 0 ? [] : [...problems.map((problem) => `second event: ${problem}`), answers];
}

/** Whether no event is due, or not yet. */
function maySilenceBe({ document, operation }: Trial): boolean {
  const definition = getOperationAST(document);
  const [field] = definition?.selectionSet.selections ?? [];
  const root = schema.getSubscriptionType()?.getFields();
  if (field?.kind !== Kind.FIELD) return false;
  const known = root?.[field.name.value];
  const { coerced } = getVariableValues(schema, definition?.variableDefinitions ?? [], operation.variables);
  if (known === undefined) return false;
  const { every, suppressUnchanged } = getArgumentValues(known, field, coerced);
  return suppressUnchanged === true || Number(every) > longestWait;
}
