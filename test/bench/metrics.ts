/** A scrape of a large host: hvql compared with prom-client and naive strings, from the same readings. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { rmSync } from 'node:fs';
import { Gauge, Registry } from 'prom-client';
import { allPrivileges } from '../../src/access/caller.ts';
import { readExposition } from '../metrics/exposition-text.ts';
import { table } from '../soak/table.ts';
import { built } from './built.ts';
import { medianOf } from './comparison-table.ts';
import { memoryFolder, readHost, writeHost } from './host.ts';
import { memorySource } from './memory-source.ts';

/** 600 virtual processors: more than 41,600 series. */
const host = { logicalProcessors: 64, partitions: 150, virtualProcessors: 4 };
const goals = { milliseconds: 100, delayMilliseconds: 50 };
/** Of the monitor, which reports no shorter delays. */
const resolutionMilliseconds = 1;

interface Figures {
  readonly milliseconds: readonly number[];
  readonly delayMilliseconds: readonly number[];
  readonly series: number;
}

/** Measures and gives the table; the first scrapes, in which code is compiled, are not counted. */
export async function metricsText({
  rounds,
  warming,
}: {
  readonly rounds: number;
  readonly warming: number;
}) {
  const { CounterMetrics } = await built('metrics/counter-metrics.js');
  const { Sampler } = await built('sampling/sampler.js');
  const { systemClock } = await built('snapshot/moment.js');
  const { limitsOf } = await built('cli/commands/service-limit.js');
  const { parseCommand } = await built('cli/settings/settings.js');
  const folder = memoryFolder();
  await writeHost(folder, host);
  const inMemory = await readHost(folder);
  rmSync(folder, { recursive: true });
  const source = await memorySource(inMemory, systemClock);
  const command = parseCommand(['serve'], {});
  if (command.name !== 'serve') throw new TypeError('serve is another command');
  const limits = limitsOf(command.settings);
  // Nothing is shared: each scrape reads and writes.
  const sampler = new Sampler({ source, clock: systemClock, timeoutMilliseconds: 60_000 });
  const counters = new CounterMetrics({ sampler, limits });
  const root = { partitionId: 1n, privileges: new Set(allPrivileges) };
  const { signal } = new AbortController();
  const scrape = async (): Promise<Buffer> => {
    const selection = counters.selection('');
    const { bytes } = await counters.scrape({ caller: root, signal, selection, format: 'openmetrics' });
    return bytes;
  };
  const samples = samplesIn((await scrape()).toString());
  const rows: [string, Figures][] = [
    ['hvql', await measured({ run: () => scrape(), rounds, warming })],
    ['naive strings', await measured({ run: () => Promise.resolve(naive(samples)), rounds, warming })],
    [
      'prom-client',
      await measured({ run: () => byPromClient(samples), rounds: Math.min(rounds, 10), warming: 2 }),
    ],
  ];
  const [, own] = rows[0] ?? [];
  const isReached =
    own !== undefined &&
    own.series >= 41_600 &&
    (medianOf([...own.milliseconds]) ?? Infinity) <= goals.milliseconds &&
    Math.max(...own.delayMilliseconds) <= goals.delayMilliseconds;
  return [
    `A scrape of ${host.logicalProcessors} logical processors and ${host.partitions} partitions × ${host.virtualProcessors} virtual processors, in one process, ${rounds} times.`,
    'hvql reads the pages and writes the text; the others only write the same samples, which they have as numbers.',
    '',
    table([
      ['', 'series', 'ms (median)', 'ms (most)', 'longest delay of the event loop, ms (median)', '(most)'],
      ...rows.map(([name, { series, milliseconds, delayMilliseconds }]) => [
        name,
        series,
        fixed(medianOf([...milliseconds]) ?? NaN),
        fixed(Math.max(...milliseconds)),
        fixed(medianOf([...delayMilliseconds]) ?? NaN),
        fixed(Math.max(...delayMilliseconds)),
      ]),
    ]),
    '',
    `Goal: ≤ ${goals.milliseconds} ms and no delay above ${goals.delayMilliseconds} ms for 41,600 series: ${isReached ? 'reached' : 'missed'}.`,
    '',
  ].join('\n');
}

/** One family, and the labels and numbers of its samples. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly value: number;
  }[];
}

function samplesIn(text: string): readonly Family[] {
  return [...readExposition(text)].map(([name, { help, samples }]) => ({
    name,
    help,
    samples: samples.map(({ name: sample, labels, value }) => ({
      name: sample,
      labels,
      value: Number(value),
    })),
  }));
}

function naive(families: readonly Family[]): string {
  let text = '';
  for (const { name, help, samples } of families) {
    text += `# TYPE ${name} gauge\n# HELP ${name} ${help}\n`;
    for (const { name: sample, labels, value } of samples) {
      const pairs = Object.entries(labels).map(([label, each]) => `${label}="${each}"`);
      text += `${sample}{${pairs.join(',')}} ${value}\n`;
    }
  }
  return text;
}

/** As an exporter does: sets all values, and asks the registry for its text. */
function byPromClient(families: readonly Family[]): Promise<string> {
  const registry = new Registry();
  for (const { name, help, samples } of families) {
    const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))];
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
    for (const { labels, value } of samples) gauge.set(labels, value);
  }
  return registry.metrics();
}

async function measured({
  run,
  rounds,
  warming,
}: {
  readonly run: () => Promise<string | Buffer>;
  readonly rounds: number;
  readonly warming: number;
}): Promise<Figures> {
  const milliseconds: number[] = [];
  const delayMilliseconds: number[] = [];
  let series = 0;
  for (let round = -warming; round < rounds; round += 1) {
    const delay = monitorEventLoopDelay({ resolution: resolutionMilliseconds });
    delay.enable();
    // The monitor measures between two of its own ticks.
    await pause();
    const began = performance.now();
    const text = await run();
    const elapsed = performance.now() - began;
    await pause();
    delay.disable();
    if (round < 0) continue;
    milliseconds.push(elapsed);
    delayMilliseconds.push(Math.max(0, delay.max / 1e6 - resolutionMilliseconds));
    series = text
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')).length;
  }
  return { milliseconds, delayMilliseconds, series };
}

async function pause(): Promise<void> {
  const until = performance.now() + 5 * resolutionMilliseconds;
  while (performance.now() < until) await turn();
}

const fixed = (milliseconds: number): string => milliseconds.toFixed(1);
