import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { objectKey, type ObjectName } from '../../../src/snapshot/object-name.ts';
import { openMshv } from '../../../src/source/mshv/mshv.ts';
import { SecondReader } from '../../../src/source/mshv/second-reader.ts';
import { systemFiles } from '../../../src/source/page-folder/file-system.ts';
import { putFile, scratchFolder } from '../scratch.ts';

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

/** Begins the thread, and waits until it can take something. */
async function awake(second: SecondReader): Promise<void> {
  second.begin(['none'])?.end();
  await vi.waitFor(() => expect(second.state).toBe('ready'), 10_000);
}

async function valuesOf(source: ReturnType<typeof open>): Promise<unknown[]> {
  const { outcomes } = await source.read(names, never);
  return outcomes.map((outcome) =>
    outcome instanceof HvqlError || totalRunTime === undefined ? outcome : outcome.value(totalRunTime),
  );
}

const allValues = names.map((_, index) => valueOf(index));

describe('a second reader', () => {
  it('reads what nobody else takes, each text where it belongs', async () => {
    const folder = hostFolder();
    const second = reader();
    await awake(second);
    const shared = second.begin(names.map((_, index) => join(folder, place(index))));
    const texts = await shared?.texts(never);
    expect(texts?.size).toBe(processors);
    for (const [index, bytes] of texts ?? []) {
      expect(Buffer.from(bytes).toString()).toBe(`VpTotalRunTime : ${valueOf(index)}\n`);
    }
    expect(shared?.take()).toBeNull();
    shared?.end();
  });

  it('finds room for more than it had at first, and leaves what is more than it may have', async () => {
    const folder = scratchFolder();
    const long = 'VpTotalRunTime : 5\n'.padEnd(900_000, 'x\n');
    const paths = Array.from({ length: 30 }, (_, n) => {
      putFile(folder, { place: `${n}`, content: long });
      return join(folder, `${n}`);
    });
    const second = reader();
    await awake(second);
    for (const round of [1, 2]) {
      const shared = second.begin(paths);
      const texts = await shared?.texts(never);
      // 16 MiB hold 18 of them.
      expect([round, texts?.size]).toEqual([round, 18]);
      expect(Buffer.from(texts?.get(17) ?? []).equals(Buffer.from(long))).toBe(true);
      shared?.end();
      await vi.waitFor(() => expect(second.state).toBe('ready'));
    }
  });

  it('makes no difference to what is read', async () => {
    const second = reader();
    const source = open(hostFolder(), second);
    expect(await valuesOf(source)).toEqual(allValues);
    await awake(second);
    for (let round = 0; round < 5; round++) {
      expect(await valuesOf(source)).toEqual(allValues);
      await vi.waitFor(() => expect(second.state).toBe('ready'));
    }
  });

  it('leaves a second look to whoever asks, while a first is read', async () => {
    const second = reader();
    const source = open(hostFolder(), second);
    await awake(second);
    const looks = await Promise.all([valuesOf(source), valuesOf(source), valuesOf(source)]);
    expect(looks).toEqual([allValues, allValues, allValues]);
  });

  it('fails for none of the others where a file is gone, empty, closed to it, or no text', async () => {
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

  it('is left by who waits no longer, and reads for the next', async () => {
    const second = reader();
    const source = open(hostFolder(), second);
    await awake(second);
    const leaving = new AbortController();
    const look = source.read(names, leaving.signal);
    leaving.abort(new Error('left'));
    await expect(look).rejects.toThrow('left');
    await vi.waitFor(() => expect(second.state).toBe('ready'));
    expect(await valuesOf(source)).toEqual(allValues);
  });

  it('has no thread before there is something long to read, and none a while after', async () => {
    const second = reader({ idleMilliseconds: 200 });
    const source = open(hostFolder(), second);
    await source.read(names.slice(0, 100), never);
    expect(second.state).toBe('none');
    await source.read(names, never);
    expect(second.state).not.toBe('none');
    await vi.waitFor(() => expect(second.state).toBe('none'), 5_000);
    // And begins once more.
    expect(await valuesOf(source)).toEqual(allValues);
    expect(second.state).not.toBe('none');
  });

  it('has none with one processor, with files of a test, nor after it was closed', async () => {
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
    ['dies at once', 'throw new Error("dead");'],
    ['dies of what it is given', 'parentPort.on("message", () => process.exit(3));'],
  ])('is done without where its thread %s', async (_, code) => {
    const folder = scratchFolder();
    putFile(folder, {
      place: 'thread.mjs',
      content: `import { parentPort } from 'node:worker_threads';\n${code}`,
    });
    const second = reader({ script: pathToFileURL(join(folder, 'thread.mjs')) });
    const source = open(hostFolder(), second);
    for (let round = 0; round < 3; round++) {
      expect(await valuesOf(source)).toEqual(allValues);
      await vi.waitFor(() => expect(second.state).not.toBe('busy'), 10_000);
    }
    expect(second.state).toBe('none');
  });
});
