/** `hvql top` as a person sees it: in a real terminal, with real keys. */
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../until.ts';
import { Pane, tmuxPath, type PaneOptions } from '../cli/top/tmux.ts';
import { fixture, scratchFolder } from '../source/scratch.ts';
import { RecordedHost } from '../source/windows/recorded-host.ts';
import { Program } from './program.ts';

const panes: Pane[] = [];
afterEach(() => {
  for (const pane of panes.splice(0)) pane.close();
});

function open(args: readonly string[], options?: PaneOptions): Pane {
  const pane = new Pane(args, options);
  panes.push(pane);
  return pane;
}

const simulator = ['--source', 'simulator?seed=1&lps=4&partitions=3&vps=2', '--every', '200ms'];

describe.skipIf(tmuxPath === null)('hvql top in a terminal', () => {
  it('shows partitions, navigates, sorts, filters, pauses, and shows its help', async () => {
    const pane = open(simulator);
    const first = await pane.shows(
      /^hvql top {2}\d\d:\d\d:\d\d {2}every 200ms {2}4 LPs [\d.]+% busy/m,
      /\d\.\d +\d/,
    );
    const [, view, names, units] = first.split('\n');
    expect(view).toBe('partitions: 1 of 3, by totalRunTime descending');
    expect(names).toMatch(/^id +name +vps +totalRunTime +hypervisorRunTime +hypercalls +hypercallsCost$/);
    expect(units).toMatch(/^ +% v +% +\/s +ns\/op$/);
    expect(first.split('\n').at(-1)).toBe(
      'h Help  q Quit  1-5 View  Enter In  Esc Out  <> Sort  r Reverse  / Filter',
    );

    pane.press('>');
    await pane.shows(/by hypervisorRunTime descending/, /^ +% +% v +\/s/m);
    pane.press('r');
    await pane.shows(/by hypervisorRunTime ascending/, /^ +% +% \^ +\/s/m);
    pane.press('N');
    await pane.shows(/by id ascending/, /^ 1 {2}root/m);

    pane.press('/');
    await pane.shows(/^Filter .*: _$/m);
    pane.type('web');
    pane.press('Enter');
    await pane.shows(/partitions: 1 of 1, by id ascending, filter "web"/);
    pane.press('Escape');
    await pane.shows(/partitions: 1 of 3/);

    pane.press('Down', 'Enter');
    await pane.shows(/^virtual processors of partition \d+ \(.+\): 1 of 2/m, /^ *\d +[\d.]+ +[\d.]+/m);
    pane.press('Enter');
    await pane.shows(
      /^intercepts of partition \d+/m,
      /^intercept +rate +average cost +time$/m,
      /^hypercalls +[\d.]+ +\d+ +/m,
    );
    pane.press('Escape');
    await pane.shows(/^virtual processors of partition/m);
    pane.press('BSpace');
    await pane.shows(/^partitions: 2 of 3/m);
    pane.press('2');
    await pane.shows(/^virtual processors: 1 of 6/m, /^partition +name +vp +totalRunTime/m);
    pane.press('3');
    await pane.shows(/^logical processors: 1 of 4/m, /^lp +totalRunTime/m);
    pane.press('5');
    await pane.shows(/This is a single host\. Use the URL of a gateway to show hosts\./);

    pane.press('f', 'C-u');
    pane.type('globalTime,timerInterupts');
    pane.press('Enter');
    await pane.shows(/no counter "timerInterupts"\.\s+Did\s+you\s+mean\s+timerInterrupts\?/);
    pane.press('f', 'C-u');
    pane.type('globalTime,timerInterrupts');
    pane.press('Enter');
    await pane.shows(/^lp +globalTime +timerInterrupts$/m, /^ *\d +\d{7,} +[\d.]+$/m);

    pane.press('d', 'C-u');
    pane.type('0.5');
    pane.press('Enter');
    await pane.shows(/every 500ms/);
    pane.press('p');
    await pane.shows(/every 500ms PAUSED/);
    pane.press('?');
    await pane.shows(
      /Press any key to leave the help/,
      /reset +the counter was reset/,
      /STALE +no new numbers/,
    );
    pane.press('x', 'p');
    await pane.shows(/every 500ms {2}4 LPs/);

    pane.resize(120, 40);
    await until40(pane);
    pane.press('q');
    await expectRestored(pane, 0);
  });

  it('writes only what has changed, in one write per update, without clearing the screen', async () => {
    const pane = open(simulator);
    await pane.shows(/\d\.\d +\d/);
    const before = pane.written().length;
    await pane.shows(/hvql top/);
    const time = pane.lines()[0];
    await until(() => pane.lines()[0] !== time);
    const written = pane.written();
    // eslint-disable-next-line no-control-regex -- erases the screen
    expect(written.match(/\u001b\[2J/g)).toHaveLength(1);
    expect(written.slice(before)).not.toContain('h Help');
    expect(written).toContain('\u001b[?25l');
    pane.press('C-c');
    await expectRestored(pane, 0);
  });

  it('has no colours with NO_COLOR, and shows the same information as text', async () => {
    const pages = [
      '--source',
      'simulator?seed=1',
      '--columns',
      'hypercalls,rdpmcInstructionsCost,nestedVmEntries',
    ];
    const pane = open(pages, { env: { NO_COLOR: '1' } });
    await pane.shows(/^ *\d+ +\w+ +4 +[\d.]+/m);
    // eslint-disable-next-line no-control-regex -- colours
    expect(pane.written()).not.toMatch(/\u001b\[(?:3|4|9|10)\d/);
    pane.press('q');
    await expectRestored(pane, 0);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('restores the terminal on %s', async (signal) => {
    const pane = open(simulator);
    await pane.shows(/\d\.\d +\d/);
    expect(pane.modes()).toBe('1 0');
    pane.signal(signal);
    await expectRestored(pane, 0);
  });

  it('restores the terminal before it prints an uncaught error', async () => {
    const failing = 'data:text/javascript,process.on(`SIGUSR2`,()=>{throw(Error(`boom`))})';
    const pane = open(simulator, { env: { NODE_OPTIONS: `--import=${failing}` } });
    await pane.shows(/\d\.\d +\d/);
    pane.signal('SIGUSR2');
    const screen = await expectRestored(pane, 1);
    expect(screen).toContain('Error: boom');
  });

  it('ends after --for', async () => {
    await expectRestored(open([...simulator, '--for', '500ms']), 0);
  });

  it('is stopped by Ctrl-Z and redrawn when it continues', async () => {
    const pane = open(simulator);
    await pane.shows(/\d\.\d +\d/);
    pane.press('C-z');
    await until(() => pane.modes() === '0 1');
    await pane.shows(/^stopped$/m);
    pane.press('Enter');
    await until(() => pane.modes() === '1 0');
    await pane.shows(/^partitions: 1 of 3/m);
  });
});

describe.skipIf(tmuxPath === null)('hvql top with a source other than the simulator', () => {
  it('shows a page folder while it is updated, when it is not updated, and when it is missing', async () => {
    const folder = join(scratchFolder(), 'pages');
    const simulated = ['--source', 'simulator?seed=1&lps=2&partitions=2&vps=2'];
    const writer = new Program(['simulate', ...simulated, '--out', folder, '--every', '100ms']);
    await writer.prints(/^Writing \d+ pages/m);
    const pane = open(['--source', `pages:${folder}`, '--every', '200ms', '--view', 'logical-processors']);
    await pane.shows(/2 LPs [\d.]+% busy/, /^ *[01] +[\d.]+ +[<\d.]+ +[\d.]+ +[\d.]+$/m);

    expect(await writer.stop()).toBe(0);
    await pane.shows(
      /2 LPs clock does not advance/,
      /^ *0 +=  +=  +0 +0$/m,
      /^= the source's clock does not advance$/m,
    );

    renameSync(folder, `${folder}.away`);
    await pane.shows(
      /^STALE for \d+ s {2}logical processors/m,
      /PAGE_UNAVAILABLE: .*The page folder is not there\. .*Retrying at every interval\./,
      /^ *0 +=  +=  +0 +0$/m,
    );
    renameSync(`${folder}.away`, folder);
    await pane.shows(/^logical processors: 1 of 2/m);
    expect(pane.lines().join('\n')).not.toContain('STALE');
    pane.press('q');
    await expectRestored(pane, 0);
  });

  it.each([
    ['a recorded Linux host', () => `mshv:${fixture('mshv')}`, /^ +1 {2}\(root\) +2 +0 +0 +0 +\.$/m, 2],
    [
      'a recorded Windows host',
      () => `windows?powershell=${new RecordedHost().executable}`,
      /^ +1 {2}.* +\d/m,
      4,
    ],
    ['a capture', () => `capture:${fixture('three-frames')}`, /^ +5 {2}vm-1 +2 +[\d.]+/m, 2],
  ])('shows %s', async (_, source, partition, processors) => {
    const pane = open(['--source', source(), '--every', '200ms']);
    await pane.shows(/^hvql top .*\d LPs /m, /^partitions: 1 of \d/m, partition);
    pane.press('3');
    await pane.shows(new RegExp(`^logical processors: 1 of ${processors},`, 'm'), /^ *0 +\S+ +\S+/m);
    pane.press('1', 'i');
    await pane.shows(/^intercepts of partition \d+/m, /^intercept +rate +average cost +time$/m);
    pane.press('q');
    await expectRestored(pane, 0);
  });
});

/** Numbers vary from run to run, and with them the order of the rows; what names them and how they stand does not. */
function structureOf(picture: string): string[] {
  const lines = picture
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '');
  return lines
    .map((line) =>
      line
        .replaceAll(/<?[\d:.]+/g, '0')
        .replaceAll(/ +/g, ' ')
        .trim(),
    )
    .map((line) => (/^0 [\w-]+ 0( 0){4}$/.test(line) ? '0 name 0 0 0 0 0' : line));
}

describe.skipIf(tmuxPath === null)('the screenshot of hvql top in README.md', () => {
  it('matches the program', async () => {
    const pane = open([], { rows: 16 });
    await pane.shows(/ LPs [\d.]+% busy/);
    const [, picture = ''] =
      /## In a terminal\n[\s\S]*?```text\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
    expect(structureOf(pane.lines().join('\n'))).toEqual(structureOf(picture));
  });
});

async function until40(pane: Pane): Promise<void> {
  await until(
    () => pane.lines().length === 40 && /q Quit.*Filter$/.test(pane.lines()[39] ?? ''),
    () => pane.lines().join('\n'),
  );
}

/** The screen of the shell is back, with its cursor, its line, its echo, and the exit code. */
async function expectRestored(pane: Pane, exitCode: number): Promise<string> {
  const screen = await pane.shows(/before top$/m, /^ended \d+:/m);
  expect(screen).toContain(`ended ${exitCode}: icanon echo`);
  expect(pane.modes()).toBe('0 1');
  return screen;
}
