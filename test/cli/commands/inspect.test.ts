import { describe, expect, it } from 'vitest';
import { inspect, type InspectOptions } from '../../../src/cli/commands/inspect.ts';
import { countersOf } from '../../../src/catalogue/catalogue.ts';
import { encodeCounters, encodePage } from '../../../src/page/encode.ts';
import { fixture, putFile, scratchFolder } from '../../source/scratch.ts';
import { CommandOnTrial } from '../command-on-trial.ts';

async function run(options: InspectOptions) {
  const world = new CommandOnTrial();
  const exitCode = await inspect(options, world);
  return { exitCode, output: world.output, errors: world.errors };
}

/** A page in a file of this place. */
function pageFile(place: string, content: Uint8Array): string {
  const folder = scratchFolder();
  putFile(folder, { place, content });
  return `${folder}/${place}`;
}

const version = { versionMajor: 1, versionMinor: 0 };

describe('hvql inspect', () => {
  it('prints a table of its counters', async () => {
    const page = pageFile(
      'host/partition/5/stats.page',
      encodeCounters('PARTITION', ({ slot }) => (slot === 4 ? 18446744073709551615n : BigInt(slot * 1000))),
    );
    expect(await run({ page })).toEqual({
      exitCode: 0,
      errors: '',
      output: `${page}: partition, 2 statistics groups

group   index  counter                        field                                     value  unit
PA 1.0      1  Virtual processors             virtualProcessors                             0
PV 1.0      1  Virtual TLB Pages              virtualTlbPages                            1000  page
PV 1.0      2  Address spaces                 addressSpaces                              2000
PV 1.0      3  Deposited pages                depositedPages                             3000  page
PV 1.0      4  GPA pages                      gpaPages                   18446744073709551615  page
PV 1.0      5  GPA space modifications/sec    gpaSpaceModifications                      5000
PV 1.0      6  Virtual TLB flush entries/sec  virtualTlbFlushEntries                     6000
PV 1.0      7  Recommended virtual TLB size   recommendedVirtualTlbSize                  7000  page
`,
    });
  });

  it('shows unnamed, unknown and absent counters', async () => {
    const page = pageFile(
      'odd.page',
      encodePage([
        { type: 14, ...version, values: [41n, 42n] },
        { type: 9, ...version, values: [] },
        { type: 2, ...version, versionMinor: 3, values: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n] },
      ]),
    );
    const { output } = await run({ page, object: 'HYPERVISOR' });
    expect(output).toBe(`${page}: hypervisor, 3 statistics groups

group    index  counter                    field                    value  unit
14 1.0       1  (unnamed)                                              41
14 1.0       2  (unnamed)                                              42
9 1.0           (empty)
HCA 1.3      1  Logical processors         logicalProcessors            1
HCA 1.3      2  Partitions                 partitions                   2
HCA 1.3      3  Total pages                totalPages                   3  page
HCA 1.3      4  Virtual processors         virtualProcessors            4
HCA 1.3      5  Monitored notifications    monitoredNotifications       5
HCA 1.3      6  HvModernStandbyEntries     modernStandbyEntries         6
HCA 1.3      7  HvPlatformIdleTransitions  platformIdleTransitions      7
HCA 1.3      8  HvHypervisorStartupCost    hypervisorStartupCost        8  unknown
HCA 1.3      9  (unnamed)                                               9
`);
  });

  it('shows counters as absent if their group is shorter, has another major version, or is missing', async () => {
    const shorter = pageFile('a', encodePage([{ type: 2, ...version, values: [1n, 2n, 3n] }]));
    expect((await run({ page: shorter, object: 'HYPERVISOR' })).output).toMatch(
      /^HCA 1\.0 {6}3 .* totalPages +3 {2}page\nHCA 1\.0 {6}4 .* virtualProcessors +absent\nHCA 1\.0 {6}5 .* absent\n$/m,
    );
    const foreign = pageFile('b', encodePage([{ type: 2, versionMajor: 2, versionMinor: 0, values: [1n] }]));
    expect((await run({ page: foreign, object: 'HYPERVISOR' })).output).toMatch(
      /^2 2\.0 {6}1 {2}\(unnamed\) +1\nHCA {8}1 {2}Logical processors .* absent\n(HCA .* absent.*\n){4}$/m,
    );
    const empty = pageFile('c', encodePage([]));
    expect((await run({ page: empty, object: 'HYPERVISOR' })).output).toMatch(
      /: hypervisor, 0 statistics groups\n\n.*\n(HCA .* absent.*\n){5}$/,
    );
  });

  it('prints JSON with 64-bit numbers as strings, which no parser rounds', async () => {
    const page = pageFile('lp/3/stats.page', encodePage([{ type: 2, ...version, values: [2n ** 64n - 1n] }]));
    const { output } = await run({ page, json: true });
    expect(JSON.parse(output)).toEqual({
      page,
      object: 'LOGICAL_PROCESSOR',
      groups: [
        {
          name: 'LPA',
          type: 2,
          versionMajor: 1,
          versionMinor: 0,
          lengthInBytes: 8,
          isKnown: true,
          values: ['18446744073709551615'],
        },
      ],
      counters: countersOf('LOGICAL_PROCESSOR').map(({ group, index, field, title, unit }) => ({
        group,
        index,
        field,
        title,
        value: index === 1 ? '18446744073709551615' : null,
        unit,
      })),
    });
  });

  it.each([
    ['stats.page', 'hypervisor'],
    ['lp/12/stats.page', 'logical processor'],
    ['partition/9/stats.page', 'partition'],
    ['partition/9/vp/0/stats.page', 'virtual processor'],
  ])('recognises %s as the page of a %s', async (place, title) => {
    const page = pageFile(`frames/000001/${place}`, encodePage([]));
    expect((await run({ page })).output).toContain(`${page}: ${title}, 0 statistics groups`);
  });

  it.each([
    ['truncated', 'a statistics page has 4096 bytes, but there are 100'],
    ['too-long', 'a statistics page has 4096 bytes, but there are 4104'],
    ['length-past-end', 'statistics group 9 at byte 152 needs 4088 bytes, but 3936 are left'],
  ])('exits with 1 and says what is wrong with the page "%s"', async (name, problem) => {
    const page = fixture(`bad-pages/${name}.page`);
    expect(await run({ page, object: 'LOGICAL_PROCESSOR' })).toEqual({
      exitCode: 1,
      output: '',
      errors: `${page} is not a statistics page: ${problem}.\n`,
    });
  });

  it('exits with 1 and says that the file does not exist', async () => {
    const page = `${scratchFolder()}/stats.page`;
    expect(await run({ page })).toEqual({ exitCode: 1, output: '', errors: `${page} is not there.\n` });
  });

  it('asks for --object if the path does not show it', async () => {
    const page = fixture('bad-pages/all-zero.page');
    await expect(run({ page })).rejects.toThrow(
      `The path ${page} does not show which kind of object the page belongs to, as lp/0/stats.page would; ` +
        '--object is needed: hypervisor, logical-processor, partition, virtual-processor.',
    );
  });
});
