import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../../src/graph/schema.ts';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { resultBytes } from '../../src/server/result-bytes.ts';
import { writtenDataOf } from '../../src/writer/written-data.ts';
import { testLimits } from '../ask.ts';
import { freeChoices, fuzzSettings } from '../fuzz/choice.ts';
import { RandomHost } from '../fuzz/random-host.ts';
import { reducedOperation } from '../fuzz/reduced-operation.ts';
import { randomTrial, reportOf, trialSampler, type Trial } from '../fuzz/trial.ts';

const schema = createSchema();
const settings = fuzzSettings(2_000);
const hosts = Array.from({ length: 200 }, (_, n) => new RandomHost(settings.seed, n));
const seen = { written: 0, left: 0, withErrors: 0, withoutData: 0 };

describe('an answer that is written as bytes', () => {
  it('is that of graphql-js, byte for byte', { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(fc.nat({ max: hosts.length - 1 }), fc.gen(), async (n, draw) => {
      const host = hosts[n];
      if (host === undefined) throw new RangeError(`there is no host ${n}`);
      const trial = randomTrial(freeChoices(draw), { schema, host, root: 'query' });
      const differs = async (document: Trial['document']): Promise<boolean> => {
        const [written, made] = await both({ ...trial, document });
        return written !== made;
      };
      if (!(await differs(trial.document))) return;
      const document = await reducedOperation(trial.document, differs);
      const [written, made] = await both({ ...trial, document });
      throw new Error(reportOf({ ...trial, document }, [`written: ${written}`, `graphql-js: ${made}`]));
    });
    await fc.assert(property, { ...settings, endOnFailure: true });
    console.log(seen);
    expect(seen.written).toBeGreaterThan(settings.numRuns / 2);
  });
});

/** The answer by either path, from the same readings. */
async function both(trial: Trial): Promise<[string, string]> {
  const written = await answerOf(trial, true);
  const made = await answerOf(trial, false);
  return [written, made];
}

async function answerOf(trial: Trial, writesBytes: boolean): Promise<string> {
  trial.host.rewind();
  const sampler = trialSampler(trial);
  const service = {
    version: '1.2.3',
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const request = { caller: trial.caller, expiresAt: null, signal: new AbortController().signal };
  const contextValue = operationContext({ sampler, service, writesBytes }, request);
  const { document, operation } = trial;
  const result = await executeOperation({
    schema,
    document,
    contextValue,
    variableValues: operation.variables,
  });
  if (writesBytes) {
    if (writtenDataOf(result) !== null) seen.written += 1;
    else if (result.data === null) seen.withoutData += 1;
    else seen.left += 1;
    if (result.errors) seen.withErrors += 1;
  }
  return resultBytes(result).toString();
}
