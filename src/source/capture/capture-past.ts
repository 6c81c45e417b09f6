/** The history of a capture: its frames up to the current one, including those that no request has read. */
import { HvqlError } from '../../errors.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import {
  checkSampleCount,
  thinnedPasts,
  type Past,
  type PastMoment,
  type PastQuestion,
  type PastSample,
} from '../../snapshot/past.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { readObjects } from '../page-folder/page-batch.ts';
import type { PageTree } from '../page-folder/page-tree.ts';
import type { PastOptions } from '../source.ts';
import type { Playback, ShownFrame } from './playback.ts';
import { movedOn } from './recorded-reading.ts';

/** A capture that is played, and how its frames are read. */
export interface PlayedCapture {
  readonly player: Playback;
  readonly treeOf: (frameName: string) => PageTree;
}

/** A past frame, and the time of all objects in it. */
interface PastFrame extends ShownFrame {
  readonly snapshot: PastMoment;
  readonly tree: PageTree;
}

const nanosecondsPerMillisecond = 1e6;

/**
 * Implements `Source.past`. Visits every frame, because an object may have been absent
 * or reset in any, and reads a frame again when its numbers are needed: the pages of five minutes would take much memory.
 */
export async function capturePast(
  capture: PlayedCapture,
  questions: readonly PastQuestion[],
  options: PastOptions,
): Promise<readonly (readonly Past[])[]> {
  const frames = questions.map(({ last }) => framesOf(capture, last));
  const readings = questions.map(({ objects }, n) => objects.length * (frames[n]?.length ?? 0));
  checkSampleCount(
    readings.reduce((a, b) => a + b, 0),
    options.most,
  );
  const answers: (readonly Past[])[] = [];
  for (const [n, { objects, last, step }] of questions.entries()) {
    const lives = await livesIn(frames[n] ?? [], { objects, options });
    const now = frames[n]?.[0]?.snapshot.milliseconds ?? 0;
    const from = now - (last ?? Infinity);
    answers.push(
      thinnedPasts(
        lives.map((samples) => pastOf(samples, from)),
        step,
      ),
    );
  }
  return answers;
}

/** The frames of the last milliseconds and the one before them, the newest first. */
function framesOf({ player, treeOf }: PlayedCapture, last: number | null): PastFrame[] {
  const frames: PastFrame[] = [];
  for (const { frame, at } of player.past()) {
    const snapshot = { at, milliseconds: Number(at.monotonicNanoseconds) / nanosecondsPerMillisecond };
    frames.push({ frame, at, snapshot, tree: treeOf(frame.name) });
    const [newest] = frames;
    if (newest === undefined) break;
    if (snapshot.milliseconds < newest.snapshot.milliseconds - (last ?? Infinity)) break;
  }
  return frames;
}

/** The samples of the current lifetime of each object, the newest first. */
async function livesIn(
  frames: readonly PastFrame[],
  { objects, options }: { readonly objects: readonly ObjectName[]; readonly options: PastOptions },
): Promise<readonly (readonly PastSample[])[]> {
  const lives = objects.map((): PastSample[] => []);
  let alive = objects.map((name, n) => ({ name, n, later: null as PastSample | null }));
  for (const { frame, at, snapshot, tree } of frames) {
    if (alive.length === 0) break;
    const names = alive.map(({ name }) => name);
    const outcomes = await readObjects(tree, { objects: names, signal: options.signal });
    const shown = movedOn(outcomes, { recorded: frame.at, shown: at });
    alive = alive.filter((each, index) => {
      const outcome = shown[index];
      // A page that cannot be read is a gap; an object that is absent here has begun a new lifetime since.
      if (outcome === undefined || outcome instanceof HvqlError) return outcome?.code === 'PAGE_MALFORMED';
      const earlier = { snapshot, reading: () => outcome };
      const { name, later } = each;
      if (later !== null && options.isReset(name, { earlier, later })) return false;
      each.later = earlier;
      const reading = (): Reading => readAgain({ frame, at, tree }, name);
      lives[each.n]?.push({ snapshot, reading });
      return true;
    });
  }
  return lives;
}

function readAgain({ frame, at, tree }: Omit<PastFrame, 'snapshot'>, name: ObjectName): Reading {
  const [reading] = movedOn([tree.read(name)], { recorded: frame.at, shown: at });
  if (reading === undefined || reading instanceof HvqlError) throw new TypeError('One was read');
  return reading;
}

function pastOf(newestFirst: readonly PastSample[], from: number): Past {
  const samples = newestFirst.toReversed();
  const isBefore = ({ snapshot }: PastSample): boolean => snapshot.milliseconds < from;
  return { before: samples.findLast(isBefore) ?? null, samples: samples.filter((each) => !isBefore(each)) };
}
