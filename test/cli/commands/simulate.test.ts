import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../../src/cli/commands/simulate.ts';
import { UsageError } from '../../../src/errors.ts';
import { takeSnapshot } from '../../../src/source/host-snapshot.ts';
import { openPageFolder } from '../../../src/source/page-folder/page-folder.ts';
import { simulatorSettings } from '../../../src/source/simulator/settings.ts';
import { openSource } from '../../../src/source/sources.ts';
import { textOf } from '../../source/snapshot-text.ts';
import { putFile, scratchFolder } from '../../source/scratch.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

const query = 'seed=3&lps=4&partitions=6&vps=2';
const settings = simulatorSettings(new URLSearchParams(query));
const never = new AbortController().signal;

describe('hvql simulate', () => {
  it('leaves the last pages of the simulator in the folder', async () => {
    const out = `${scratchFolder()}/pages`;
    const world = new CommandOnTrial();
    expect(await simulate({ settings, out, every: 100, for: 10_000 }, world)).toBe(0);
    expect(world.output).toBe(
      `Writing 23 pages to ${out} every 100ms.\nRenewed the pages 101 times; the last ones stay in ${out}.\n`,
    );
    expect(world.errors).toBe('');

    const written = await takeSnapshot(openPageFolder(out, world), never);
    const again = new CommandOnTrial();
    const source = await openSource(`simulator?${query}`, again);
    again.clock.advance(10_000);
    const expected = await takeSnapshot(source, never);
    expect(textOf(written)).toEqual(textOf(expected));
  });

  it('never shows a reader partial pages or unknown partitions, while partitions start and stop', async () => {
    const out = scratchFolder();
    const world = new CommandOnTrial();
    const reader = openPageFolder(out, world);
    const generations = new Set<string>();
    const reads: Promise<void>[] = [];
    world.afterWait = () => {
      reads.push(
        takeSnapshot(reader, never).then(({ topology, failures }) => {
          expect(failures).toEqual([]);
          for (const { name } of topology.partitions) expect(name).not.toBeNull();
          generations.add(topology.partitions.map(({ id }) => id).join());
        }),
      );
    };
    await simulate({ settings, out, every: 3000, for: 900_000 }, world);
    await Promise.all(reads);
    expect(generations.size).toBeGreaterThan(2);
  });

  it('stops when its signal is aborted', async () => {
    const out = scratchFolder();
    const world = new CommandOnTrial();
    world.afterWait = () => world.abort();
    expect(await simulate({ settings, out, every: 100 }, world)).toBe(0);
    expect(world.output).toContain('Renewed the pages 1 time;');
    expect(readdirSync(out).sort()).toEqual(['lp', 'manifest.json', 'partition', 'stats.page']);
  });

  it('reuses the folder of an earlier run', async () => {
    const out = scratchFolder();
    const large = simulatorSettings(new URLSearchParams('lps=8&partitions=3&vps=4'));
    await simulate({ settings: large, out, every: 100, for: 0 }, new CommandOnTrial());
    await simulate({ settings, out, every: 100, for: 0 }, new CommandOnTrial());
    expect(readdirSync(`${out}/lp`).sort()).toEqual(['0', '1', '2', '3']);
    expect(readdirSync(`${out}/partition/1/vp`).sort()).toEqual(['0', '1']);
  });

  it('refuses a folder that contains anything else', async () => {
    const out = scratchFolder();
    putFile(out, { place: 'precious', content: '' });
    const world = new CommandOnTrial();
    await expect(simulate({ settings, out, every: 100, for: 0 }, world)).rejects.toThrow(
      new UsageError([
        `The folder ${out} needs to be empty or a page folder with a manifest.json, but holds precious.`,
      ]),
    );
  });

  it('shows its progress on a terminal', async () => {
    const world = new CommandOnTrial({ isTTY: true });
    await simulate({ settings, out: scratchFolder(), every: 100, for: 0 }, world);
    expect(world.errors).toBe('\r\u001b[K6 partitions, 23 pages, renewed 1 time\r\u001b[K');
  });
});
