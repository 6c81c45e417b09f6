import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ProcessActivity } from '../../../src/cli/workers/process-activity.ts';
import { until } from '../../until.ts';

describe('the activity of a process that does not respond', () => {
  it('is waiting, stopped, busy or unknown', async () => {
    const child = spawn('sleep', ['600']);
    try {
      const activity = new ProcessActivity(child.pid);
      await until(() => activity.observe() === 'waiting');
      child.kill('SIGSTOP');
      await until(() => activity.observe() === 'stopped');
      child.kill('SIGCONT');
      await until(() => activity.observe() === 'waiting');
      // It runs while it asks.
      expect(new ProcessActivity(process.pid).observe()).toBe('busy');
      expect(new ProcessActivity(undefined).observe()).toBe('unknown');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
