import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterNamed } from '../../../src/catalogue/catalogue.ts';
import { HvqlError } from '../../../src/errors.ts';
import { hypervisorName, objectKey, type ObjectName } from '../../../src/snapshot/object-name.ts';
import type { Topology } from '../../../src/snapshot/topology.ts';
import { shareReads } from '../../../src/source/ipc/share-reads.ts';
import { remoteSource } from '../../../src/source/ipc/remote-source.ts';
import { serveSource } from '../../../src/source/ipc/source-server.ts';
import type { Source } from '../../../src/source/source.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { openChannel, type Channel } from './channel.ts';

const never = new AbortController().signal;
const processor: ObjectName = { object: 'LOGICAL_PROCESSOR', index: 0 };
const partition: ObjectName = { object: 'PARTITION', partitionId: 2n };

let fake: FakeSource;
let owned: Source;
let channels: Channel[];
beforeEach(() => {
  fake = new FakeSource();
  fake.partitions = [partitionEntry(1n, null), partitionEntry(2n, 1n)];
  channels = [];
  owned = shareReads(fake, { clock: fake, windowMilliseconds: 10 });
});
afterEach(() => {
  for (const { owner, client } of channels) {
    owner.destroy();
    client.destroy();
  }
});

/** The source as another process has it. */
async function openClient(source: Source = owned): Promise<Source> {
  const channel = await openChannel();
  channels.push(channel);
  serveSource(source, channel.owner);
  return remoteSource(channel.client, source);
}

/** A source whose readings wait, and the signals that they were given. */
function hanging(): { source: Source; signals: AbortSignal[]; called: () => Promise<void> } {
  const signals: AbortSignal[] = [];
  let tell = (): void => undefined;
  const source: Source = {
    kind: 'fake',
    description: 'fake',
    topology: () => fake.topology(),
    read: (_objects, signal) => {
      signals.push(signal);
      tell();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
    close: async () => undefined,
  };
  const called = async (): Promise<void> => {
    if (signals.length === 0) await new Promise<void>((resolve) => (tell = resolve));
  };
  return { source, signals, called };
}

describe('a source that is shared between processes', () => {
  it('has the host name of the source that is read', async () => {
    const { source } = hanging();
    const client = await openClient(
      shareReads({ ...source, host: 'web-17' }, { clock: fake, windowMilliseconds: 0 }),
    );
    expect([client.host, (await openClient(source)).host]).toEqual(['web-17', null]);
  });

  it('is read once for the processes that send requests within the window, for the objects that each needs', async () => {
    const [one, other] = [await openClient(), await openClient()];
    const first = await one.read([hypervisorName, processor, partition], never);
    fake.milliseconds += 9;
    const second = await other.read([partition, hypervisorName], never);
    expect(fake.batches).toEqual([['', 'lp/0', 'partition/2']]);
    expect(second.at).toEqual(first.at);
    const counter = counterNamed('PARTITION', 'virtualProcessors');
    const value = ({ outcomes }: typeof first, n: number): unknown => {
      const outcome = outcomes[n];
      return outcome instanceof HvqlError ? outcome : outcome?.value(counter);
    };
    expect(value(second, 0)).toBe(value(first, 2));
  });

  it('is read again after the window, and for objects that have not been read in it', async () => {
    const source = await openClient();
    await source.read([hypervisorName], never);
    await source.read([processor], never);
    fake.milliseconds += 11;
    await source.read([processor], never);
    expect(fake.batches).toEqual([[''], ['lp/0'], ['lp/0']]);
  });

  it('lists objects once within the window, and gives each process its own object, which stays the same', async () => {
    const [one, other] = [await openClient(), await openClient()];
    const [first, second] = [await one.topology(never), await other.topology(never)];
    expect(fake.topologies).toBe(1);
    expect(second).not.toBe(first);
    expect(second.partitions).toEqual(first.partitions);
  });

  it('has a new topology after a change', async () => {
    const topology = (): Promise<Topology> => source.topology(never);
    const source = await openClient();
    expect((await topology()).partitions).toHaveLength(2);
    fake.partitions = [...fake.partitions, partitionEntry(7n, 1n)];
    fake.milliseconds += 100;
    expect((await topology()).partition(7n)).toMatchObject({ parent: 1n, name: 'p7' });
  });

  it('transfers code, message, facts and cause of read errors, and list errors', async () => {
    const source = await openClient();
    const facts = { page: 'lp/0/stats.page', bytes: 5 };
    const broken = new HvqlError('PAGE_MALFORMED', 'lp/0 is broken.', facts, { cause: new Error('EIO') });
    fake.broken.set('lp/0', broken);
    const listError = new HvqlError('PAGE_UNAVAILABLE', 'It is not accessible.', { partition: '2' });
    fake.partitions = [partitionEntry(1n, null), { ...partitionEntry(2n, 1n, 0), listError }];
    const { outcomes } = await source.read([processor, hypervisorName], never);
    expect(outcomes[0]).toBeInstanceOf(HvqlError);
    expect(outcomes[0]).toMatchObject({
      code: 'PAGE_MALFORMED',
      message: 'lp/0 is broken.',
      extensions: { code: 'PAGE_MALFORMED', ...facts },
      cause: { message: 'EIO' },
    });
    expect(outcomes[1]).not.toBeInstanceOf(HvqlError);
    const [, entry] = (await source.topology(never)).partitions;
    expect(entry?.listError).toMatchObject({ code: listError.code, extensions: listError.extensions });
    fake.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'The place has gone.'));
    fake.milliseconds += 100;
    await expect(source.read([processor], never)).rejects.toMatchObject({ message: 'The place has gone.' });
    await expect(source.topology(never)).rejects.toBeInstanceOf(HvqlError);
  });

  it('transfers more objects than fit into one frame', async () => {
    const source = await openClient();
    const names = Array.from({ length: 3_000 }, (_, index): ObjectName => ({
      object: 'LOGICAL_PROCESSOR',
      index,
    }));
    fake.value = (counter, name) => BigInt('index' in name ? name.index * 100 : 0) + BigInt(counter.slot);
    const { outcomes } = await source.read(names, never);
    const counter = counterNamed('LOGICAL_PROCESSOR', 'totalRunTime');
    const values = outcomes.map((outcome) => !(outcome instanceof HvqlError) && outcome.value(counter));
    expect(values).toEqual(names.map((_, n) => BigInt(n * 100 + counter.slot)));
  });

  it('aborts a reading when all callers have aborted, and not earlier', async () => {
    const { source, signals, called } = hanging();
    const shared = shareReads(source, { clock: fake, windowMilliseconds: 10 });
    const [one, other] = [await openClient(shared), await openClient(shared)];
    const [first, second] = [new AbortController(), new AbortController()];
    const readings = [one.read([processor], first.signal), other.read([processor], second.signal)];
    const ends = Promise.allSettled(readings);
    await called();
    // Both may have come in one turn, or one after the other.
    first.abort(new Error('first'));
    await expect(readings[0]).rejects.toThrow('first');
    second.abort(new Error('second'));
    await ends;
    for (const signal of signals) if (!signal.aborted) await once(signal, 'abort');
  });

  it('aborts the requests of a process that has exited, and reports to a process that its owner has exited', async () => {
    const { source, signals, called } = hanging();
    const reading = (await openClient(source)).read([processor], never);
    const told = expect(reading).rejects.toMatchObject({ code: 'PAGE_UNAVAILABLE' });
    await called();
    channels[0]?.client.destroy();
    await told;
    if (signals[0]?.aborted !== true) await once(signals[0] as AbortSignal, 'abort');
    await expect((await openClient(source)).close()).resolves.toBeUndefined();
    const other = await openClient(owned);
    channels.at(-1)?.owner.destroy();
    await expect(other.read([processor], never)).rejects.toMatchObject({ code: 'PAGE_UNAVAILABLE' });
    await expect(other.topology(never)).rejects.toMatchObject({ code: 'PAGE_UNAVAILABLE' });
  });

  it('closes a channel that receives invalid data', async () => {
    await openClient();
    const [channel] = channels;
    channel?.client.write(Buffer.alloc(64, 0xff));
    await once(channel?.client as NonNullable<typeof channel>['client'], 'close');
    expect(channel?.owner.destroyed).toBe(true);
  });
});

describe('shared reads of a source', () => {
  it('combine all calls in one turn of the event loop, each object once', async () => {
    const reads = [
      owned.read([processor, hypervisorName], never),
      owned.read([hypervisorName, hypervisorName], never),
      owned.read([partition], never),
    ];
    const all = await Promise.all(reads);
    expect(fake.batches).toEqual([['lp/0', '', 'partition/2']]);
    expect(all.map(({ outcomes }) => outcomes.length)).toEqual([2, 2, 1]);
    expect(new Set(all.map(({ at }) => at)).size).toBe(1);
    for (const outcome of all.flatMap(({ outcomes }) => outcomes))
      expect(outcome).not.toBeInstanceOf(HvqlError);
  });

  it('do not return a failed read to later calls', async () => {
    fake.broken.set('*', new HvqlError('PAGE_UNAVAILABLE', 'not now'));
    await expect(owned.read([processor], never)).rejects.toThrow('not now');
    await expect(owned.topology(never)).rejects.toThrow('not now');
    fake.broken.clear();
    expect((await owned.read([processor], never)).outcomes).toHaveLength(1);
    expect((await owned.topology(never)).partitions).toHaveLength(2);
  });

  it('let one caller abort without affecting others, and start again for calls after all have aborted', async () => {
    const gone = new AbortController();
    const first = owned.read([processor], gone.signal);
    gone.abort(new Error('gone'));
    const second = owned.read([processor], never);
    await expect(first).rejects.toThrow('gone');
    expect((await second).outcomes).toHaveLength(1);
  });

  it('start again in each turn if the window is 0', async () => {
    const source = shareReads(fake, { clock: fake, windowMilliseconds: 0 });
    await source.read([processor], never);
    await source.read([processor], never);
    expect(fake.batches.map((batch) => batch.join())).toEqual([processor, processor].map(objectKey));
  });
});
