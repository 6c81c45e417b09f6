import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { record } from '../../../src/cli/commands/record.ts';
import { HvqlError } from '../../../src/errors.ts';
import { objectKey } from '../../../src/snapshot/object-name.ts';
import { takeSnapshot, type NamedReading } from '../../../src/source/host-snapshot.ts';
import { openSource } from '../../../src/source/sources.ts';
import type { Source } from '../../../src/source/source.ts';
import { textOf } from '../../source/snapshot-text.ts';
import { copyOfFixture, fixture, putFile, scratchFolder } from '../../source/scratch.ts';
import { RecordedHost } from '../../source/windows/recorded-host.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

const never = new AbortController().signal;

/** Everything that the source reports, in each of `count` snapshots a second apart. */
async function watch(source: Source, { clock }: CommandOnTrial, count: number): Promise<unknown[]> {
  const seen = [];
  for (let n = 0; n < count; n++) {
    const snapshot = await takeSnapshot(source, never);
    seen.push({ at: snapshot.at, snapshot: textOf(snapshot) });
    clock.advance(1000);
  }
  return seen;
}

/** The source, failing at the topologies whose numbers these are. */
function failingAt(source: Source, numbers: readonly number[]): Source {
  let number = 0;
  return {
    ...source,
    async topology(signal) {
      if (numbers.includes(number++))
        throw new HvqlError('PAGE_UNAVAILABLE', 'The page folder is not there.');
      return source.topology(signal);
    },
  };
}

describe('hvql record', () => {
  it.each(['capture.tar', 'capture'])(
    'records the simulator to %s, which plays back identically',
    async (name) => {
      const out = `${scratchFolder()}/${name}`;
      const text = 'simulator?lps=4&partitions=4&vps=2';
      const recording = new CommandOnTrial();
      const source = await openSource(text, recording);
      expect(await record({ source, every: 1000, for: 10_000, out }, recording)).toBe(0);

      const live = new CommandOnTrial();
      const played = new CommandOnTrial();
      const capture = await openSource(`capture:${out}`, played);
      const seen = await watch(capture, played, 11);
      expect(seen).toEqual(await watch(await openSource(text, live), live, 11));
      await capture.close();
    },
  );

  it('keeps the name of the host, also when a capture is recorded again', async () => {
    const [first, second] = [`${scratchFolder()}/a.tar`, `${scratchFolder()}/b`];
    const trial = new CommandOnTrial();
    const source = await openSource('simulator?lps=1&partitions=1&vps=1', trial);
    await record({ source, every: 1000, for: 1000, out: first, hostName: 'web-17' }, trial);
    const capture = await openSource(`capture:${first}`, trial);
    await record({ source: capture, every: 1000, for: 1000, out: second }, trial);
    const again = await openSource(`capture:${second}`, trial);
    expect([source.host, capture.host, again.host]).toEqual([undefined, 'web-17', 'web-17']);
    await capture.close();
    await again.close();
  });

  it('skips snapshots of a page folder that has lost its manifest', async () => {
    const folder = copyOfFixture('small-host');
    const out = `${scratchFolder()}/capture`;
    const world = new CommandOnTrial();
    let waits = 0;
    world.afterWait = () => {
      const manifest = readFileSync(`${fixture('small-host')}/manifest.json`);
      if (++waits === 1) rmSync(`${folder}/manifest.json`);
      else putFile(folder, { place: 'manifest.json', content: manifest });
    };
    const source = await openSource(`pages:${folder}`, world);
    expect(await record({ source, every: 1000, for: 2000, out }, world)).toBe(0);
    expect(world.output).toMatch(/^Recorded 2 frames /);
    expect(world.errors).toContain('manifest.json is not there any more');
  });

  it('records the partitions and pages of a page folder unchanged', async () => {
    const out = `${scratchFolder()}/capture.tar`;
    const world = new CommandOnTrial();
    const source = await openSource(`pages:${fixture('small-host')}`, world);
    expect(await record({ source, every: 250, for: 1000, out }, world)).toBe(0);
    expect(world.output).toBe(`Recorded 5 frames with 100 pages (409.6 KB) to ${out}.\n`);
    expect(world.errors).toBe('');
    const capture = await openSource(`capture:${out}?frame=4`, world);
    const [recorded, original] = [await takeSnapshot(capture, never), await takeSnapshot(source, never)];
    expect(textOf(recorded)).toEqual(textOf(original));
    await capture.close();
  });

  it('ends with a complete capture when it is stopped', async () => {
    const out = `${scratchFolder()}/capture.tar`;
    const world = new CommandOnTrial();
    let waits = 0;
    world.afterWait = () => {
      if (++waits === 3) world.abort();
    };
    const source = await openSource('simulator?lps=2&partitions=2&vps=1', world);
    expect(await record({ source, every: 1000, out }, world)).toBe(0);
    expect(world.output).toMatch(/^Recorded 3 frames /);
    const capture = await openSource(`capture:${out}?frame=2`, world);
    await capture.close();
  });

  it('omits a page that cannot be read, and says why', async () => {
    const folder = copyOfFixture('small-host');
    putFile(folder, { place: 'lp/1/stats.page', content: 'short' });
    const out = `${scratchFolder()}/capture`;
    const world = new CommandOnTrial();
    const source = await openSource(`pages:${folder}`, world);
    expect(await record({ source, every: 1000, for: 1000, out }, world)).toBe(0);
    expect(readdirSync(`${out}/frames/000001/lp`)).toEqual(['0', '2', '3']);
    expect(world.output).toBe(`Recorded 2 frames with 38 pages (155.6 KB) to ${out}.\n`);
    expect(world.errors).toBe(
      '2 pages could not be read:\n' +
        '  lp/1/stats.page is not a statistics page: a statistics page has 4096 bytes, but there are 5.\n  …\n',
    );
  });

  it('skips snapshots that fail completely, and ticks that are too late', async () => {
    const out = `${scratchFolder()}/capture`;
    const world = new CommandOnTrial();
    const source = failingAt(await openSource('simulator?lps=2&partitions=2&vps=1', world), [1]);
    let waits = 0;
    world.afterWait = () => {
      // The third wait takes two and a half ticks more than it should.
      if (++waits === 3) world.clock.advance(2500);
    };
    expect(await record({ source, every: 1000, for: 6000, out }, world)).toBe(0);
    expect(readdirSync(`${out}/frames`)).toEqual(['000000', '000001', '000002', '000003']);
    expect(world.errors).toBe(
      '2 snapshots left out, because the one before took too long.\n1 snapshot could not be read:\n  The page folder is not there.\n',
    );
  });

  it('ends with the last frame of a capture that is not played in a loop', async () => {
    const out = `${scratchFolder()}/capture.tar`;
    const world = new CommandOnTrial();
    const source = await openSource(`capture:${fixture('three-frames')}`, world);
    expect(await record({ source, every: 1000, for: 4000, out }, world)).toBe(0);
    expect(world.output).toMatch(/^Recorded 3 frames /);
    expect(world.errors).toBe(
      '2 snapshots could not be read:\n  The source had no newer readings than the previous snapshot.\n  …\n',
    );
  });

  it('leaves no files and exits with 1 if there is no frame', async () => {
    const folder = scratchFolder();
    const world = new CommandOnTrial();
    const source = failingAt(await openSource('simulator', world), [0, 1]);
    for (const name of ['capture', 'capture.tar']) {
      expect(await record({ source, every: 1000, for: 0, out: `${folder}/${name}` }, world)).toBe(1);
    }
    expect(readdirSync(folder)).toEqual([]);
    expect(world.errors).toContain(`Nothing was recorded, and ${folder}/capture.tar is not written.\n`);
  });

  it('records the text of a source without pages, and plays it back', async () => {
    const folder = scratchFolder();
    for (const out of [join(folder, 'host.tar'), join(folder, 'host')]) {
      const world = new CommandOnTrial();
      const tree = copyOfFixture('mshv');
      putFile(tree, { place: 'partition/2/stats', content: 'PtTlbSize : 5\nPtOfTomorrow : 6\n' });
      putFile(tree, { place: 'names.json', content: '{"1": "root", "4": "web-1"}' });
      const source = await openSource(`mshv:${tree}`, {
        clock: world.clock,
        names: join(tree, 'names.json'),
      });
      expect(await record({ source, every: 1000, for: 1000, out }, world)).toBe(0);
      expect(world.output).toMatch(/^Recorded 2 frames with 24 readings \([\d.]+ [kKM]i?B\) to /);

      const capture = await openSource(`capture:${out}?frame=1`, world);
      const [recorded, original] = [await takeSnapshot(capture, never), await takeSnapshot(source, never)];
      expect(recorded.failures).toEqual([]);
      expect(recorded.topology.partitions).toEqual(original.topology.partitions);
      expect(recorded.pageless.map(everythingIn)).toEqual(original.pageless.map(everythingIn));
      expect(everythingIn(recorded.pageless.find(({ name }) => objectKey(name) === 'partition/2'))).toEqual([
        'partition/2 virtualTlbPages 5',
        'partition/2 PtOfTomorrow 6',
      ]);
      expect(capture.unreadableLines).toBe(0);
      await capture.close();
    }
  });

  it.each(['2019', '23h2'] as const)(
    'records the classes of a Windows host of release %s, each reading with its time',
    async (release) => {
      const folder = scratchFolder();
      for (const out of [join(folder, 'host.tar'), join(folder, 'host')]) {
        const world = new CommandOnTrial();
        const host = new RecordedHost(release);
        const source = await openSource(`windows?powershell=${host.executable}`, world);
        onTestFinished(() => source.close());
        world.afterWait = () => host.play(1);
        expect(await record({ source, every: 2000, for: 2000, out }, world)).toBe(0);
        expect(world.output).toMatch(/^Recorded 2 frames with \d+ readings /);
        expect(world.errors).toBe('');

        const again = await openSource(`windows?powershell=${host.executable}`, world);
        onTestFinished(() => again.close());
        for (const frame of [0, 1]) {
          host.play(frame);
          const capture = await openSource(`capture:${out}?frame=${frame}`, world);
          const [replayed, original] = [await takeSnapshot(capture, never), await takeSnapshot(again, never)];
          expect(replayed.failures).toEqual([]);
          expect(replayed.at).toEqual(original.at);
          expect(replayed.topology.partitions).toEqual(original.topology.partitions);
          expect(replayed.pageless.map(everythingIn)).toEqual(original.pageless.map(everythingIn));
          const moments = original.pageless.map(({ reading }) => reading.at);
          expect(new Set(moments.map((at) => at?.monotonicNanoseconds)).size).toBe(6);
          expect(replayed.pageless.map(({ reading }) => reading.at)).toEqual(moments);
          expect(capture.unreadableLines).toBe(0);
          await capture.close();
        }
      }
    },
  );

  it('never overwrites a file', async () => {
    const folder = scratchFolder();
    putFile(folder, { place: 'there.tar', content: 'precious' });
    const world = new CommandOnTrial();
    const source = await openSource('simulator', world);
    const to = (out: string) => record({ source, every: 1000, for: 0, out }, world);
    await expect(to(`${folder}/there.tar`)).rejects.toThrow(`${folder}/there.tar exists already`);
    await expect(to(folder)).rejects.toThrow(
      `The folder ${folder} needs to be empty for a capture, but holds there.tar.`,
    );
    await expect(to(`${folder}/no/where.tar`)).rejects.toThrow(
      `${folder}/no/where.tar cannot be written: no such file or directory (ENOENT).`,
    );
    await expect(to(`${folder}/no/where`)).rejects.toThrow(
      `${folder}/no/where cannot be written: no such file or directory (ENOENT).`,
    );
    expect(readdirSync(folder)).toEqual(['there.tar']);
  });

  it('reports how much is missing if the last snapshot takes longer than the recording', async () => {
    const out = `${scratchFolder()}/capture`;
    const world = new CommandOnTrial();
    const source = await openSource('simulator?lps=2&partitions=2&vps=1', world);
    world.afterWait = () => world.clock.advance(60_000);
    expect(await record({ source, every: 1000, for: 3000, out }, world)).toBe(0);
    expect(world.errors).toBe('2 snapshots left out, because the one before took too long.\n');
  });

  it('does not report a snapshot as late that was in progress when the recording stopped', async () => {
    const out = `${scratchFolder()}/capture.tar`;
    const world = new CommandOnTrial();
    const simulator = await openSource('simulator?lps=2&partitions=2&vps=1', world);
    let reads = 0;
    const source: Source = {
      ...simulator,
      topology(signal) {
        if (++reads === 3) world.abort();
        return simulator.topology(signal);
      },
    };
    expect(await record({ source, every: 1000, out }, world)).toBe(0);
    expect(world.output).toMatch(/^Recorded 2 frames /);
    expect(world.errors).toBe('');
  });

  it('shows its progress on terminals only', async () => {
    const world = new CommandOnTrial({ isTTY: true, columns: 30 });
    const source = await openSource('simulator?lps=2&partitions=2&vps=1', world);
    await record({ source, every: 1000, for: 1000, out: `${scratchFolder()}/capture.tar` }, world);
    expect(world.errors).toBe(
      '\r\u001b[KRecording: 1 frame of 2, 28.7\r\u001b[KRecording: 2 frames of 2, 57.\r\u001b[K',
    );
  });
});

/** All that an object's reading carries, whether it has a name here or not. */
function everythingIn(found: NamedReading | undefined): string[] {
  if (found === undefined) return [];
  const { name, reading } = found;
  const named = countersOf(name.object).flatMap((counter) => {
    const value = reading.value(counter);
    return value === undefined ? [] : [`${counter.field} ${value}`];
  });
  const unnamed = reading.unnamed?.().map((each) => `${each.name} ${each.value}`) ?? [];
  return [...named, ...unnamed].map((line) => `${objectKey(name)} ${line}`);
}
