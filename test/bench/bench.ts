/**
 * `npm run bench [-- <what>] [flags]`: how fast the service is, beside others and by itself. Without a word it compares
 * the servers, with `cold` and `files` only by questions that are new and over page files; `startup`, `processor`, `streams`,
 * `sizes`, `profile`, `metrics`, `fleet`, `mshv`, `dashboard` and `top` show the rest. Prints tables and writes them to test/bench/result.
 *
 * --quick makes all of it short, and its figures rough; --seconds and --rounds say how long each load is and how often.
 * --before <commit> builds that commit and measures its build beside that of the working tree, each load
 * in alternating pairs: the rows of hvql alone, and streams with --streams; --rounds says how many pairs. A server that cannot be
 * started is named above the tables, and the exit code is 1.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { readArguments, refuseArguments } from '../script-arguments.ts';
import { compare } from './comparison.ts';
import { comparisonText, failuresText } from './comparison-table.ts';
import { compareBuilds } from './before.ts';
import { compareProcessorTime } from './before-processor.ts';
import { compareStreams } from './before-streams.ts';
import { beforeText, parseGoals } from './before-table.ts';
import { buildCommit, currentBuild } from './build.ts';
import { areRivalsInstalled, contenderNamed, contenders, variants, type Contender } from './contender.ts';
import { dashboardText } from './dashboard.ts';
import { fleetText } from './fleet/fleet.ts';
import { linuxHostText } from './linux-host.ts';
import { loadGenerator } from './load.ts';
import { memoryOverTime } from './memory-over-time.ts';
import { metricsText } from './metrics.ts';
import { profileText } from './profile.ts';
import { sizesText } from './sizes.ts';
import { startupText } from './startup.ts';
import { streamsText } from './streams.ts';
import { topText } from './top.ts';
import { workloads } from './workload.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const usage = `Usage: npm run bench [-- <what>] [flags]

  compare (default)  queries, beside other servers; cold and files: new queries, page files
  startup, processor, streams, sizes, profile, metrics, fleet, mshv, dashboard, top

  --quick            short and rough
  --seconds <n>      length of each load          --rounds <n>         how often each is repeated
  --only <names>     workloads                    --contenders <keys>  servers
  --before <commit>  beside the build of a commit: compare, processor, streams
  --goal <ratios>    with --before: the least ratios, "0.95" or "hvql=0.95,streams=1.1" (of streams the most)
  --streams <counts>, --selections <n>            streams
  --turns <n>                                     processor
  --long, --minutes <list>                        sizes
  --hosts <n>, --profile <folder>                 fleet
  --browser <path>                                dashboard

docs/performance.md describes the measurements.`;
const { values, positionals } = readArguments(usage, {
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    /** processor: how often each server of a pair is asked. */
    turns: { type: 'string' },
    /** Workloads, contenders' keys, counts of streams: only these, with commas between them. */
    only: { type: 'string' },
    contenders: { type: 'string' },
    streams: { type: 'string' },
    /** compare, streams: the build of this commit is what the working tree's is measured against. */
    before: { type: 'string' },
    /** With --before: the least ratio, "0.95" or "hvql=0.95,hvql shared=0.9,streams=1.1"; that of streams is the most. */
    goal: { type: 'string' },
    /** With --before: of how many different selections the streams are. */
    selections: { type: 'string', default: '1' },
    /** sizes: memory over time as well, after this many minutes of load. */
    long: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '1,10,30' },
    /** fleet: how many hosts, and a folder for a CPU profile of the gateway. */
    hosts: { type: 'string' },
    profile: { type: 'string' },
    /** dashboard: the path of Chromium. */
    browser: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const { quick } = values;
const tell = (what: string): void => void process.stderr.write(`${what}\n`);

/** What streams of the new build may take, as a ratio to those of the earlier one. */
const mostForStreams = 1.1;
const [what = 'compare'] = positionals;
const text = await texts();
const place = `${here}result/${values.before === undefined ? what : `${what}-before`}.txt`;
mkdirSync(`${here}result`, { recursive: true });
writeFileSync(place, text);
process.stdout.write(`${text}\nWritten to ${place}\n`);

async function texts(): Promise<string> {
  switch (what) {
    case 'compare':
      return values.before === undefined ? comparison() : beforeAndNow(values.before);
    case 'cold':
      values.only ??= 'S cold,M cold,W cold';
      values.contenders ??= 'C,D,hvql,hvql files';
      return comparison();
    case 'files':
      values.only ??= 'S,M,L';
      values.contenders ??= 'B,B files,hvql,hvql files,hvql files default';
      return comparison();
    case 'startup':
      return `${machine()}\n\n${await startupText({ rounds: Number(values.rounds ?? (quick ? 3 : 15)), tell })}`;
    case 'streams':
      if (values.before !== undefined) return beforeAndNow(values.before);
      return `${machine()}\n\n${await streamsText({
        streams: numbersOf(values.streams ?? (quick ? '1000' : '1000,10000')),
        seconds: Number(values.seconds ?? (quick ? 5 : 15)),
        tell,
      })}`;
    case 'processor':
      return processorTime(values.before ?? 'HEAD');
    case 'sizes': {
      const sizes = `${machine()}\n\n${await sizesText({ isQuick: quick, tell })}`;
      if (!values.long) return sizes;
      return `${sizes}\n${await memoryOverTime({ minutes: numbersOf(values.minutes), generator: loadGenerator(), tell })}`;
    }
    case 'profile':
      return `${machine()}\n\n${await profileText({
        workloads: chosenWorkloads(),
        contender: contenderNamed(values.contenders ?? 'hvql'),
        generator: loadGenerator(),
        seconds: Number(values.seconds ?? (quick ? 3 : 6)),
      })}`;
    case 'mshv':
      return `${machine()}\n\n${await linuxHostText({ rounds: Number(values.rounds ?? (quick ? 5 : 25)), tell })}`;
    case 'metrics':
      return `${machine()}\n\n${await metricsText({ rounds: Number(values.rounds ?? (quick ? 10 : 50)), warming: quick ? 5 : 20 })}`;
    case 'fleet':
      return `${machine()}\n\n${await fleetText({
        hosts: Number(values.hosts ?? (quick ? 100 : 1_000)),
        rounds: Number(values.rounds ?? (quick ? 5 : 20)),
        profile: values.profile ?? null,
        tell,
      })}`;
    case 'dashboard':
      return `${machine()}\n\n${await dashboardText({
        executablePath: values.browser,
        seconds: Number(values.seconds ?? (quick ? 20 : 1_800)),
        rounds: Number(values.rounds ?? (quick ? 1 : 3)),
        tell,
      })}`;
    case 'top':
      return `${machine()}\n\n${await topText({
        seconds: Number(values.seconds ?? (quick ? 5 : 20)),
        // V8 compiles what runs once a second for half a minute.
        warmingSeconds: quick ? 3 : 60,
        tell,
      })}`;
    default:
      return refuseArguments(`There is no benchmark "${what}".`, usage);
  }
}

async function comparison(): Promise<string> {
  const all = chosenContenders();
  installRivals();
  const generator = loadGenerator();
  const seconds = Number(values.seconds ?? (quick ? 1 : 2));
  const rounds = Number(values.rounds ?? (quick ? 3 : 7));
  const { results, failures } = await compare({
    contenders: all,
    workloads: chosenWorkloads(),
    generator,
    rounds,
    seconds,
    warmingSeconds: quick ? 1 : 2,
    tell,
  });
  if (failures.length > 0) process.exitCode = 1;
  return [
    failuresText(failures) + machine(),
    `Answers per second: the median of ${rounds} rounds of ${seconds} s, alternating, under ${generator.name}; the least and`,
    'the most. Only ratios within one run say something. All answers were found equal before.',
    generator.isPinned
      ? `Servers of one process have a processor of their own, and ${generator.name} has another.`
      : 'Servers and load were not kept on processors of their own (taskset): at times they share one.',
    '',
    comparisonText(results, all),
    '',
    ...all.map(({ name, note }) => `${name}: ${note}.`),
    '',
  ].join('\n');
}

async function beforeAndNow(commit: string): Promise<string> {
  const rows = chosenOf(variants.filter(({ before }) => before !== null));
  const goalOf = parseGoals(values.goal, [...rows.map(({ key }) => key), 'streams']);
  const builds = { before: buildCommit(commit, tell), now: currentBuild };
  const rounds = Number(values.rounds ?? (quick ? 3 : 5));
  const texts = [machine(), beforeText({ builds, rounds })];
  if (what === 'compare') {
    const { text, failures } = await compareBuilds({
      rows,
      builds,
      goalOf: (row) => goalOf(row.key) ?? row.goalBeside,
      workloads: chosenWorkloads(),
      generator: loadGenerator(),
      rounds,
      seconds: Number(values.seconds ?? (quick ? 1 : 2)),
      warmingSeconds: quick ? 1 : 2,
      tell,
    });
    if (failures.length > 0) process.exitCode = 1;
    texts.unshift(...(failures.length > 0 ? [failuresText(failures)] : []));
    texts.push(text);
  }
  if (what === 'streams' || values.streams !== undefined) {
    const text = await compareStreams({
      builds,
      streams: numbersOf(values.streams ?? (quick ? '1000' : '10000')),
      selections: numbersOf(values.selections),
      pairs: rounds,
      seconds: Number(values.seconds ?? (quick ? 5 : 15)),
      goal: goalOf('streams') ?? mostForStreams,
      tell,
    });
    texts.push(text, '');
  }
  return texts.join('\n');
}

async function processorTime(commit: string): Promise<string> {
  const rows = chosenOf(variants.filter(({ before }) => before !== null));
  const goalOf = parseGoals(
    values.goal,
    rows.map(({ key }) => key),
  );
  return `${machine()}\n\n${await compareProcessorTime({
    rows,
    builds: { before: buildCommit(commit, tell), now: currentBuild },
    workloads: chosenWorkloads(),
    pairs: Number(values.rounds ?? (quick ? 2 : 5)),
    turns: Number(values.turns ?? (quick ? 20 : 60)),
    warmingMilliseconds: quick ? 0 : 15_000,
    goalOf: (row) => goalOf(row.key) ?? row.goalBeside,
    tell,
  })}`;
}

function chosenContenders(): readonly Contender[] {
  return chosenOf(contenders());
}

/** Those that --contenders names, or all. */
function chosenOf<Named extends { readonly key: string }>(all: readonly Named[]): readonly Named[] {
  const keys = chosenNames('--contenders', { chosen: values.contenders, all: all.map(({ key }) => key) });
  return all.filter(({ key }) => keys.includes(key));
}

function chosenWorkloads(): typeof workloads {
  const names = chosenNames('--only', { chosen: values.only, all: workloads.map(({ name }) => name) });
  return workloads.filter(({ name }) => names.includes(name));
}

/** The names in the value of a flag, or all of them without it. Throws where one does not exist. */
function chosenNames(
  flag: string,
  { chosen, all }: { readonly chosen: string | undefined; readonly all: readonly string[] },
): readonly string[] {
  const names = chosen?.split(',') ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new Error(`${flag}: there is no "${unknown}"; there are ${all.join(', ')}.`);
  return names;
}

function installRivals(): void {
  if (areRivalsInstalled()) return;
  tell('Installing what hvql is compared with, in test/bench/rival.');
  const { status } = spawnSync('npm', ['ci'], { cwd: `${here}rival`, stdio: ['ignore', 2, 2] });
  if (status !== 0) tell('npm ci in test/bench/rival failed.');
}

function machine(): string {
  const all = cpus();
  const { platform, arch, version } = process;
  return `${platform} ${arch}, ${all.length} × ${all[0]?.model.trim() ?? '?'}, Node ${version}, ${new Date().toISOString()}`;
}

function numbersOf(text: string): number[] {
  return text.split(',').map(Number);
}
