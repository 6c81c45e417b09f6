/** A copy of the driver's tree that other tools have been over: what still says a number is one, what does not is an error. */
import { cpSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { record } from '../../src/cli/commands/record.ts';
import { openSource } from '../../src/source/sources.ts';
import { CommandOnTrial } from '../cli/command-on-trial.ts';
import { putFile, scratchFolder } from '../source/scratch.ts';
import { post, serve, type Served } from './program.ts';
import { transports } from './watcher.ts';

const processorText = (end: string): string =>
  [
    'VpTotalRunTime                             : 77',
    'VpHypervisorRunTime                        : 1',
    'VpHypercallsCount                          : 1',
    'VpHypercallsTime                           : 50',
  ]
    .map((line) => line + end)
    .join('');

const texts: Readonly<Record<string, string>> = {
  stats: 'HvLogicalProcessors : 1\n',
  'lp/0/stats': 'LpTotalRunTime : 5\r\n',
  'partition/1/stats': 'PtVirtualProcessors : 1\n',
  'partition/1/vp/0/stats': processorText('\n'),
  'partition/6/stats': 'PtVirtualProcessors : 5\n',
  'partition/6/vp/0/stats': processorText('\n'),
  'partition/6/vp/1/stats': processorText('\r\n'),
  'partition/6/vp/2/stats': processorText(' \t\n'),
  'partition/6/vp/3/stats': 'Access to this object is denied.\nAsk the owner of the machine.\n',
  'partition/6/vp/4/stats': '\n\n',
};

function driverFolder(): string {
  const folder = scratchFolder();
  for (const [place, content] of Object.entries(texts)) putFile(folder, { place, content });
  return folder;
}

/** The driver's tree as it was copied for support, as a frame of a capture. */
function copiedCapture(): string {
  const folder = scratchFolder();
  cpSync(driverFolder(), `${folder}/frames/000000`, { recursive: true });
  const frames = [{ name: '000000', at: '2026-11-20T10:00:00.000Z', monotonic: '0' }];
  writeFileSync(`${folder}/manifest.json`, JSON.stringify({ format: 'hvql-pages', version: 1, frames }));
  return folder;
}

async function serveSource(source: string, ...flags: readonly string[]): Promise<Served> {
  const served = await serve(['--source', source, ...flags]);
  onTestFinished(async () => {
    await served.program.stop('SIGKILL');
  });
  return served;
}

const counters = 'counters { totalRunTime hypercalls }';
const partition = `partition(id: 6) {
  virtualProcessors { index ${counters} }
  virtualProcessorTotals { of readable counters { totalRunTime } }
}`;
const read = { totalRunTime: '77', hypercalls: '1' };
const expected = {
  virtualProcessors: [
    { index: 0, counters: read },
    { index: 1, counters: read },
    { index: 2, counters: read },
    { index: 3, counters: null },
    { index: 4, counters: null },
  ],
  virtualProcessorTotals: { of: 5, readable: 3, counters: { totalRunTime: '231' } },
};

/** The errors of an answer, by their paths. */
function errorsOf({ errors }: any): unknown[] {
  return errors.map(({ path, message, extensions }: any) => [path.join('.'), extensions.code, message]);
}

function expectedErrors(label: string): unknown[] {
  return [3, 4].map((index) => [
    `partition.virtualProcessors.${index}.counters`,
    'PAGE_MALFORMED',
    `${label}partition/6/vp/${index}/stats is no text of statistics: it has no counter in it.`,
  ]);
}

describe('texts of the driver that other tools have reformatted', () => {
  it.each([
    ['a folder of the driver', () => `mshv:${driverFolder()}`, '', []],
    ['a folder of the driver with two workers', () => `mshv:${driverFolder()}`, '', ['--workers', '2']],
    ['a frame of a capture', () => `capture:${copiedCapture()}`, 'frames/000000/', []],
  ])('are read from %s, with errors for texts without a counter', async (_, source, label, flags) => {
    const { url, tokens } = await serveSource(source(), ...flags);
    const ask = (query: string) => post(url, { token: tokens[0], query });
    const answer = await ask(
      `{ ${partition} hypervisor { logicalProcessors { counters { totalRunTime } } } }`,
    );
    expect(answer.data.partition).toEqual(expected);
    expect(answer.data.hypervisor.logicalProcessors).toEqual([{ counters: { totalRunTime: '5' } }]);
    expect(errorsOf(answer)).toEqual(expectedErrors(label));

    const ordered = await ask(
      '{ hypervisor { virtualProcessors(orderBy: { counter: TOTAL_RUN_TIME, by: VALUE }) { index partition { partitionId } } } }',
    );
    expect(ordered.errors).toBeUndefined();
    // What cannot be read comes last.
    expect(ordered.data.hypervisor.virtualProcessors.slice(-2)).toEqual(
      [3, 4].map((index) => ({ index, partition: { partitionId: '6' } })),
    );
    // Only the two sentences cannot be read, however often they are.
    const { data } = await ask('{ service { source { unreadableLines } } }');
    expect(data.service.source.unreadableLines % 2).toBe(0);

    for (const watch of Object.values(transports)) {
      const watcher = watch({
        url,
        token: tokens[0],
        query: `subscription { partition(id: 6, every: "100ms") { virtualProcessors { index ${counters} } virtualProcessorTotals { of readable counters { totalRunTime } } } }`,
      });
      for (const event of [await watcher.event(0), await watcher.event(1)]) {
        expect(event.data.partition).toEqual(expected);
        expect(errorsOf(event)).toEqual(expectedErrors(label));
      }
      watcher.stop();
    }
  });

  it('are recorded as the readings that they contain; those without a counter are omitted', async () => {
    const recording = new CommandOnTrial();
    const source = await openSource(`mshv:${driverFolder()}`, recording);
    const out = `${scratchFolder()}/host.tar`;
    expect(await record({ source, every: 1_000, for: 0, out }, recording)).toBe(0);
    await source.close();
    for (const index of [3, 4])
      expect(recording.errors).toContain(`partition/6/vp/${index}/stats is no text of statistics`);
    const { url, tokens } = await serveSource(`capture:${out}`);
    const { data } = await post(url, { token: tokens[0], query: `{ ${partition} }` });
    expect(data.partition.virtualProcessorTotals.counters).toEqual({ totalRunTime: '231' });
  });
});
