/** Executes an operation both ways, written as bytes and by graphql-js. The responses must be equal byte for byte. */
import type { GraphQLSchema } from 'graphql';
import { executeOperation, operationContext } from '../../src/execution/execute.ts';
import { resultBytes } from '../../src/server/result-bytes.ts';
import { ResponseTemplate } from '../../src/writer/response-template.ts';
import { writtenDataOf } from '../../src/writer/written-data.ts';
import { testLimits, testHost } from '../ask.ts';
import type { Choose } from '../fuzz/choice.ts';
import type { RandomHost } from '../fuzz/random-host.ts';
import { reducedOperation } from '../fuzz/reduced-operation.ts';
import { randomTrial, reportOf, trialSampler, type Trial } from '../fuzz/trial.ts';

/** Counts of trials by their result, to check that all cases occurred. */
export interface Tally {
  /** Responses with written data, with and without errors. */
  written: number;
  writtenWithErrors: number;
  /** Responses without data. */
  withoutData: number;
  /** Responses left to graphql-js: the data is an object. */
  left: number;
  /** Operations with a response written from the template of an earlier one. */
  patterned: number;
}

/** Counts before the first trial. */
export function newTally(): Tally {
  return { written: 0, writtenWithErrors: 0, withoutData: 0, left: 0, patterned: 0 };
}

/** Tries one operation. Throws if the two responses differ, with the smallest operation for which they do. */
export async function tryBothWays(
  choose: Choose,
  { schema, host, tally }: { schema: GraphQLSchema; host: RandomHost; tally: Tally },
): Promise<void> {
  const trial = randomTrial(choose, { schema, host, root: 'query' });
  const [written, made] = await answers(trial, tally);
  if (written === made) return;
  const document = await reducedOperation(trial.document, async (smaller) => {
    const [one, other] = await answers({ ...trial, document: smaller }, newTally());
    return one !== other;
  });
  const least = { ...trial, document };
  const [one, other] = await answers(least, newTally());
  throw new Error(reportOf(least, [`written: ${one}`, `by graphql-js: ${other}`]));
}

async function answers(trial: Trial, tally: Tally): Promise<[written: string, made: string]> {
  return [
    await answersOf(trial, { writesBytes: true, tally }),
    await answersOf(trial, { writesBytes: false, tally }),
  ];
}

let patternsWritten = 0;
const { write } = Object.getOwnPropertyDescriptors(ResponseTemplate.prototype);
ResponseTemplate.prototype.write = function (...args) {
  const isWritten = write.value?.apply(this, args) === true;
  if (isWritten) patternsWritten += 1;
  return isWritten;
};

/** The second response creates the template from which the third one is written. */
const answersOfEach = 3;

async function answersOf(
  trial: Trial,
  { writesBytes, tally }: { writesBytes: boolean; tally: Tally },
): Promise<string> {
  trial.host.rewind();
  const sampler = trialSampler(trial);
  const service = {
    version: '1.2.3',
    host: testHost,
    limits: testLimits,
    introspection: 'on' as const,
    health: () => sampler.health,
  };
  const world = { sampler, service, writesBytes };
  const request = { caller: trial.caller, signal: new AbortController().signal };
  const { schema, document, operation } = trial;
  const texts: string[] = [];
  const patternsBefore = patternsWritten;
  for (let n = 0; n < answersOfEach; n += 1) {
    const result = await executeOperation({
      schema,
      document,
      contextValue: operationContext(world, request),
      variableValues: operation.variables,
    });
    const isWritten = writtenDataOf(result) !== null;
    if (isWritten && !writesBytes) throw new Error('graphql-js was to answer');
    if (writesBytes && n === 0) {
      if (isWritten) tally[result.errors === undefined ? 'written' : 'writtenWithErrors'] += 1;
      else if (result.data == null) tally.withoutData += 1;
      else tally.left += 1;
    }
    // The pause before the next attempt at a failing source depends on the machine's clock.
    texts.push(
      resultBytes(result)
        .toString()
        .replaceAll(/(in |"retryInMilliseconds":)\d+/g, '$1?'),
    );
    // Pages change with time.
    trial.host.milliseconds += 700;
  }
  if (patternsWritten > patternsBefore) tally.patterned += 1;
  return texts.join('\n');
}
