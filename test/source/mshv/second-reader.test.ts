import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { objectKey, type ObjectName } from '../../../src/snapshot/object-name.ts';
import { openMshv } from '../../../src/source/mshv/mshv.ts';
import { SecondReader, type StatsFile } from '../../../src/source/mshv/second-reader.ts';
import { StatsParser } from '../../../src/source/mshv/stats-parser.ts';
import { systemFiles } from '../../../src/source/page-folder/file-system.ts';
import { putFile, scratchFolder } from '../scratch.ts';
import { until } from '../../until.ts';

const never = new AbortController().signal;
const processors = 600;
const names = Array.from({ length: processors }, (_, index): ObjectName => ({
  object: 'VIRTUAL_PROCESSOR',
  partitionId: 5n,
  index,
}));
const totalRunTime = countersOf('VIRTUAL_PROCESSOR').find(({ field }) => field === 'totalRunTime');

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

/** 2^64 - 1 and less. */
const valueOf = (index: number): bigint => 18_446_744_073_709_551_615n - BigInt(index);
const place = (index: number): string => `${objectKey(names[index] ?? { object: 'HYPERVISOR' })}/stats`;

function hostFolder(): string {
  const folder = scratchFolder();
  for (let index = 0; index < processors; index++) {
    putFile(folder, { place: place(index), content: `VpTotalRunTime : ${valueOf(index)}\n` });
  }
  return folder;
}

function open(folder: string, second: SecondReader) {
  const source = openMshv({ folder, selfId: 1n }, { clock: systemClock, second });
  opened.push(source);
  return source;
}

function reader(options: ConstructorParameters<typeof SecondReader>[0] = {}): SecondReader {
  const second = new SecondReader({ processors: 2, ...options });
  opened.push(second);
  return second;
}

function filesIn(folder: string): StatsFile[] {
  return names.map(({ object }, index) => ({ path: join(folder, place(index)), object }));
}

/** One that knows how this text is laid out. */
function parserOf(text: string): StatsParser {
  const parser = new StatsParser();
  parser.parse({ object: 'VIRTUAL_PROCESSOR', bytes: Buffer.from(text) });
  return parser;
}

/** Begins the thread, and waits until it can take something. */
async function awake(second: SecondReader): Promise<void> {
  second.begin([], new Map());
  await until(() => second.state === 'ready');
}

async function valuesOf(source: ReturnType<typeof open>): Promise<unknown[]> {
  const { outcomes } = await source.read(names, never);
  return outcomes.map((outcome) =>
    outcome instanceof HvqlError || totalRunTime === undefined ? outcome : outcome.value(totalRunTime),
  );
}

const allValues = names.map((_, index) => valueOf(index));

describe('a second reader thread', () => {
  it('reads files that the caller has not started to read, each into its own bytes', async () => {
    const folder = hostFolder();
    const second = reader();
    await awake(second);
    const { layouts } = parserOf('VpTotalRunTime : 1\n');
    const shared = second.begin(filesIn(folder), layouts);
    const readings = await shared?.readings(never);
    expect(readings?.size).toBe(processors);
    for (const [index, { view }] of readings ?? []) {
      expect(view.getBigUint64(0, true)).toBe(valueOf(index));
      expect(view.buffer.byteLength).toBe(8);
    }
    expect(shared?.take()).toBeNull();
  });

  it('leaves files with another or unknown layout to the caller', async () => {
    const folder = hostFolder();
    putFile(folder, { place: place(7), content: 'VpTotalRunTime  : 1\n' });
    putFile(folder, { place: place(8), content: 'VpTotalRunTime : 1\nVpTotalRunTime : 2\n' });
    putFile(folder, { place: place(9), content: 'VpTotalRunTime : 1' });
    const second = reader();
    await awake(second);
    const readings = await second
      .begin(filesIn(folder), parserOf('VpTotalRunTime : 1\n').layouts)
      ?.readings(never);
    const missing = names.flatMap((_, n) => (readings?.has(n) === true ? [] : [n]));
    expect(missing).toEqual([7, 8, 9]);
    await until(() => second.state === 'ready');
    expect((await second.begin(filesIn(folder), new Map())?.readings(never))?.size).toBe(0);
  });

  it('does not change the results', async () => {
    const second = reader();
    const source = open(hostFolder(), second);
    expect(await valuesOf(source)).toEqual(allValues);
    await awake(second);
    for (let round = 0; round < 5; round++) {
      expect(await valuesOf(source)).toEqual(allValues);
      await until(() => second.state === 'ready');
    }
  });

  it('leaves a second batch to its caller while the first one is being read', async () => {
    const second = reader();
    const source = open(hostFolder(), second);
    await awake(second);
    const results = await Promise.all([valuesOf(source), valuesOf(source), valuesOf(source)]);
    expect(results).toEqual([allValues, allValues, allValues]);
  });

  it('is not affected by a file that is missing, empty, not accessible or not a text', async () => {
    const folder = hostFolder();
    rmSync(join(folder, place(100)));
    putFile(folder, { place: place(200), content: '' });
    putFile(folder, { place: place(300), content: '\0'.repeat(2 * 1024 * 1024) });
    chmodSync(join(folder, place(400)), 0);
    const alone = await valuesOf(open(folder, reader({ processors: 1 })));
    const second = reader();
    const source = open(folder, second);
    await awake(second);
    const found = await valuesOf(source);
    expect(found).toEqual(alone);
    const messages = [100, 200, 300].map((index) => (found[index] as HvqlError).message);
    expect(messages).toEqual([
      'partition/5/vp/100/stats is not there.',
      'partition/5/vp/200/stats is empty.',
      'partition/5/vp/300/stats is no text of statistics: it has 1048576 bytes and more.',
    ]);
    expect(found[299]).toBe(valueOf(299));
    expect(found.filter((each) => each instanceof HvqlError).length).toBeLessThanOrEqual(4);
  });

  it('does not change the results for texts that were copied by other systems, or are not statistics', async () => {
    const folder = hostFolder();
    const changes = [
      (text: string) => text.replace('\n', '\r\n'),
      (text: string) => text.replace('\n', ' \t\n'),
      (text: string) => text.replace('Vp', ''),
      () => '\n\n',
      () => 'Access to this object is denied.\n',
      () => 'VpOfTomorrow : 5\nThis object is older.\n',
    ];
    const expected: unknown[] = [...allValues];
    for (let index = 0; index < processors; index++) {
      const kind = index % 7;
      const content = changes[kind]?.(`VpTotalRunTime : ${valueOf(index)}\n`);
      if (content === undefined) continue;
      putFile(folder, { place: place(index), content });
      if (kind < 3) continue;
      expected[index] = `partition/5/vp/${index}/stats is no text of statistics: it has no counter in it.`;
    }
    const second = reader();
    const source = open(folder, second);
    await awake(second);
    for (let round = 0; round < 3; round++) {
      const found = await valuesOf(source);
      expect(found.map((each) => (each instanceof HvqlError ? each.message : each))).toEqual(expected);
      await until(() => second.state === 'ready');
    }
  });

  it('stops working for a caller that aborts, and reads for the next', async () => {
    const second = reader();
    const source = open(hostFolder(), second);
    await awake(second);
    const leaving = new AbortController();
    const reading = source.read(names, leaving.signal);
    leaving.abort(new Error('left'));
    await expect(reading).rejects.toThrow('left');
    await until(() => second.state === 'ready');
    expect(await valuesOf(source)).toEqual(allValues);
  });

  it('starts its thread only when there is much to read, and stops it after a while', async () => {
    // The clock does not advance: a read on a busy machine takes longer than the idle time of a thread.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const second = reader({ idleMilliseconds: 2_000 });
    const source = open(hostFolder(), second);
    await source.read(names.slice(0, 100), never);
    expect(second.state).toBe('none');
    await source.read(names, never);
    vi.advanceTimersByTime(1_999);
    expect(second.state).not.toBe('none');
    vi.advanceTimersByTime(1);
    expect(second.state).toBe('none');
    // And starts again.
    expect(await valuesOf(source)).toEqual(allValues);
    expect(second.state).not.toBe('none');
  });

  it('starts no thread with one processor, with files of a test, or after it was closed', async () => {
    const folder = hostFolder();
    const single = reader({ processors: 1 });
    expect(await valuesOf(open(folder, single))).toEqual(allValues);
    expect(single.state).toBe('none');
    const second = reader();
    const source = openMshv(
      { folder, selfId: 1n },
      { clock: systemClock, second, files: { ...systemFiles } },
    );
    await source.read(names, never);
    expect(second.state).toBe('none');
    const closed = open(folder, second);
    await closed.close();
    expect(await valuesOf(closed)).toEqual(allValues);
    expect(second.state).toBe('none');
  });

  it.each([
    ['exits immediately', 'throw new Error("dead");'],
    ['exits because of its input', 'parentPort.on("message", () => process.exit(3));'],
  ])('is not used if its thread %s', async (_, code) => {
    const folder = scratchFolder();
    putFile(folder, {
      place: 'thread.mjs',
      content: `import { parentPort } from 'node:worker_threads';\n${code}`,
    });
    const second = reader({ script: pathToFileURL(join(folder, 'thread.mjs')) });
    const source = open(hostFolder(), second);
    for (let round = 0; round < 3; round++) {
      expect(await valuesOf(source)).toEqual(allValues);
      await until(() => second.state !== 'busy');
    }
    expect(second.state).toBe('none');
  });
});
