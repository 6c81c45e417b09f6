/**
 * `npm run storm [-- --minutes 10 --seed 1 --hot-path on]`: valid, invalid and hostile traffic at full speed, while the
 * source breaks and is mended, the wall clock is set, and, of a second service with workers, key server, disk, descriptors
 * and workers fail in turn. Prints tables; exits with 1 where anything is not as it must be.
 */
import { readArguments } from '../script-arguments.ts';
import { describeStorm } from './report.ts';
import { runStorm } from './storm-run.ts';
import { problemsOf } from './verdict.ts';

const usage = 'Usage: npm run storm [-- --minutes 10 --seed 1 --hot-path on|off]';
const { values } = readArguments(usage, {
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    'hot-path': { type: 'string', default: 'on' },
  },
});

const report = await runStorm({
  seconds: Number(values.minutes) * 60,
  seed: Number(values.seed),
  warmAttempts: 8_000,
  warmsEveryKind: true,
  troubleMilliseconds: 2_000,
  calmMilliseconds: 5_000,
  quietMilliseconds: 15_000,
  measuresMemoryAndTime: true,
  hasOutages: true,
  hotPath: values['hot-path'] === 'off' ? 'off' : 'on',
  say: (text) => process.stdout.write(text),
});
process.stdout.write(`\n${describeStorm(report)}\n`);
const problems = problemsOf(report, { memoryPart: 0.2, latencyRatio: 2, isThorough: true });
for (const problem of problems) process.stdout.write(`\n${problem}`);
process.stdout.write(problems.length === 0 ? '\nAll is well.\n' : '\n\nSomething is wrong.\n');
process.exitCode = problems.length === 0 ? 0 : 1;
