import { describe, expect, it } from 'vitest';
import { systemWait } from '../../../src/cli/command-context.ts';
import { parseCommand } from '../../../src/cli/settings/settings.ts';
import { runBatch } from '../../../src/cli/top/batch.ts';
import { initialState } from '../../../src/cli/top/top.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';

describe('hvql top for scripts', () => {
  it('ends at once if it is interrupted while it waits for a response', async () => {
    const command = parseCommand(['top', '--once', '--every', '1m'], {});
    if (command.name !== 'top') throw new Error('another command');
    const facts = { isFleet: false, isRoot: true, ownPartition: '1', hasSubscriptions: true };
    const interruption = new AbortController();
    const output: string[] = [];
    const stream = { write: (text: string) => output.push(text) };
    const link = {
      title: 'test',
      query: () => {
        queueMicrotask(() => interruption.abort());
        return new Promise<never>(() => {});
      },
      watch: () => () => {},
      close: () => Promise.resolve(),
    };
    const exitCode = await runBatch(
      {
        link,
        state: initialState(command.settings, facts),
        isRoot: true,
        isJson: false,
        isOnce: true,
        for: null,
      },
      {
        clock: systemClock,
        wait: systemWait,
        stdout: stream,
        stderr: stream,
        signal: interruption.signal,
        onReopen: () => () => {},
      },
    );
    expect([exitCode, output]).toEqual([1, []]);
  });
});
