/** How hvql spends its time under each workload: functions by their self time. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contender.ts';
import { onGround, tokenOnGround } from './comparison.ts';
import type { LoadGenerator } from './load.ts';
import { table } from '../soak/table.ts';
import { bodyOf, type Workload } from './workload.ts';

/** The profiled workload, and the duration. */
export interface ProfileOptions {
  readonly workloads: readonly Workload[];
  readonly contender: Contender;
  readonly generator: LoadGenerator;
  readonly seconds: number;
}

/** Of V8's format, as `node --cpu-prof` writes it. */
interface Profile {
  readonly endTime: number;
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}
interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

const warmingSeconds = 2;
const functionsShown = 15;

/** Profiles a variant of hvql. */
export async function profileText({
  workloads,
  contender,
  generator,
  seconds,
}: ProfileOptions): Promise<string> {
  const texts: string[] = [];
  for (const workload of workloads) {
    const folder = mkdtempSync(join(tmpdir(), 'hvql-profile-'));
    try {
      const profiled = profiledIn(folder, contender);
      let perSecond = 0;
      await onGround({ size: workload.host, contenders: [profiled] }, async ([opponent]) => {
        const url = opponent?.server.url ?? '';
        const { connections } = workload;
        const load = { url, body: bodyOf(workload), token: await tokenOnGround(), connections };
        await generator.run({ ...load, seconds: warmingSeconds });
        ({ perSecond } = await generator.run({ ...load, seconds }));
      });
      const rows = ownTimes(readProfile(folder), seconds);
      const title = `${workload.name}: ${workload.title}, ${perSecond.toFixed(0)} answers a second while profiled`;
      texts.push(`${title}\n${table([['own time, %', 'function'], ...rows.slice(0, functionsShown)])}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return texts.join('\n');
}

function profiledIn(folder: string, contender: Contender): Contender {
  return {
    ...contender,
    start: (ground) => contender.start(ground, ['--cpu-prof', '--cpu-prof-dir', folder]),
  };
}

/** That of the main thread, whose number is 0; tsx has a thread of its own. */
function readProfile(folder: string): Profile {
  const name = readdirSync(folder).find((file) => /^CPU\.\d+\.\d+\.\d+\.0\./.test(file));
  return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as Profile;
}

/** Percent of the last seconds of the profile, which are those of the load. */
export function ownTimes(profile: Profile, seconds: number): [share: string, name: string][] {
  const from = profile.endTime - seconds * 1e6;
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
  const times = new Map<string, number>();
  let [at, sum] = [profile.startTime, 0];
  profile.samples.forEach((id, n) => {
    const delta = profile.timeDeltas[n] ?? 0;
    at += delta;
    const name = names.get(id) ?? '?';
    if (at <= from || name === '(idle)') return;
    sum += delta;
    times.set(name, (times.get(name) ?? 0) + delta);
  });
  return Array.from(times)
    .sort(([, a], [, b]) => b - a)
    .map(([name, time]) => [((100 * time) / sum).toFixed(1), name]);
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name}  ${url.replace(/^.*\/(?:node_modules|dist)\//, '')}:${lineNumber + 1}`;
}
