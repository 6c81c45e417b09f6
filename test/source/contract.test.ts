import { encodeCounters } from '../../src/page/encode.ts';
import { oneLook } from '../../src/source/shared/one-look.ts';
import { sharedSource } from '../../src/source/shared/shared-source.ts';
import { answerFor } from '../../src/source/shared/source-owner.ts';
import { openSource } from '../../src/source/sources.ts';
import { describeSource } from '../contract/source.ts';
import { packTar } from './capture/pack-tar.ts';
import { ManualClock } from './manual-clock.ts';
import { copyOfFixture, fixture, putFile } from './scratch.ts';
import { openChannel } from './shared/channel.ts';
import { pageless } from './shared/pageless.ts';

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

for (const pages of ['with pages', 'without pages']) {
  describeSource(`one ${pages} that another process reads`, async () => {
    const clock = new ManualClock();
    const simulator = await openSource('simulator?lps=4&partitions=4&vps=2&nested=1', { clock });
    const { owner, asker } = await openChannel();
    const source = pages === 'with pages' ? simulator : pageless(simulator);
    answerFor(oneLook(source, { clock, windowMilliseconds: 10 }), owner);
    return { source: sharedSource(asker, simulator), goOn: () => clock.advance(1000) };
  });
}
