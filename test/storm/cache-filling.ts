/**
 * Fills the caches of a service with the same each time. What they hold otherwise is what came last, and 131,072 characters
 * of documents take between 1 and 50 MB: two measurements could not be compared.
 */
import { Agent } from 'node:http';
import { everyPage } from './question.ts';
import type { StormWorld, Visit } from './kind.ts';
import { post } from './transport.ts';

/** As many documents as are kept at most, however short they are. */
const documents = 256;
/** Their answers fill the pool of free buffers. */
const largeQuestions = 16;
const limitMilliseconds = 120_000;

/** Sends them. Returns unexpected responses. */
export async function fillCaches(world: Omit<StormWorld, 'agent' | 'over'>): Promise<readonly string[]> {
  const over = new AbortController();
  const agent = new Agent({ keepAlive: true });
  const visit: Visit = { ...world, agent, over: over.signal, signal: AbortSignal.timeout(limitMilliseconds) };
  const token = world.callers.root;
  const problems: string[] = [];
  const ask = async (query: string, expected: string): Promise<void> => {
    for (const { code, message = '' } of await post(visit, { token, query })) {
      // A partition may stop while its pages are read, for which there is much time on a busy machine.
      if (code === 'PAGE_UNAVAILABLE' && message.endsWith('is not there.')) continue;
      if (code !== expected) problems.push(`${query.slice(0, 60)}: ${code}: ${message}`);
    }
  };
  try {
    await Promise.all(
      Array.from({ length: largeQuestions }, (_, n) => ask(`query Large${n} ${everyPage}`, 'data')),
    );
    for (let n = 0; n < documents; n += 1) {
      await ask(`query Filling${n} { viewer { partitionId isRoot } partition { name } }`, 'data');
      await ask(`query Filling${n} {`, 'GRAPHQL_PARSE_FAILED');
    }
  } catch (thrown) {
    problems.push(String(thrown));
  } finally {
    over.abort();
    agent.destroy();
  }
  return problems;
}
