/**
 * `npm run judge [-- --minutes <n>] [--seed <n>]`: executes random operations on random hosts both ways, until it is
 * stopped or two responses differ. Without minutes it runs until stopped. A failure prints the operation and the seed.
 */
import { readArguments } from '../script-arguments.ts';
import { createSchema } from '../../src/graph/schema.ts';
import { choicesOf } from '../fuzz/choice.ts';
import { RandomHost } from '../fuzz/random-host.ts';
import { newTally, tryBothWays } from './two-ways.ts';

const usage = 'Usage: npm run judge [-- --minutes <n> --seed <n>]';
const { values } = readArguments(usage, {
  options: { minutes: { type: 'string' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
});
const seed = Number(values.seed);
const end = values.minutes === undefined ? Infinity : Date.now() + Number(values.minutes) * 60_000;
/** The number of operations for each host. */
const operationsOfHost = 20;

const schema = createSchema();
const tally = newTally();
const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
console.log(`seed ${seed}`);
let told = Date.now();
let hosts = 0;
for (; !interruption.signal.aborted && Date.now() < end; hosts += 1) {
  const host = new RandomHost(seed, hosts);
  for (let n = 0; n < operationsOfHost; n += 1) {
    await tryBothWays(choicesOf(seed, hosts, n), { schema, host, tally });
  }
  if (Date.now() - told < 10_000) continue;
  told = Date.now();
  tell();
}
tell();

function tell(): void {
  const { written, writtenWithErrors, withoutData, left, patterned } = tally;
  const total = written + writtenWithErrors + withoutData + left;
  console.log(
    `${total} operations of ${hosts} hosts answered alike: ${written} written, ${writtenWithErrors} with errors, ` +
      `${withoutData} without data, ${left} left to graphql-js; ${patterned} written from a pattern as well`,
  );
}
