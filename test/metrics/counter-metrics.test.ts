import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Granted } from '../../src/access/access.ts';
import type { Privilege } from '../../src/access/caller.ts';
import { catalogue, countersOf } from '../../src/catalogue/catalogue.ts';
import type { Counter } from '../../src/catalogue/counter.ts';
import type { StatisticsObject } from '../../src/catalogue/group.ts';
import { HvqlError } from '../../src/errors.ts';
import type { Limits } from '../../src/graph/context.ts';
import { CounterMetrics, type Scrape } from '../../src/metrics/counter-metrics.ts';
import { writeExposition } from '../../src/metrics/exposition.ts';
import { identityLabels } from '../../src/metrics/label.ts';
import {
  metricFamilies,
  metricFamiliesOf,
  sampleNameOf,
  type MetricFormat,
} from '../../src/metrics/metric-family.ts';
import type { ScrapePlan } from '../../src/metrics/scrape-plan.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { systemClock } from '../../src/snapshot/moment.ts';
import type { ObjectName } from '../../src/snapshot/object-name.ts';
import type { Source } from '../../src/source/source.ts';
import { openSource } from '../../src/source/sources.ts';
import { ByteSink } from '../../src/writer/byte-sink.ts';
import { ask, caller, samplerOf, testLimits } from '../ask.ts';
import { FakeSource, partitionEntry } from '../fake-source.ts';
import { temporaryFolder } from '../server/temporary-folder.ts';
import { RecordedHost } from '../source/windows/recorded-host.ts';
import { readExposition, samplesOf } from './exposition-text.ts';

const endlessSignal = new AbortController().signal;

interface Scraped {
  readonly sampler: Sampler;
  readonly as?: [id: bigint, privileges?: readonly Privilege[]];
  readonly search?: string;
  readonly format?: MetricFormat;
  readonly limits?: Partial<Limits>;
}

async function scrape({
  sampler,
  as = [1n],
  search = '',
  format = 'text',
  limits,
}: Scraped): Promise<Scrape> {
  const metrics = new CounterMetrics({ sampler, limits: { ...testLimits, ...limits } });
  return metrics.scrape({
    caller: caller(...as),
    signal: endlessSignal,
    selection: metrics.selection(search),
    format,
  });
}

const textOf = async (asked: Scraped): Promise<string> => (await scrape(asked)).bytes.toString();

const nameLength = (name: ObjectName): number => Object.keys(name).join().length;

function open(text: string): Promise<Source> {
  const log = pino({ level: 'silent' });
  return openSource(text, { clock: systemClock, platform: process.platform, log });
}

/** As the documentation says it, apart from src. */
function documentedName({ object, field, kind, unit }: Counter): string {
  const words = field
    .replaceAll(/\d+[A-Z](?![a-z])|[A-Z]/g, (start) => `_${start.toLowerCase()}`)
    .replace(/^mb_/, 'mb');
  const seconds = unit === 'ns' || unit === '100ns' ? '_seconds' : '';
  const total = ['COUNT', 'TIME', 'COST'].includes(kind) ? '_total' : '';
  return `hvql_${object.toLowerCase()}_${words}${seconds}${total}`;
}

/** The value in the unit of the catalogue: a decimal of seconds has as many places as the unit needs. */
function inCatalogueUnits({ unit }: Counter, value: string): string {
  const places = { '100ns': 7, ns: 9 }[unit as string];
  if (places === undefined) return value;
  expect(value).toMatch(new RegExp(`^(0|[1-9]\\d*)\\.\\d{${places}}$`));
  return BigInt(value.replace('.', '')).toString();
}

const all = (object: StatisticsObject): string =>
  countersOf(object)
    .map(({ field }) => field)
    .join(' ');
const everything = `{
  hypervisor {
    counters { ${all('HYPERVISOR')} }
    logicalProcessors { index counters { ${all('LOGICAL_PROCESSOR')} } }
    partitions { nodes {
      partitionId name
      counters { ${all('PARTITION')} }
      virtualProcessors { index counters { ${all('VIRTUAL_PROCESSOR')} } }
    } }
  }
}`;

/** What GraphQL gives, as metrics would have it. */
function expectedSamples(data: any): Map<string, string> {
  const samples = new Map<string, string>();
  const add = (
    object: StatisticsObject,
    labels: object,
    values: Record<string, string | null> | null,
  ): void => {
    for (const counter of values === null ? [] : countersOf(object)) {
      const value = values?.[counter.field] ?? null;
      if (value !== null) samples.set(`${documentedName(counter)} ${JSON.stringify(labels)}`, value);
    }
  };
  const { counters, logicalProcessors, partitions } = data.hypervisor;
  add('HYPERVISOR', {}, counters);
  for (const each of logicalProcessors ?? [])
    add('LOGICAL_PROCESSOR', { lp: `${each.index}` }, each.counters);
  for (const { partitionId: partition, counters: own, virtualProcessors } of partitions.nodes) {
    add('PARTITION', { partition }, own);
    for (const { index, counters: those } of virtualProcessors)
      add('VIRTUAL_PROCESSOR', { partition, vp: `${index}` }, those);
  }
  return samples;
}

const counterByName = new Map(catalogue.map((counter) => [documentedName(counter), counter]));

/** The samples of counters, in the units of the catalogue. */
function counterSamples(text: string): Map<string, string> {
  return new Map(
    [...samplesOf(text)].flatMap(([key, value]) => {
      const counter = counterByName.get(key.split(' ')[0] ?? '');
      return counter === undefined ? [] : [[key, inCatalogueUnits(counter, value)] as const];
    }),
  );
}

describe('the metrics', () => {
  const fake = new FakeSource();
  fake.logicalProcessors = [0, 1, 2];
  fake.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n), partitionEntry(9n, 5n)];
  // Numbers of every length, up to the largest.
  fake.value = ({ slot }, name) =>
    BigInt.asUintN(64, 18_446_744_073_709_551_615n >> BigInt((slot * 3 + nameLength(name)) % 64));
  const hosts: Record<string, () => Promise<Source>> = {
    'numbers of every length': () => Promise.resolve(fake),
    'the simulator': () => open('simulator?release=2026'),
    'a page folder': () => open('pages:test/fixtures/small-host'),
    'a capture': () => open('capture:test/fixtures/three-frames'),
    'a recording of a Linux host': () => open('mshv:test/fixtures/mshv'),
    'a recording of Windows 2019': () => open(windows('2019')),
    'a recording of Windows 23H2': () => open(windows('23h2')),
  };
  const folders: (() => void)[] = [];
  const windows = (release: '2019' | '23h2'): string => {
    const folder = temporaryFolder();
    folders.push(() => folder.remove());
    return `windows?powershell=${new RecordedHost(release, folder.path).executable}`;
  };
  afterAll(() => {
    for (const remove of folders) remove();
  });

  describe.each(Object.entries(hosts))('of %s', (_host, openHost) => {
    let source: Source;
    let sampler: Sampler;
    beforeAll(async () => {
      source = await openHost();
      sampler = new Sampler({
        source,
        clock: systemClock,
        timeoutMilliseconds: 20_000,
        shareMilliseconds: 600_000,
      });
    });
    afterAll(() => source.close());

    const callers: [string, bigint, (readonly Privilege[])?][] = [
      ['the root', 1n],
      ['the root with ACCESS_STATS only', 1n, ['ACCESS_STATS']],
      ['the root with ACCESS_STATS_MSR only', 1n, ['ACCESS_STATS_MSR']],
      ['the root without privileges', 1n, []],
      ['a guest', 5n],
      ['another guest', 2n],
      ['a guest with ACCESS_STATS_MSR only', 4n, ['ACCESS_STATS_MSR']],
      ['a child of a guest', 9n],
      ['a partition that does not exist', 77n],
    ];

    it.each(callers)(
      'are, for %s, exactly the values of GraphQL from the same snapshot',
      async (_who, ...as) => {
        const read = (await ask({ source, sampler, caller: caller(...as), query: everything })).data;
        for (const format of ['text', 'openmetrics'] as const) {
          const text = await textOf({ sampler, as, search: 'raw=1', format });
          expect(counterSamples(text)).toEqual(expectedSamples(read));
          const plain = await textOf({ sampler, as, format });
          const known = [...expectedSamples(read)].filter(
            ([key]) => counterByName.get(key.split(' ')[0] ?? '')?.kind !== 'RAW',
          );
          expect(counterSamples(plain)).toEqual(new Map(known));
        }
      },
    );
  });
});

describe('the metrics text', () => {
  const host = (): FakeSource => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
    source.milliseconds = 10;
    return source;
  };

  it('has the units and names that Prometheus requires, and each name once', () => {
    const names = metricFamilies.map((family) => [family.name, sampleNameOf(family), family.unit]);
    expect(names).toEqual(
      expect.arrayContaining([
        ['hvql_virtual_processor_hypercalls', 'hvql_virtual_processor_hypercalls_total', null],
        [
          'hvql_virtual_processor_total_run_time_seconds',
          'hvql_virtual_processor_total_run_time_seconds_total',
          'seconds',
        ],
        [
          'hvql_virtual_processor_hypercalls_cost_seconds',
          'hvql_virtual_processor_hypercalls_cost_seconds_total',
          'seconds',
        ],
        ['hvql_partition_gpa_pages_4k', 'hvql_partition_gpa_pages_4k', null],
        ['hvql_logical_processor_mbflushes', 'hvql_logical_processor_mbflushes_total', null],
        ['hvql_partition_deposited_pages', 'hvql_partition_deposited_pages', 'pages'],
        [
          'hvql_logical_processor_global_time_seconds',
          'hvql_logical_processor_global_time_seconds',
          'seconds',
        ],
      ]),
    );
    for (const [name, , unit] of names) if (unit !== null) expect(name).toMatch(new RegExp(`_${unit}$`));
    expect(new Set(names.flatMap(([name, sample]) => (name === sample ? [name] : [name, sample]))).size).toBe(
      names.flatMap(([name, sample]) => (name === sample ? [name] : [name, sample])).length,
    );
  });

  it('has type, help and unit as each format requires', async () => {
    const asked = { sampler: samplerOf(host()), search: 'counter=totalRunTime&object=VIRTUAL_PROCESSOR' };
    const name = 'hvql_virtual_processor_total_run_time_seconds';
    const help = countersOf('VIRTUAL_PROCESSOR').find(({ field }) => field === 'totalRunTime')?.description;
    const sample = `${name}_total{partition="1",vp="0"} 0.0000010\n`;
    expect(await textOf(asked)).toContain(
      `# HELP ${name}_total ${help}\n# TYPE ${name}_total counter\n${sample}`,
    );
    const openMetrics = await textOf({ ...asked, format: 'openmetrics' });
    expect(openMetrics).toContain(
      `# TYPE ${name} counter\n# UNIT ${name} seconds\n# HELP ${name} ${help}\n${sample}`,
    );
    expect(openMetrics).toContain('# TYPE hvql_partition info\n');
  });

  it('has counters of unknown kind with raw=1 only', async () => {
    const sampler = samplerOf(await open('simulator?release=2026'));
    expect(await textOf({ sampler, search: 'object=HYPERVISOR' })).not.toContain('modern_standby');
    const name = 'hvql_hypervisor_modern_standby_entries';
    const search = 'object=HYPERVISOR&raw=1';
    expect(await textOf({ sampler, search })).toContain(`# TYPE ${name} untyped\n`);
    expect(await textOf({ sampler, search, format: 'openmetrics' })).toContain(`# TYPE ${name} unknown\n`);
  });

  it('escapes the names of partitions in their label', async () => {
    const source = host();
    const name = 'a"} 1\nhvql_x{y="\\\0\r\u007f ü 🦊';
    source.partitions = [
      partitionEntry(1n, null),
      { ...partitionEntry(5n, 1n), name },
      { ...partitionEntry(9n, 1n), name: null },
    ];
    for (const format of ['text', 'openmetrics'] as const) {
      const text = await textOf({ sampler: samplerOf(source), search: 'object=PARTITION', format });
      const infos = [...samplesOf(text).keys()].filter((key) => key.startsWith('hvql_partition_info'));
      expect(infos.map((key) => JSON.parse(key.slice('hvql_partition_info '.length)))).toEqual([
        { partition: '1', name: 'p1' },
        { partition: '5', name: name.replaceAll(/[\0\r\u007f]/g, '\ufffd') },
        { partition: '9' },
      ]);
    }
  });

  it('omits the series of a page that cannot be read, marks it as unreadable, and has all others', async () => {
    const source = host();
    const whole = await textOf({ sampler: samplerOf(source) });
    source.broken.set('partition/5/vp/1', new HvqlError('PAGE_MALFORMED', 'broken'));
    const text = await textOf({ sampler: samplerOf(source) });
    const labels = JSON.stringify({ partition: '5', vp: '1' });
    const expected = new Map([...samplesOf(whole)].filter(([key]) => !key.endsWith(` ${labels}`)));
    expected.set(`hvql_object_readable ${labels}`, '0');
    expect(samplesOf(text)).toEqual(expected);
    expect(samplesOf(whole).get(`hvql_object_readable ${labels}`)).toBe('1');
  });

  it('marks processors that could not be listed', async () => {
    const source = host();
    const listError = new HvqlError('PAGE_UNAVAILABLE', 'no list');
    source.partitions = [partitionEntry(1n, null), { ...partitionEntry(5n, 1n, 0), listError }];
    const samples = samplesOf(await textOf({ sampler: samplerOf(source) }));
    expect(samples.get('hvql_processors_listed {"partition":"5"}')).toBe('0');
    expect(samples.get('hvql_processors_listed {"partition":"1"}')).toBe('1');
    expect(samples.get('hvql_processors_listed {}')).toBe('1');
    expect(samples.has('hvql_partition_virtual_processors {"partition":"5"}')).toBe(true);
  });

  it('marks every object as unreadable if the source can only list objects', async () => {
    const source = host();
    const sampler = samplerOf(source);
    source.read = () => Promise.reject(new Error('the disk is on fire'));
    const samples = samplesOf(await textOf({ sampler }));
    const readable = [...samples].filter(([key]) => key.startsWith('hvql_object_readable'));
    expect(readable.map(([, value]) => value)).toEqual(Array.from({ length: 9 }, () => '0'));
    expect(counterSamples(await textOf({ sampler })).size).toBe(0);
  });
});

describe('a large metrics text', () => {
  it('is written in time slices, so that other work runs in between', async () => {
    const source = new FakeSource();
    source.partitions = [partitionEntry(1n, null)];
    const { outcomes } = source.readNow([{ object: 'VIRTUAL_PROCESSOR', partitionId: 1n, index: 0 }]);
    const [reading = null] = outcomes;
    const names = Array.from({ length: 5_000 }, (_, index) => ({
      object: 'VIRTUAL_PROCESSOR' as const,
      partitionId: 1n,
      index,
    }));
    const plan = {
      kinds: [
        {
          families: metricFamiliesOf('VIRTUAL_PROCESSOR'),
          objects: names as unknown as readonly Granted[],
          labels: names.map(identityLabels),
        },
      ],
      partitions: [],
      listings: [],
    } as unknown as ScrapePlan;
    const sink = new ByteSink();
    const work = writeExposition(sink, { plan, reader: { reading: () => reading }, format: 'text' });
    expect(work.next()).toEqual({ done: false, value: undefined });
    const [firstSlice, families] = [sink.length, metricFamiliesOf('VIRTUAL_PROCESSOR').length];
    expect(firstSlice).toBeLessThan((names.length * families * 60) / 2);
    while (work.next().done !== true);
    expect(sink.length).toBeGreaterThan(firstSlice);
    await source.close();
  });
});

describe('a selection of metrics', () => {
  const source = new FakeSource();
  source.partitions = [partitionEntry(1n, null), partitionEntry(5n, 1n)];
  const sampler = samplerOf(source);

  it('returns exactly what it names, in any order and with repetitions', async () => {
    source.batches.length = 0;
    const search = 'counter=hypercalls&object=VIRTUAL_PROCESSOR&counter=totalRunTime&counter=hypercalls';
    const families = readExposition(await textOf({ sampler, search }));
    expect([...families.keys()]).toEqual([
      'hvql_virtual_processor_total_run_time_seconds_total',
      'hvql_virtual_processor_hypercalls_total',
      'hvql_partition_info',
      'hvql_object_readable',
      'hvql_processors_listed',
    ]);
    expect(source.batches.flat()).toEqual([
      'partition/1/vp/0',
      'partition/1/vp/1',
      'partition/5/vp/0',
      'partition/5/vp/1',
    ]);
  });

  it('by a counter alone returns every kind of object that has it', async () => {
    const families = readExposition(await textOf({ sampler, search: 'counter=totalRunTime' }));
    expect([...families.keys()].slice(0, 2)).toEqual([
      'hvql_logical_processor_total_run_time_seconds_total',
      'hvql_virtual_processor_total_run_time_seconds_total',
    ]);
  });

  it('of kinds that the caller may not read returns the other kinds, and is refused without any others', async () => {
    const both = await scrape({ sampler, as: [5n], search: 'object=HYPERVISOR&object=PARTITION' });
    expect(both.bytes.toString()).not.toContain('hvql_hypervisor');
    expect(both.denied.map(({ extensions }) => extensions['reason'])).toEqual(['NOT_ROOT']);
    await expect(scrape({ sampler, as: [5n], search: 'object=HYPERVISOR' })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      extensions: { reason: 'NOT_ROOT' },
    });
    expect((await scrape({ sampler, as: [5n] })).denied).toEqual([]);
  });

  it.each([
    [
      'objects=PARTITION',
      'There is no parameter "objects"; expected: object, counter, raw. Did you mean object?',
    ],
    [
      'object=partition',
      'There is no object "partition"; expected: HYPERVISOR, LOGICAL_PROCESSOR, PARTITION, VIRTUAL_PROCESSOR. Did you mean PARTITION?',
    ],
    [
      'counter=hypercall',
      'There is no counter "hypercall"; expected: the fields of counterDefinitions, such as logicalProcessors. Did you mean hypercalls?',
    ],
    [
      'counter=',
      'There is no counter ""; expected: the fields of counterDefinitions, such as logicalProcessors.',
    ],
    ['raw=yes', 'The parameter "raw" is "yes"; expected is 1 or 0.'],
    [
      'object=PARTITION&counter=hypercalls',
      'The counter "hypercalls" is of VIRTUAL_PROCESSOR, and the request selects PARTITION only.',
    ],
    [
      'counter=partitionId',
      'The counter "partitionId" is a number of unknown kind: it is given with "raw=1" only.',
    ],
  ])('%s is refused: %s', async (search, message) => {
    await expect(scrape({ sampler, search })).rejects.toMatchObject({ code: 'BAD_REQUEST', message });
  });

  it('beyond a limit is refused before any read', async () => {
    source.batches.length = 0;
    const search = 'object=PARTITION&counter=depositedPages';
    // Two values, two objects that are readable, and two names.
    await scrape({ sampler, search, limits: { maxValues: 6, maxPages: 2 } });
    source.batches.length = 0;
    for (const limits of [{ maxValues: 5 }, { maxPages: 1 }, { maxListItems: 0 }]) {
      const [limit] = Object.values(limits);
      await expect(scrape({ sampler, search, limits })).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
        extensions: { limit },
      });
    }
    expect(source.batches).toEqual([]);
  });
});

describe('the bytes of a metrics response', () => {
  it('are shared between requests with equal rights, selection, format and raw, and no others', async () => {
    const source = await open('simulator?release=2026');
    const sampler = new Sampler({
      source,
      clock: systemClock,
      timeoutMilliseconds: 5_000,
      shareMilliseconds: 600_000,
    });
    const metrics = new CounterMetrics({ sampler, limits: testLimits });
    const get = async (
      as: [bigint, (readonly Privilege[])?],
      search: string,
      format: MetricFormat = 'text',
    ): Promise<Buffer> => {
      const selection = metrics.selection(search);
      return (await metrics.scrape({ caller: caller(...as), signal: endlessSignal, selection, format }))
        .bytes;
    };
    const whole = await get([1n], '');
    expect(await get([1n], '')).toBe(whole);
    expect(await get([1n], 'raw=0')).toBe(whole);
    const others = [
      await get([5n], ''),
      await get([1n, ['ACCESS_STATS']], ''),
      await get([1n], 'raw=1'),
      await get([1n], '', 'openmetrics'),
      await get([1n], 'object=PARTITION'),
    ];
    expect(new Set([whole, ...others]).size).toBe(6);
    expect(new Set([whole, ...others].map(String)).size).toBe(6);
    await source.close();
  });
});
