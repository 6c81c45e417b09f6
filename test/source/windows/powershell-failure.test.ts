import { onTestFinished, describe, expect, it } from 'vitest';
import { hypervisorName } from '../../../src/snapshot/object-name.ts';
import type { Source } from '../../../src/source/source.ts';
import { openWindows } from '../../../src/source/windows/windows.ts';
import { ManualClock } from '../manual-clock.ts';
import { isRunning, RecordedHost } from './recorded-host.ts';
import { until } from '../../until.ts';

const never = new AbortController().signal;

function open({ limitMilliseconds = 20_000, idleMilliseconds = 60_000, powershell = '' } = {}) {
  const host = new RecordedHost();
  const clock = new ManualClock();
  const logged: { facts: Readonly<Record<string, unknown>>; message: string }[] = [];
  const source = openWindows(
    { powershell: powershell || host.executable, idleMilliseconds },
    { clock, limitMilliseconds, log: { warn: (facts, message) => logged.push({ facts, message }) } },
  );
  onTestFinished(() => source.close());
  return { host, clock, source, logged };
}

async function read(source: Source): Promise<void> {
  await source.read([hypervisorName], never);
}

/** The error of the next read. */
async function failureOf(source: Source): Promise<{ message: string; cause: unknown }> {
  try {
    await read(source);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'PAGE_UNAVAILABLE' });
    return thrown as { message: string; cause: unknown };
  }
  throw new Error('the read did not fail');
}

describe('PowerShell', () => {
  it('is started by the first read, once for all reads, and stopped with the source', async () => {
    const { host, source } = open();
    expect(host.starts()).toEqual([]);
    await Promise.all([read(source), read(source)]);
    await read(source);
    const [start, ...others] = host.starts();
    expect(others).toEqual([]);
    expect(start?.flags).toMatch(
      /^-NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -InputFormat None -File .*\/read-classes\.ps1$/,
    );
    expect(isRunning(Number(start?.pid))).toBe(true);
    await source.close();
    expect(isRunning(Number(start?.pid))).toBe(false);
    await expect(read(source)).rejects.toThrow('The source has been closed.');
  });

  it('is stopped after a while without reads, and started again for the next one', async () => {
    const { host, source } = open({ idleMilliseconds: 50 });
    await read(source);
    await until(() => !isRunning(Number(host.starts()[0]?.pid)));
    await read(source);
    expect(host.starts()).toHaveLength(2);
  });

  it('is stopped even if it ignores its input', async () => {
    const { host, source } = open();
    host.behave('deaf');
    await read(source);
    await source.close();
    expect(isRunning(Number(host.starts()[0]?.pid))).toBe(false);
  });

  it('is stopped when the source closes during a request, which is rejected', async () => {
    const { host, source } = open();
    host.behave('hang');
    const failure = failureOf(source);
    await until(() => host.questions().length > 0);
    await source.close();
    expect((await failure).message).toBe('PowerShell has been stopped.');
    expect(isRunning(Number(host.starts()[0]?.pid))).toBe(false);
  });

  it.each(['windowsLineEnds', 'inPieces'])('may respond with %s', async (behaviour) => {
    const { host, source } = open();
    host.behave(behaviour);
    await read(source);
  });

  it.each([
    ['die', 'PowerShell ended with exit code 3.'],
    ['kill', 'PowerShell was ended by SIGKILL.'],
    ['half', 'PowerShell ended with exit code 0.'],
    ['garbage', 'PowerShell responded with a line that is not a sample.'],
    ['brokenLine', 'PowerShell responded with a line that is not a sample.'],
    ['foreign', 'PowerShell responded with a line that is not a sample.'],
    ['flood', 'PowerShell answered with more than 67108864 bytes.'],
  ])(
    'that responds with "%s" makes the read fail, is stopped, and started again',
    async (behaviour, message) => {
      const { host, source, clock } = open();
      await read(source);
      host.behave(behaviour);
      expect((await failureOf(source)).message).toBe(message);
      await until(() => !isRunning(Number(host.starts()[0]?.pid)));
      host.behave('answer');
      expect((await failureOf(source)).message).toBe(
        `${message} It is started again in 250 ms at the earliest.`,
      );
      expect(host.starts()).toHaveLength(1);
      clock.advance(250);
      await read(source);
      expect(host.starts()).toHaveLength(2);
    },
  );

  it('that hangs is stopped after its timeout, and its late response is ignored', async () => {
    const { host, source, clock } = open({ limitMilliseconds: 1_500 });
    host.behave('hang');
    expect((await failureOf(source)).message).toBe('PowerShell did not respond within 1500 ms.');
    await until(() => !isRunning(Number(host.starts()[0]?.pid)));
    host.behave('answer');
    clock.advance(250);
    await read(source);
  });

  it('is not started for twice as long after each failure, up to 30 s, until it responds', async () => {
    const { host, source, clock } = open();
    host.behave('die');
    for (const pause of [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect((await failureOf(source)).message).toBe('PowerShell ended with exit code 3.');
      clock.advance(pause - 1);
      expect((await failureOf(source)).message).toMatch(/It is started again in 1 ms at the earliest\.$/);
      clock.advance(1);
    }
    expect(host.starts()).toHaveLength(9);
    host.behave('answer');
    await read(source);
    host.behave('die');
    await failureOf(source);
    clock.advance(250);
    host.behave('answer');
    await read(source);
  });

  it('that exits between two reads is started again after a pause', async () => {
    const { host, source, clock, logged } = open();
    host.behave('answerAndDie');
    await read(source);
    await until(() => logged.length > 0);
    expect(logged[0]?.message).toBe('PowerShell has failed without being asked anything');
    expect((await failureOf(source)).message).toMatch(/It is started again in 250 ms at the earliest\.$/);
    clock.advance(250);
    await read(source);
  });

  it('that responds twice is stopped, and started again after a pause', async () => {
    const { host, source, clock } = open();
    host.behave('twice');
    await read(source);
    await until(() => !isRunning(Number(host.starts()[0]?.pid)));
    host.behave('answer');
    expect((await failureOf(source)).message).toMatch(/^PowerShell said something without being asked\./);
    clock.advance(250);
    await read(source);
  });

  it('that does not exist is reported, and does not crash the process', async () => {
    const { source } = open({ powershell: '/nowhere/powershell.exe' });
    expect((await failureOf(source)).message).toBe(
      'PowerShell could not be started: no such file or directory (ENOENT).',
    );
    await source.close();
  });

  it('has its error output logged, and shown as the cause to the operator only', async () => {
    const { host, source, logged } = open();
    host.behave('complainAndDie');
    const complaint = 'read-classes.ps1 cannot be loaded because running scripts is disabled on this system.';
    const { message, cause } = await failureOf(source);
    expect(message).toBe('PowerShell ended with exit code 1.');
    expect(cause).toEqual(new Error(complaint));
    expect(logged).toEqual([{ facts: { line: complaint }, message: 'PowerShell says on standard error' }]);
  });

  it('that writes errors without end is logged in twenty lines of limited length', async () => {
    const { host, source, logged } = open();
    host.behave('floodErrors');
    await read(source);
    await until(() => logged.length > 20);
    await source.close();
    expect(logged).toHaveLength(21);
    expect(logged.at(-1)?.message).toBe('what else PowerShell says is left out');
    for (const { facts } of logged) expect(JSON.stringify(facts).length).toBeLessThan(250);
  });
});

describe('a caller that aborts', () => {
  it('gets the reason immediately, and PowerShell keeps running for the next caller', async () => {
    const { host, source } = open();
    host.behave('whenTold');
    const controller = new AbortController();
    const reading = source.read([hypervisorName], controller.signal);
    await until(() => host.questions().length > 0);
    controller.abort(new Error('gone'));
    await expect(reading).rejects.toThrow('gone');
    host.tell();
    await read(source);
    expect(host.starts()).toHaveLength(1);
  });

  it('does not cause a sample that has not been started', async () => {
    const { host, source } = open();
    host.behave('whenTold');
    const controller = new AbortController();
    const first = read(source);
    await until(() => host.questions().length > 0);
    const second = source.read([hypervisorName], controller.signal);
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    host.tell();
    await first;
    await read(source);
    expect(host.questions()).toHaveLength(2);
  });
});
