import { encodeCounters } from '../../src/page/encode.ts';
import { openSource } from '../../src/source/sources.ts';
import { describeSource, type SourceOnTrial } from '../contract/source.ts';
import { packTar } from './capture/pack-tar.ts';
import { ManualClock } from './manual-clock.ts';
import { copyOfFixture, fixture, putFile } from './scratch.ts';
import { RecordedHost, type Release } from './windows/recorded-host.ts';

describeSource('the simulator', async () => {
  const clock = new ManualClock();
  const source = await openSource('simulator?lps=4&partitions=4&vps=2&nested=1', { clock });
  return { source, goOn: () => clock.advance(1000) };
});

describeSource('a page folder', async () => {
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
});

describeSource('a capture in a folder', async () => {
  const clock = new ManualClock();
  const source = await openSource(`capture:${fixture('three-frames')}`, { clock });
  return { source, goOn: () => clock.advance(1000) };
});

describeSource('a capture in a tar, in a loop', async () => {
  const clock = new ManualClock();
  const tar = await packTar(fixture('three-frames'));
  const source = await openSource(`capture:${tar}?loop=true`, { clock });
  return { source, goOn: () => clock.advance(1000) };
});

describeSource('Windows Server 2019', () => windowsOnTrial('2019'));
describeSource('Windows Server 23H2', () => windowsOnTrial('23h2'));

async function windowsOnTrial(release: Release): Promise<SourceOnTrial> {
  const clock = new ManualClock();
  const host = new RecordedHost(release);
  const source = await openSource(`windows?powershell=${host.executable}`, { clock });
  return {
    source,
    goOn() {
      clock.advance(2000);
      host.play(1);
    },
  };
}
