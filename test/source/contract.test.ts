import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { encodeCounters } from '../../src/page/encode.ts';
import { shareReads } from '../../src/source/ipc/share-reads.ts';
import { remoteSource } from '../../src/source/ipc/remote-source.ts';
import { serveSource } from '../../src/source/ipc/source-server.ts';
import { captureWriter } from '../../src/source/capture/capture-writer.ts';
import { takeSnapshot } from '../../src/source/host-snapshot.ts';
import { openSource } from '../../src/source/sources.ts';
import { bothWays, describeSource, type SourceOnTrial } from '../contract/source.ts';
import { packTar } from './capture/pack-tar.ts';
import { ManualClock } from './manual-clock.ts';
import { openChannel } from './ipc/channel.ts';
import { pageless } from './ipc/pageless.ts';
import { copyOfFixture, fixture, putFile } from './scratch.ts';
import { RecordedHost, type Release } from './windows/recorded-host.ts';

describe.each([2013, 2026])('for the release %i,', (release) => {
  describeSource(
    'the simulator',
    async () => {
      const clock = new ManualClock();
      const place = `simulator?lps=4&partitions=4&vps=2&nested=1&release=${release}`;
      return { source: await openSource(place, { clock }), goOn: () => clock.advance(1000) };
    },
    bothWays,
  );
});

describeSource(
  'a page folder',
  async () => {
    const clock = new ManualClock();
    const folder = copyOfFixture('small-host');
    const source = await openSource(`pages:${folder}`, { clock });
    let renewals = 0n;
    return {
      source,
      goOn() {
        clock.advance(1000);
        renewals++;
        const content = encodeCounters('LOGICAL_PROCESSOR', ({ slot }) => renewals * 1000n + BigInt(slot));
        putFile(folder, { place: 'lp/0/stats.page', content });
      },
    };
  },
  bothWays,
);

describeSource(
  'a capture in a folder',
  async () => {
    const clock = new ManualClock();
    const source = await openSource(`capture:${fixture('three-frames')}`, { clock });
    return { source, goOn: () => clock.advance(1000) };
  },
  bothWays,
);

describeSource(
  'a capture in a tar, in a loop',
  async () => {
    const clock = new ManualClock();
    const tar = await packTar(fixture('three-frames'));
    const source = await openSource(`capture:${tar}?loop=true`, { clock });
    return { source, goOn: () => clock.advance(1000) };
  },
  bothWays,
);

for (const pages of ['with pages', 'without pages']) {
  describeSource(`one ${pages} that another process reads`, async () => {
    const clock = new ManualClock();
    const simulator = await openSource('simulator?lps=4&partitions=4&vps=2&nested=1', { clock });
    const { owner, client } = await openChannel();
    const source = pages === 'with pages' ? simulator : pageless(simulator);
    serveSource(shareReads(source, { clock, windowMilliseconds: 10 }), owner);
    return { source: remoteSource(client, simulator), goOn: () => clock.advance(1000) };
  });
}

describeSource('a Linux host', async () => {
  const { source, goOn } = await openLinuxHost();
  return { source, goOn };
});

describeSource('a Linux host that another process reads', async () => {
  const { source, goOn, clock } = await openLinuxHost();
  const { owner, client } = await openChannel();
  serveSource(shareReads(source, { clock, windowMilliseconds: 10 }), owner);
  return { source: remoteSource(client, source), goOn };
});

describe.each(['folder', 'tar'] as const)('recorded to a %s,', (kind) => {
  describeSource('a Linux host', recorded(openLinuxHost, { kind, frames: 3 }), bothWays);
  describeSource(
    'Windows Server 2019',
    recorded(() => openWindowsHost('2019'), { kind, frames: 2 }),
    bothWays,
  );
});

interface HostOnTrial extends SourceOnTrial {
  readonly clock: ManualClock;
}

const captures = mkdtempSync(join(tmpdir(), 'hvql-contract-'));
afterAll(() => rmSync(captures, { recursive: true }));

/** Opens a capture of the host. It is recorded when it is first opened. */
function recorded(
  openHost: () => Promise<HostOnTrial>,
  as: { readonly kind: 'folder' | 'tar'; readonly frames: number },
): () => Promise<SourceOnTrial> {
  let capture: Promise<string> | undefined;
  return async () => {
    const clock = new ManualClock();
    capture ??= openHost().then((host) => record(host, as));
    // A frame of the Windows host is two seconds after the one before.
    return {
      source: await openSource(`capture:${await capture}`, { clock }),
      goOn: () => clock.advance(2000),
    };
  };
}

async function record(
  { source, goOn }: HostOnTrial,
  { kind, frames }: { readonly kind: 'folder' | 'tar'; readonly frames: number },
): Promise<string> {
  const out = join(mkdtempSync(join(captures, kind)), kind === 'tar' ? 'host.tar' : 'host');
  const writer = await captureWriter(out);
  for (let frame = 0; frame < frames; frame++) {
    await writer.writeFrame(await takeSnapshot(source, new AbortController().signal));
    goOn();
  }
  await writer.finish();
  await source.close();
  return out;
}

async function openLinuxHost(): Promise<HostOnTrial> {
  const clock = new ManualClock();
  const folder = copyOfFixture('mshv');
  const source = await openSource(`mshv:${folder}`, { clock });
  let renewals = 0;
  const goOn = (): void => {
    clock.advance(1000);
    renewals++;
    putFile(folder, { place: 'lp/0/stats', content: `LpGlobalTime : ${renewals * 1000}\n` });
  };
  return { source, goOn, clock };
}

describeSource('Windows Server 2019', () => openWindowsHost('2019'));
describeSource('Windows Server 23H2', () => openWindowsHost('23h2'));

async function openWindowsHost(release: Release): Promise<HostOnTrial> {
  const clock = new ManualClock();
  const host = new RecordedHost(release);
  const source = await openSource(`windows?powershell=${host.executable}`, { clock });
  return {
    source,
    clock,
    goOn() {
      clock.advance(2000);
      host.play(1);
    },
  };
}
