import fc from 'fast-check';
import { isObjectType, type DocumentNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graph/schema.ts';
import { settle } from '../live.ts';
import { freeChoices, fuzzSettings } from './choice.ts';
import type { TakenSnapshot } from './random-host.ts';
import { RandomHost } from './random-host.ts';
import { isJudgedElsewhere } from './random-operation.ts';
import { reducedOperation } from './reduced-operation.ts';
import { askTrial, isRefused, judge, randomTrial, reportOf, trialSampler, type Trial } from './trial.ts';

const schema = createSchema();
const settings = fuzzSettings(500);
/** Each runs some ten operations. */
const hosts = Array.from(
  { length: Math.ceil(settings.numRuns / 10) },
  (_, n) => new RandomHost(settings.seed, n),
);

/** The fields and error codes that occurred, so that every rule has a case. */
const seen = { fields: new Set<string>(), codes: new Map<string, number>(), values: 0, refused: 0, again: 0 };

describe('any operation', () => {
  it(
    'gets the response that follows from the rules, the host and its pages',
    { timeout: 600_000 },
    async () => {
      const property = fc.asyncProperty(fc.nat({ max: hosts.length - 1 }), fc.gen(), async (n, draw) => {
        const host = hosts[n];
        if (host === undefined) throw new RangeError(`there is no host ${n}`);
        const choose = freeChoices(draw);
        const onField = (name: string): void => void seen.fields.add(name);
        const trial = { ...randomTrial(choose, { schema, host, root: 'query' }), onField };
        // Orders by growth leave open which of the readings held they were made from.
        const pause = choose(3) === 3 && !trial.operation.query.includes('orderBy') ? 50 * choose(40) : null;
        const problems = await problemsOf(trial, { pause });
        if (problems.length === 0) return;
        const fails = async (document: DocumentNode): Promise<boolean> =>
          (await problemsOf({ ...trial, document }, { pause })).length > 0;
        const document = await reducedOperation(trial.document, fails);
        throw new Error(
          reportOf({ ...trial, document }, await problemsOf({ ...trial, document }, { pause })),
        );
      });
      // The operation is made smaller by what it asks for, not by the choices that made it.
      await fc.assert(property, {
        ...settings,
        endOnFailure: true,
        plugins: [fc.interruptAfterTimeLimit(580_000, { failOnInterrupt: true })],
      });
    },
  );

  it.skipIf(settings.numRuns < 10_000)(
    'is drawn until every field was selected and every error code has occurred',
    () => {
      const fields = Object.values(schema.getTypeMap()).flatMap((type) =>
        isObjectType(type) && !type.name.startsWith('__') && type.name !== 'Subscription'
          ? Object.keys(type.getFields())
              .filter((name) => !isJudgedElsewhere(type.name, name))
              .map((name) => `${type.name}.${name}`)
          : [],
      );
      expect(fields.filter((field) => !seen.fields.has(field))).toEqual([]);
      expect([...seen.codes.keys()].sort()).toEqual([
        'ACCESS_DENIED NOT_ROOT',
        'ACCESS_DENIED NOT_SELF_OR_PARENT',
        'ACCESS_DENIED NO_PRIVILEGE',
        'INVALID_PARAMETER',
        'INVALID_PARTITION_ID',
        'INVALID_VP_INDEX',
        'LIMIT_EXCEEDED',
        'PAGE_MALFORMED',
        'PAGE_UNAVAILABLE',
      ]);
      expect(Math.min(...seen.codes.values())).toBeGreaterThan(20);
      expect(seen.values).toBeGreaterThan(50_000);
      expect(seen.again).toBeGreaterThan(1_000);
      expect(seen.refused).toBeLessThan(500);
    },
  );
});

/** Asks, and where there is a pause again after it, with readings that are held; tells what is wrong. */
async function problemsOf(trial: Trial, { pause }: { pause: number | null }): Promise<string[]> {
  const { host } = trial;
  host.rewind();
  const sampler = trialSampler(trial);
  const ask = async (earlier: readonly TakenSnapshot[]): Promise<string[]> => {
    const answer = await askTrial(trial, sampler);
    const problems = judge(trial, answer, { snapshots: [...host.snapshots], earlier });
    if (isRefused(answer)) seen.refused += 1;
    for (const { extensions } of answer.errors ?? []) {
      const { code, reason } = extensions;
      const name = code === 'ACCESS_DENIED' ? `${code} ${String(reason)}` : String(code);
      seen.codes.set(name, (seen.codes.get(name) ?? 0) + 1);
    }
    seen.values += JSON.stringify(answer.data ?? null).split('"').length / 4;
    return problems.length === 0 ? [] : [...problems, JSON.stringify(answer).slice(0, 3_000)];
  };
  const problems = await ask([]);
  // What was asked for in a place that was lost may still be read.
  await settle();
  if (pause === null || problems.length > 0) return problems;
  seen.again += 1;
  host.milliseconds += pause;
  const again = await ask(host.snapshots.splice(0));
  await settle();
  return again.map((problem) => `asked again after ${pause} ms: ${problem}`);
}
