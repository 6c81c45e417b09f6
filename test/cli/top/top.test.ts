/** `hvql top` for scripts, over every kind of source. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemWait } from '../../../src/cli/command-context.ts';
import { parseCommand } from '../../../src/cli/settings/settings.ts';
import { top } from '../../../src/cli/top/top.ts';
import { Place } from '../../../src/cli/top/answer.ts';
import { columnOf } from '../../../src/cli/top/view/counter-column.ts';
import { counterCell } from '../../../src/cli/top/view/view.ts';
import { counterNamed, countersOf } from '../../../src/catalogue/catalogue.ts';
import { UsageError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/snapshot/moment.ts';
import { fixture } from '../../source/scratch.ts';
import { RecordedHost } from '../../source/windows/recorded-host.ts';

interface Printed {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

async function run(args: readonly string[]): Promise<Printed> {
  const command = parseCommand(['top', ...args], {});
  if (command.name !== 'top') throw new Error('another command');
  let [output, errors] = ['', ''];
  const exitCode = await top(command.settings, {
    clock: systemClock,
    wait: systemWait,
    stdout: { write: (text) => (output += text) },
    stderr: { write: (text) => (errors += text) },
    signal: new AbortController().signal,
    onReopen: () => () => {},
    platform: 'linux',
    terminal: null,
    env: {},
  });
  return { exitCode, output, errors };
}

async function json(args: readonly string[]): Promise<any> {
  const { exitCode, output, errors } = await run(['--every', '100ms', '--json', ...args]);
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  return JSON.parse(output);
}

type Values = Record<string, Record<string, string>>;
const small = JSON.parse(readFileSync(fixture('small-host.expected.json'), 'utf8')) as { values: Values };
const linux = JSON.parse(readFileSync(fixture('mshv.expected.json'), 'utf8')) as Values;

describe('hvql top --once', () => {
  it('prints a table of the simulator', async () => {
    const { exitCode, output, errors } = await run([
      '--once',
      '--every',
      '100ms',
      '--source',
      'simulator?seed=1&partitions=2',
    ]);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    const [title, names, units, ...rows] = output.split('\n');
    expect(title).toMatch(/^partitions {2}local {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}16 LPs \d+\.\d% busy$/);
    expect(names).toMatch(
      /^id {2}name +vps {2}totalRunTime {2}hypervisorRunTime {2}hypercalls {2}hypercallsCost$/,
    );
    expect(units).toMatch(/^ +% v +% +\/s +ns\/op$/);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(/^ \d {2}[\w-]+ +4 +[\d.]+ +[<\d.]+ +[\d.]+ +\d+$/);
  });

  it('explains its signs, and says how many rows are left out', async () => {
    const { output, errors } = await run([
      ...[
        '--once',
        '--every',
        '100ms',
        '--source',
        `mshv:${fixture('mshv')}`,
        '--columns',
        'hypercalls,hypercallsCost',
      ],
    ]);
    // Nothing happens on a host that was recorded once: there is no cost of no hypercalls.
    expect(output).toMatch(/^ *1 .* 0 +\.$/m);
    expect(errors).toBe('- the source does not report it   . no operation, so no average cost\n');
  });
});

describe('hvql top of pages that are never updated', () => {
  const source = ['--source', `pages:${fixture('small-host')}`];

  it('says that the clock has stopped, which percentages are based on, and shows other rates as zero', async () => {
    const { output, errors } = await run([
      '--once',
      ...source,
      '--view',
      'logical-processors',
      '--sort',
      'lp',
    ]);
    expect(output).toMatch(/^logical processors {2}local .* {2}4 LPs clock does not advance$/m);
    expect(output).toMatch(/^ *0 +=  +=  +0 +0$/m);
    expect(errors).toBe("= the source's clock does not advance\n");
    const { rows } = await json([...source, '--view', 'logical-processors']);
    expect(rows[0]).toMatchObject({
      totalRunTime: null,
      contextSwitches: 0,
      missing: { totalRunTime: 'still', hypervisorRunTime: 'still' },
    });
  });

  it('shows a counter that is missing from the page as not reported', () => {
    const column = columnOf(counterNamed('LOGICAL_PROCESSOR', 'totalRunTime'));
    const interval = { seconds: 1, reset: false };
    const cellOf = (delta: string | null) =>
      counterCell(
        Place.of({
          data: { rates: { totalRunTime: null, interval }, deltas: { totalRunTime: delta, interval } },
        }),
        column,
      );
    expect([cellOf('0').missing, cellOf(null).missing]).toEqual(['still', 'unreported']);
  });
});

describe('hvql top --every', () => {
  it('shows rates over the minimum of the service if its interval is shorter', async () => {
    const { output } = await run(['--json', '--every', '20ms', '--source', 'simulator?seed=1&partitions=2']);
    for (const row of JSON.parse(output).rows) expect(row.totalRunTime).toEqual(expect.any(Number));
  });
});

describe('hvql top --json', () => {
  it('contains every counter of a partition of a page folder exactly', async () => {
    const fields = countersOf('PARTITION').map(({ field }) => field);
    const columns = fields.map((field) => `${field}.counters`).join(',');
    const { rows, total } = await json([
      '--source',
      `pages:${fixture('small-host')}`,
      '--columns',
      columns,
      '--sort',
      'id:asc',
    ]);
    // The fourth is a child of another one.
    expect(total).toBe(3);
    expect(rows.map(({ id }: any) => id)).toEqual(['1', '5', '9']);
    for (const row of rows) {
      const expected = small.values[`partition/${row.id}`] ?? {};
      const found = fields.map((field) => [field, row[field] ?? row[`${field}.counters`] ?? null]);
      expect(found).toEqual(fields.map((field) => [field, expected[field] ?? null]));
    }
  });

  it('contains every counter of a virtual processor of a Linux host exactly, and which are not reported', async () => {
    const counters = countersOf('VIRTUAL_PROCESSOR');
    const columns = counters.map(({ field }) => `${field}.counters`).join(',');
    const source = ['--source', `mshv:${fixture('mshv')}`];
    const { rows } = await json([...source, '--partition', '2', '--columns', columns, '--sort', 'vp:asc']);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const expected = linux[`partition/2/vp/${row.vp}`] ?? {};
      for (const { field, linux: name } of counters) {
        const key = field in row ? field : `${field}.counters`;
        expect([field, row[key]]).toEqual([field, expected[name] ?? null]);
        if (expected[name] === undefined) expect([field, row.missing[key]]).toEqual([field, 'unreported']);
      }
    }
  });

  it('contains the counters of a Windows host exactly', async () => {
    const host = new RecordedHost();
    const source = ['--source', `windows?powershell=${host.executable}`];
    const columns = ['--columns', 'contextSwitches.counters', '--sort', 'lp:asc'];
    const { rows } = await json([...source, '--view', 'logical-processors', ...columns]);
    expect(rows[0]['contextSwitches.counters']).toBe(
      host.recorded(0, ['LogicalProcessor', 'Hv LP 0', 'ContextSwitchesPersec']).toString(),
    );
  });

  it('contains the rate and the average cost of each intercept, and their product as time', async () => {
    const { rows, units } = await json([
      '--source',
      'simulator?seed=1&partitions=2',
      '--view',
      'intercepts',
      '--partition',
      '1',
    ]);
    expect(units).toEqual({ rate: '/s', cost: 'ns/op', time: '% of a processor' });
    const hypercalls = rows.find(({ intercept }: any) => intercept === 'hypercalls');
    expect(hypercalls.time).toBeCloseTo((hypercalls.rate * hypercalls.cost) / 1e7, 6);
    const rates = rows.map(({ rate }: any) => rate);
    expect(rates).toEqual(rates.toSorted((a: number, b: number) => b - a));
  });

  it('prints one line per update with --for', async () => {
    const { output } = await run([
      '--json',
      '--every',
      '100ms',
      '--for',
      '2s',
      '--source',
      'simulator?partitions=2',
    ]);
    const documents = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(documents.length).toBeGreaterThan(1);
    expect(documents[0].sampledAt < documents[1].sampledAt).toBe(true);
  });

  it('contains only the rows that match a filter, by name or by id', async () => {
    const source = ['--source', 'simulator?seed=1&partitions=4'];
    const { rows: named } = await json([...source, '--filter', 'web']);
    expect(named.map(({ name }: any) => name)).toEqual(['web-1']);
    const { rows: processors } = await json([
      ...source,
      '--filter',
      'web',
      '--view',
      'virtual-processors',
      '--sort',
      'hypercalls',
    ]);
    expect(processors).toHaveLength(4);
    const rates = processors.map(({ hypercalls }: any) => hypercalls);
    expect(rates).toEqual(rates.toSorted((a: number, b: number) => b - a));
    const { rows: some } = await json([
      ...source,
      '--filter',
      '=0,2',
      '--view',
      'logical-processors',
      '--sort',
      'lp',
    ]);
    expect(some.map(({ lp }: any) => lp)).toEqual(['2', '0']);
  });
});

describe('hvql top', () => {
  it.each([
    [['--view', 'hosts'], '--view hosts needs the --url of a gateway; this is one host.'],
    [
      ['--sort', 'hypercals'],
      'partitions cannot be sorted by "hypercals", only by id, totalRunTime, hypervisorRunTime, hypercalls, hypercallsCost. Did you mean hypercalls?',
    ],
    [['--sort', 'id:up'], 'The order after the colon must be asc or desc, but is "up".'],
    [['--view', 'intercepts', '--columns', 'hypercalls'], 'The columns of intercepts are fixed.'],
    [
      ['--columns', 'gpaPages', '--view', 'logical-processors'],
      'A logical processor has no counter "gpaPages". schema/counters.md lists all names.',
    ],
  ])('refuses %j', async (args, problem) => {
    const refused = run(['--once', ...args]);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(problem);
  });

  it.each([
    [['--token-file', 'x'], '--token-file has no effect without --url.'],
    [['--url', 'http://localhost:1', '--source', 'mshv'], '--source has no effect with --url.'],
    [['--once', '--for', '1s'], '--once prints once, and --for says how long to go on: give one of them.'],
    [
      ['--url', 'ftp://host'],
      '--url: needs an address such as "http://127.0.0.1:4000" or "https://hvql.example", but is "ftp://host".',
    ],
    [
      ['--url', 'http://me:secret@host'],
      '--url: needs an address without a user and a password: --token-file has the identity.',
    ],
    [['--filter', '=5,web-1'], '--filter: needs ids after "=", such as "=5,7", but is "=5,web-1".'],
    [['--filter', '='], '--filter: needs ids after "=", such as "=5,7", but is "=".'],
    [
      ['--view', 'partition'],
      '--view: needs one of partitions, virtual-processors, logical-processors, intercepts, hosts, but is "partition". Did you mean partitions?',
    ],
  ])('does not accept %j', (args, problem) => {
    expect(() => parseCommand(['top', ...args], {})).toThrow(problem);
  });

  it('says what to do if a partition has ended', async () => {
    const { exitCode, output, errors } = await run(['--once', '--every', '100ms', '--partition', '999']);
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: '' });
    expect(errors).toMatch(
      /^hvql: INVALID_PARTITION_ID: .*999.* --view partitions shows the existing partitions\.\n$/,
    );
  });
});
