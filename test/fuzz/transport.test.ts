import fc from 'fast-check';
import { isInputObjectType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../until.ts';
import { choicesOf, fuzzSettings, type Choose } from './choice.ts';
import { schema, startFuzzedService, type FuzzedService } from './fuzzed-service.ts';
import { problemsOf, problemsOfResult, readAnswers } from './http-answer.ts';
import {
  bodiesExchange,
  composedExchange,
  eventsExchange,
  mutatedExchange,
  parametersExchange,
  randomExchange,
  type OddExchange,
} from './odd-http.ts';
import { oddValue } from './odd-json.ts';
import { handshake } from '../websocket-frame.ts';
import { oddFrames, problemsOfFrames } from './odd-websocket.ts';
import { exchange } from './raw-exchange.ts';
import { randomTrial } from './trial.ts';

let service: FuzzedService;
beforeAll(async () => {
  service = await startFuzzedService();
});
afterAll(() => service.close());

/** How many run at the same time. */
const concurrency = 20;

/** Tries this many, each decided by a number; then the service is as it was. */
async function fuzz(runs: number, attempt: (choose: Choose) => Promise<void>): Promise<void> {
  const { seed, numRuns } = fuzzSettings(runs);
  const property = fc.asyncProperty(fc.nat(), async (number) => {
    const attempts = Array.from({ length: concurrency }, (_, n) => attempt(choicesOf(seed, number, n)));
    await Promise.all(attempts);
  });
  await fc.assert(property, { seed, numRuns: Math.ceil(numRuns / concurrency), endOnFailure: true });
  expect(service.complaints()).toEqual([]);
  await until(() => service.streams() === 0);
  const answer = await service.post({ query: '{ viewer { partitionId isRoot } }' });
  expect(await answer.json()).toEqual({ data: { viewer: { partitionId: '1', isRoot: true } } });
}

/** Sends, and throws if the response is not valid HTTP or not a permitted response. */
async function tryOut({ pieces, methods }: OddExchange, count?: number): Promise<void> {
  const isEnough = (received: Buffer): boolean => {
    try {
      return readAnswers(received, methods).length === count;
    } catch {
      return false;
    }
  };
  const bytes = await exchange(service.port, { pieces, ...(count === undefined ? {} : { isEnough }) });
  try {
    const answers = readAnswers(bytes, methods);
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect(answers.flatMap(problemsOf)).toEqual([]);
    if (count !== undefined) expect(answers).toHaveLength(count);
  } catch (error) {
    const sent = JSON.stringify(Buffer.concat(pieces).toString('latin1').slice(0, 2_000));
    const came = bytes.toString().slice(0, 3_000);
    throw new Error(`${String(error)}\nsent: ${sent}\ncame: ${came}`, { cause: error });
  }
}

/** How often each response was received. */
const statuses = new Map<number, number>();

describe('HTTP', { timeout: 600_000 }, () => {
  it('with any bytes gets a response that conforms to the protocol', () =>
    fuzz(60, (choose) => tryOut(randomExchange(choose))));

  it('with a few bytes of a request removed, repeated or changed gets a response that conforms to the protocol', () =>
    fuzz(200, (choose) => tryOut(mutatedExchange(choose, service.rootToken))));

  it('with odd methods, targets, headers and lengths, in sequence, gets responses that conform to the protocol', () =>
    fuzz(200, (choose) => tryOut(composedExchange(choose, service.rootToken))));

  it('with bodies of odd JSON gets a response for each', () =>
    fuzz(80, (choose) => tryOut(bodiesExchange(choose, service.rootToken), 8)));

  it('with odd parameters gets a response for each', () =>
    fuzz(80, (choose) => tryOut(parametersExchange(choose, service.rootToken), 8)));

  it('with bodies of odd JSON gets events', () =>
    fuzz(80, (choose) => tryOut(eventsExchange(choose, service.rootToken))));

  it('has produced every kind of response', () => {
    expect([...statuses.keys()].sort()).toEqual(expect.arrayContaining([200, 400, 401, 404, 405, 415, 431]));
  });
});

describe('variables', () => {
  /** Types of arguments that variables of odd values were given for. */
  const tried = new Set<string>();
  /** Operations with a variable of a type that random ones rarely have. */
  const rare = {
    PartitionCounter:
      '{ hypervisor { partitions(orderBy: { partition: { counter: $v } }) { nodes { name } } } }',
    PartitionFilter: '{ hypervisor { partitions(filter: $v) { nodes { name } } } }',
  };

  it('of every wrong type get a response', { timeout: 600_000 }, async () => {
    await fuzz(300, async (choose) => {
      const { operation } = randomTrial(choose, { schema, host: service.host, root: 'query' });
      const names = Object.keys(operation.variables);
      const values = names.map(
        (name) => [JSON.stringify(name), JSON.stringify(operation.variables[name])] as const,
      );
      const untried = names.findIndex((name) => !tried.has(typeOf(operation.query, name)));
      const odd = untried === -1 ? choose(Math.max(names.length - 1, 0)) : untried;
      const pairs = values.map(([name, value], n) => `${name}:${n === odd ? oddValue(choose) : value}`);
      const body = `{"query":${JSON.stringify(operation.query)},"variables":{${pairs.join(',')}}}`;
      if (names[odd] !== undefined) tried.add(typeOf(operation.query, names[odd]));
      await send(body);
    });
    for (const [type, selection] of Object.entries(rare)) {
      const query = `query ($v: ${type}!) ${selection}`;
      await fuzz(20, (choose) =>
        send(`{"query":${JSON.stringify(query)},"variables":{"v":${oddValue(choose)}}}`),
      );
      tried.add(type);
    }
    expect(inputTypes().filter((type) => !tried.has(type))).toEqual([]);
  });

  async function send(body: string): Promise<void> {
    const result: unknown = await (await service.post(body)).json();
    const problems = problemsOfResult(result);
    if (problems.length > 0) throw new Error(`${problems.join('\n')}\nsent: ${body}`);
  }

  function typeOf(query: string, name: string): string {
    const type = new RegExp(`\\$${name}: ([\\w[\\]!]+)`).exec(query)?.[1] ?? '';
    return type.replaceAll(/[[\]!]/g, '');
  }
});

describe('any input over a WebSocket', () => {
  it('gets responses that conform to the protocol, or the right close code', { timeout: 600_000 }, () =>
    fuzz(600, async (choose) => {
      const frames = oddFrames(choose, service.rootToken);
      const bytes = await exchange(service.port, { pieces: [handshake, ...frames], isAnswered: true });
      const problems = problemsOfFrames(bytes);
      if (problems.length === 0) return;
      const sent = frames.map((each) => JSON.stringify(each.toString('latin1').slice(0, 500))).join('\n');
      throw new Error(
        `${problems.join('\n')}\nsent: ${sent}\ncame: ${bytes.toString('latin1').slice(0, 2_000)}`,
      );
    }),
  );
});

describe('a service after shutdown', () => {
  it('has released everything', async () => {
    const closingAt = Date.now();
    await service.close();
    expect(Date.now() - closingAt).toBeLessThan(2_000);
    const leftovers = () => process.getActiveResourcesInfo().filter((name) => /^(?:TCP|Timeout)/.test(name));
    await until(() => leftovers().length === 0);
    expect(service.complaints()).toEqual([]);
  });
});

/** The types of all arguments, and of what is in them. */
function inputTypes(): string[] {
  const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'));
  const fields = types.flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []));
  const args = fields.flatMap((field) => field.args.map(({ type }) => String(type)));
  const inputs = types.flatMap((type) => (isInputObjectType(type) ? Object.values(type.getFields()) : []));
  const all = [...args, ...inputs.map(({ type }) => String(type))];
  return [...new Set(all.map((type) => type.replaceAll(/[[\]!]/g, '')))];
}
