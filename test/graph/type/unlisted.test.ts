/** The field unlisted: numbers that a source reports and that are not in the catalogue. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { onTestFinished, describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/catalogue/catalogue.ts';
import { record } from '../../../src/cli/commands/record.ts';
import { openSource } from '../../../src/source/sources.ts';
import { openWindows } from '../../../src/source/windows/windows.ts';
import type { Source } from '../../../src/source/source.ts';
import { ask, caller, errorsOf, samplerOf } from '../../ask.ts';
import { CommandOnTrial } from '../../cli/command-on-trial.ts';
import { FakeSource, partitionEntry } from '../../fake-source.ts';
import { ManualClock } from '../../source/manual-clock.ts';
import { copyOfFixture, putFile, scratchFolder } from '../../source/scratch.ts';
import { RecordedHost, type Release } from '../../source/windows/recorded-host.ts';

async function open(text: string): Promise<Source> {
  const source = await openSource(text, { clock: new ManualClock() });
  onTestFinished(() => source.close());
  return source;
}

/** A Linux host whose kernel is newer than the catalogue: each file has one more line. */
function newerHost(): string {
  const folder = copyOfFixture('mshv');
  for (const [place, name] of [
    ['stats', 'HvOfTomorrow'],
    ['lp/0/stats', 'LpOfTomorrow'],
    ['partition/2/stats', 'PtOfTomorrow'],
    ['partition/2/vp/0/stats', 'VpOfTomorrow'],
  ] as const) {
    const path = `${folder}/${place}`;
    writeFileSync(path, `${readFileSync(path, 'utf8')}${name.padEnd(43)}: 18446744073709551615\n`);
  }
  return folder;
}

const everywhere = `{ hypervisor {
  unlisted { name value }
  logicalProcessor(index: 0) { counters { totalRunTime } unlisted { name value } }
  partition(id: 2) { unlisted { name value } virtualProcessor(index: 0) { counters { hypercalls } unlisted { name value } } }
} }`;

const namesIn = (unlisted: readonly { name: string }[]): string[] => unlisted.map(({ name }) => name);

describe('unlisted', () => {
  it('contains what the Linux driver prints and the catalogue does not have, including reserved slots', async () => {
    const source = await open(`mshv:${newerHost()}`);
    const { data, errors } = await ask({ source, query: everywhere });
    expect(errors).toBeUndefined();
    const { unlisted, logicalProcessor, partition } = data.hypervisor;
    expect(unlisted).toEqual([{ name: 'HvOfTomorrow', value: '18446744073709551615' }]);
    const reserved = (prefix: string, from: number, to: number): string[] =>
      Array.from({ length: to - from + 1 }, (_, n) => `${prefix}Placeholder${from + n}`);
    expect(namesIn(logicalProcessor.unlisted)).toEqual([...reserved('Lp', 1, 9), 'LpOfTomorrow']);
    expect(namesIn(partition.unlisted)).toEqual([...reserved('Pt', 1, 8), 'PtOfTomorrow']);
    expect(namesIn(partition.virtualProcessor.unlisted)).toEqual([...reserved('Vp', 1, 8), 'VpOfTomorrow']);
    expect(logicalProcessor.counters.totalRunTime).toMatch(/^\d+$/);
    expect(partition.virtualProcessor.counters.hypercalls).toMatch(/^\d+$/);
  });

  it.each(['mshv:', 'capture:'])('contains all numbers if no name is known: %s', async (kind) => {
    const folder = copyOfFixture('mshv');
    putFile(folder, { place: 'partition/2/vp/0/stats', content: 'VpNew : 7\nVpNewer : 8\n' });
    let place = folder;
    if (kind === 'capture:') {
      place = `${scratchFolder()}/capture`;
      await recorded(await open(`mshv:${folder}`), place);
    }
    const source = await open(`${kind}${place}`);
    const { data, errors } = await ask({
      source,
      query:
        '{ partition(id: 2) { virtualProcessor(index: 0) { counters { hypercalls totalRunTime } unlisted { name value } } } }',
    });
    expect(errors).toBeUndefined();
    expect(data.partition.virtualProcessor).toEqual({
      counters: { hypercalls: null, totalRunTime: null },
      unlisted: [
        { name: 'VpNew', value: '7' },
        { name: 'VpNewer', value: '8' },
      ],
    });
  });

  it('contains at most 512 numbers, with names of at most 128 characters, and counts as 512 values', async () => {
    const folder = copyOfFixture('mshv');
    const lines = [
      'PtVirtualProcessors : 1',
      `${'x'.repeat(129)} : 1`,
      `${'y'.repeat(128)} : 2`,
      ...Array.from({ length: 600 }, (_, n) => `Pt${n} : ${n}`),
    ];
    putFile(folder, { place: 'partition/2/stats', content: `${lines.join('\n')}\n` });
    const source = await open(`mshv:${folder}`);
    const query = '{ partition(id: 2) { unlisted { name value } } }';
    const { data } = await ask({ source, query, limits: { maxValues: 512 } });
    expect(data.partition.unlisted).toHaveLength(512);
    expect(data.partition.unlisted.slice(0, 2)).toEqual([
      { name: 'y'.repeat(128), value: '2' },
      { name: 'Pt0', value: '0' },
    ]);
    expect(errorsOf(await ask({ source, query, limits: { maxValues: 511 } }))).toEqual(['LIMIT_EXCEEDED']);
  });

  it('is readable only for callers that may read the object', async () => {
    const source = await open(`mshv:${newerHost()}`);
    const guest = await ask({ source, caller: caller(4n), query: everywhere });
    expect(errorsOf(guest)).toEqual([
      'hypervisor.logicalProcessor ACCESS_DENIED NOT_ROOT',
      'hypervisor.partition ACCESS_DENIED NOT_SELF_OR_PARENT',
      'hypervisor.unlisted ACCESS_DENIED NOT_ROOT',
    ]);
    expect(JSON.stringify(guest)).not.toContain('OfTomorrow');
    const own = await ask({ source, caller: caller(2n), query: '{ partition { unlisted { name } } }' });
    expect(namesIn(own.data.partition.unlisted)).toContain('PtOfTomorrow');
  });

  it('fails if the object cannot be read', async () => {
    const folder = copyOfFixture('mshv');
    putFile(folder, { place: 'partition/2/stats', content: '' });
    const source = await open(`mshv:${folder}`);
    const answer = await ask({ source, query: '{ partition(id: 2) { name unlisted { name } } }' });
    expect(errorsOf(answer)).toEqual(['partition.unlisted PAGE_UNAVAILABLE EMPTY']);
    expect(answer.data).toEqual({ partition: { name: null, unlisted: null } });
  });

  it('is empty if the source has pages', async () => {
    for (const text of ['simulator?lps=2&partitions=3', `pages:${copyOfFixture('small-host')}`]) {
      const source = await open(text);
      const { data, errors } = await ask({
        source,
        query: '{ hypervisor { unlisted { name } logicalProcessor(index: 0) { unlisted { name } } } }',
      });
      expect(errors).toBeUndefined();
      expect(data.hypervisor).toEqual({ unlisted: [], logicalProcessor: { unlisted: [] } });
    }
  });

  it('is not stored for changes', async () => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null)];
    const sampler = samplerOf(source);
    await ask({ source, sampler, query: '{ partition { unlisted { name } } }' });
    expect(sampler.health.held.readings).toBe(0);
  });
});

function windowsHost(release: Release): { host: RecordedHost; source: Source } {
  const host = new RecordedHost(release);
  const settings = { powershell: host.executable, idleMilliseconds: 60_000 };
  const source = openWindows(settings, { clock: new ManualClock() });
  onTestFinished(() => source.close());
  return { host, source };
}

const known = new Set(catalogue.flatMap(({ windows }) => windows));
/** The additional numbers of a class. */
function furtherOf(host: RecordedHost, className: string): string[] {
  return [...host.properties(className)].filter(
    (property) =>
      !known.has(property) &&
      !['Name', 'Caption', 'Description'].includes(property) &&
      !/^Timestamp_|^Frequency_|_Base$/.test(property),
  );
}

describe('unlisted on Windows', () => {
  const query =
    '{ hypervisor { logicalProcessor(index: 0) { counters { totalRunTime } unlisted { name value } } } }';

  it.each(['2019', '23h2'] as const)('contains every further number of the class: %s', async (release) => {
    const { host, source } = windowsHost(release);
    host.rewrite((text) =>
      text.replaceAll('"PercentTotalRunTime"', '"PercentTotalRunTime","OfTomorrowPersec"'),
    );
    const answered = await ask({ source: withColumn(host, source), query });
    expect(answered.errors).toBeUndefined();
    const { counters, unlisted } = answered.data.hypervisor.logicalProcessor;
    expect(namesIn(unlisted).toSorted()).toEqual(furtherOf(host, 'LogicalProcessor').toSorted());
    expect(namesIn(unlisted)).toContain('OfTomorrowPersec');
    expect(counters.totalRunTime).toMatch(/^\d+$/);
    for (const { name, value } of unlisted)
      if (name !== 'OfTomorrowPersec')
        expect(value).toBe(String(host.recorded(0, ['LogicalProcessor', 'Hv LP 0', name])));
  });

  it('is read only if it is selected', async () => {
    const { host, source } = windowsHost('23h2');
    await ask({ source, query: query.replace('unlisted { name value }', '') });
    expect(JSON.stringify(host.questions())).not.toContain('"*"');
    await ask({ source, query });
    expect(host.questions().at(-1)?.['LogicalProcessor']).toContain('*');
  });

  it('is recorded and played back', async () => {
    const { source } = windowsHost('23h2');
    const everything = `{ hypervisor {
      unlisted { name value }
      logicalProcessors { unlisted { name value } counters { totalRunTime hardwareInterrupts } }
      partitions { nodes { unlisted { name value } virtualProcessors { unlisted { name value } } } }
    } }`;
    const live = await ask({ source, query: everything });
    expect(live.errors).toBeUndefined();
    const out = `${scratchFolder()}/capture`;
    await recorded(source, out);
    const played = await ask({ source: await open(`capture:${out}`), query: everything });
    expect(played).toEqual(live);
  });
});

/** Adds a cell to the rows of the recording for the property added to its columns. */
function withColumn(host: RecordedHost, source: Source): Source {
  host.rewrite((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => {
        const frame = JSON.parse(line);
        for (const table of Object.values<any>(frame.classes)) {
          const at = table.properties.indexOf('OfTomorrowPersec');
          if (at >= 0) for (const row of table.instances) row.splice(at, 0, '12');
        }
        return `${JSON.stringify(frame)}\n`;
      })
      .join(''),
  );
  return source;
}

/** One frame of the source. */
async function recorded(source: Source, out: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const world = new CommandOnTrial();
  expect(await record({ source, every: 1000, for: 1, out }, world)).toBe(0);
}
