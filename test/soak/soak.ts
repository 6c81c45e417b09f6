/**
 * `npm run soak [-- --streams 2000 --seconds 60 --visits 5000 --only streams|churn]`: what takes too long, and too much
 * of the machine, to be a test. Prints tables; exits with 1 where a tick was missed, or something stayed behind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../script-arguments.ts';
import { sideBySide } from './side-by-side.ts';

const usage = 'Usage: npm run soak [-- --streams 2000 --seconds 60 --visits 5000 --only streams|churn]';
const { values } = readArguments(usage, {
  options: {
    streams: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '60' },
    visits: { type: 'string', default: '5000' },
    only: { type: 'string' },
  },
});

let hasPassed = true;
if (values.only !== 'churn') {
  const [streams, seconds] = [Number(values.streams), Number(values.seconds)];
  process.stdout.write(`Streams side by side, ${streams} over each transport, ${seconds} s\n\n`);
  hasPassed = await sideBySide({ streams, seconds });
}
if (values.only !== 'streams') {
  process.stdout.write(`\nComing and going, ${values.visits} visits\n\n`);
  const churn = fileURLToPath(new URL('churn.ts', import.meta.url));
  const args = ['--expose-gc', '--no-opt', '--import', 'tsx', churn, values.visits];
  const [code] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [number | null];
  hasPassed &&= code === 0;
}
process.stdout.write(hasPassed ? '\nAll is well.\n' : '\nSomething is wrong.\n');
process.exitCode = hasPassed ? 0 : 1;
