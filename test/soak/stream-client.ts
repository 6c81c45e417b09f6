/** Processes with many streams, as seen by their parent. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './stream-process.ts';

const streamProcess = fileURLToPath(new URL('stream-process.ts', import.meta.url));

/** Starts one, without streams yet. It ends with this process. */
export function forkStreams(): ChildProcess {
  return fork(streamProcess, { execArgv: ['--import', 'tsx'] });
}

/** Tells it what to do, and gives its answer. Rejects where it could not. */
export async function order(child: ChildProcess, told: Order): Promise<Answer> {
  child.send(told);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a client process exited with ${code}`);
  });
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [Answer];
  if (answer.kind === 'error') throw new Error(answer.message);
  return answer;
}

/** Waits for a time of the wall clock. */
export function untilMoment(wallMilliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, wallMilliseconds - Date.now())));
}
