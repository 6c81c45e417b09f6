/** Failures of the source during a storm, one after another, each repaired, with pauses in between. */
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.ts';
import { pause } from './kind.ts';
import type { PageWriter } from './page-writer.ts';
import type { Troubles } from './trouble.ts';
import { breakInPassing, breakPage, pagesIn, replace } from './wreck.ts';

/** The target of the failures, and their pace. */
export interface ChaosOptions {
  readonly folder: string;
  readonly writer: PageWriter;
  readonly troubles: Troubles;
  readonly random: Random;
  /** Moves the wall clock of the service by this from what it is. */
  readonly moveWallClock: (milliseconds: number) => void;
  /** How long a failure lasts. */
  readonly troubleMilliseconds: number;
  /** The pause once the service has had time to recover. */
  readonly calmMilliseconds: number;
}

type Trouble = (options: ChaosOptions) => Promise<void>;

const never = new AbortController().signal;
/** This long after SIGSTOP nothing is written any more. */
const standstillMilliseconds = 50;
const pagesBrokenTogether = 40;

/** Causes failures in turn until the signal; the last one is repaired by then. */
export async function makeChaos(options: ChaosOptions, signal: AbortSignal): Promise<void> {
  const { troubles, calmMilliseconds } = options;
  for (let turn = 0; ; turn += 1) {
    await pause(calmMilliseconds, signal);
    if (signal.aborted) return;
    const [name, make] = timetable[turn % timetable.length] ?? ['', async () => undefined];
    const recovering = await troubles.during(name, () => make(options));
    await pause(recovering, signal);
  }
}

const timetable: readonly (readonly [name: string, make: Trouble])[] = [
  ['pages broken while their writer stands still', standing(breakPages)],
  ['the folder moved away and back', standing(moveAway)],
  ['the writer killed, another host in its place', killed(async () => undefined)],
  ['the wall clock set half an hour ahead, and back', stepWallClock],
  ['pages broken while they are written', breakWhileWritten],
  ['the manifest broken', standing(breakManifest)],
  ['the writer killed, the folder moved away and back', killed(moveAway)],
];

/** With a writer that would repair it too soon. */
function standing(make: Trouble): Trouble {
  return async (options) => {
    options.writer.standStill();
    await pause(standstillMilliseconds, never);
    try {
      await make(options);
    } finally {
      options.writer.goOn();
    }
  };
}

/** Without a writer for a while, as after kill -9, and then with one of another host. */
function killed(meanwhile: Trouble): Trouble {
  return async (options) => {
    await options.writer.kill();
    await meanwhile(options);
    await options.writer.start(options.random.whole(1, 1_000_000));
  };
}

async function breakPages({ folder, random, troubleMilliseconds }: ChaosOptions): Promise<void> {
  const pages = pagesIn(folder);
  const broken = new Map<string, () => void>();
  for (let n = 0; n < pagesBrokenTogether; n += 1) {
    const path = random.one(pages);
    if (!broken.has(path)) broken.set(path, breakPage(path, random));
  }
  await pause(troubleMilliseconds, never);
  for (const mend of broken.values()) mend();
}

async function breakWhileWritten({ folder, random, troubleMilliseconds }: ChaosOptions): Promise<void> {
  const pages = pagesIn(folder);
  for (const until = performance.now() + troubleMilliseconds; performance.now() < until;) {
    for (let n = 0; n < pagesBrokenTogether; n += 1) breakInPassing(random.one(pages), random);
    await pause(10, never);
  }
}

async function breakManifest({ folder, random, troubleMilliseconds }: ChaosOptions): Promise<void> {
  const path = join(folder, 'manifest.json');
  const content = readFileSync(path);
  const broken = [
    content.subarray(0, random.whole(0, content.length - 2)),
    random.bytes(500),
    Buffer.from('[]'),
  ];
  replace(path, random.one(broken));
  await pause(troubleMilliseconds, never);
  replace(path, content);
}

/** Never backwards: tokens that have just expired would be valid for another half an hour. */
async function stepWallClock({ moveWallClock, troubleMilliseconds }: ChaosOptions): Promise<void> {
  moveWallClock(30 * 60_000);
  await pause(troubleMilliseconds, never);
  moveWallClock(0);
}

async function moveAway({ folder, troubleMilliseconds }: ChaosOptions): Promise<void> {
  renameSync(folder, `${folder}.away`);
  await pause(troubleMilliseconds, never);
  renameSync(`${folder}.away`, folder);
}
