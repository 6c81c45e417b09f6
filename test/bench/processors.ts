/** Which process runs on which processor. */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The processor of what is measured, and that of its clients. */
export const processors = { server: 0, client: 1 } as const;

/**
 * Whether server and client can each have a processor of their own (taskset, of util-linux). Where they cannot, they are
 * at times put on the same one, and seem half as fast for as long as that lasts.
 */
export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;
}

/** All threads of the process run on this processor from now on. */
export function pin(pid: number, processor: number): void {
  const { status } = spawnSync('taskset', ['-apc', `${processor}`, `${pid}`]);
  if (status !== 0) throw new Error('taskset is needed, which keeps processes on one processor');
}
