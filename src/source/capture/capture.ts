/** The source `capture:<folder or .tar>`: recorded frames, played back in real time. */
import { UsageError } from '../../errors.ts';
import type { Clock } from '../../snapshot/moment.ts';
import type { StatisticsArea } from '../../snapshot/object-name.ts';
import { sameOrNext, type Topology } from '../../snapshot/topology.ts';
import { systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { systemFiles, type FileSystem } from '../page-folder/file-system.ts';
import { areasIn } from '../page-folder/found-areas.ts';
import { readObjects, readObjectsSync } from '../page-folder/page-batch.ts';
import { manifestName, type Manifest } from '../page-folder/manifest.ts';
import { manifestGone, manifestUnavailable, withFolderNamed } from '../page-folder/page-folder.ts';
import { treeTopology, type PageTree } from '../page-folder/page-tree.ts';
import { StatsParser } from '../mshv/stats-parser.ts';
import type { Source } from '../source.ts';
import { framePlace, type CaptureStore, type StoreTools } from './capture-store.ts';
import { folderStore } from './folder-store.ts';
import type { CaptureManifest } from './frame.ts';
import { playback, type Playback, type ShownFrame } from './playback.ts';
import { capturePast } from './capture-past.ts';
import { describeCapture, type CaptureSettings } from './settings.ts';
import { openTarStore } from './tar-store.ts';
import { movedOn } from './recorded-reading.ts';

/** The dependencies of a capture. */
export interface CaptureOptions {
  /** The steady clock sets the pace. Readings have the times of the frames. */
  readonly clock: Clock;
  /** The file system. @default this machine's */
  readonly files?: FileSystem;
}

/**
 * Opens a capture, which starts to play with the first reading of objects; topologies and readings of no objects do not
 * start it. Rejects with a UsageError if there is no capture, its manifest is invalid, a frame that it lists is missing,
 * or the number of the only frame to show does not exist. If the folder or its manifest goes away later, or the manifest
 * becomes invalid, topologies fail until it is back.
 */
export async function openCapture(settings: CaptureSettings, options: CaptureOptions): Promise<Source> {
  const { path, isLoop, standStillAt } = settings;
  const parser = new StatsParser();
  const store = await openStore(path, { files: options.files ?? systemFiles, parser });
  try {
    const manifest = withFolderNamed(path, () => checkedManifest(store, standStillAt));
    const player = playback({ frames: manifest.frames, isLoop, standStillAt }, options.clock);
    const { host } = manifest;
    return captureSource({ description: describeCapture(settings), host, store, parser, player });
  } catch (thrown) {
    store.close();
    throw thrown;
  }
}

async function openStore(path: string, tools: StoreTools): Promise<CaptureStore> {
  try {
    const state = tools.files.statSync(path);
    if (state.isDirectory()) return folderStore(path, tools);
    if (state.isFile()) return await openTarStore(path, tools);
  } catch (thrown) {
    if (systemErrorCode(thrown) === undefined) throw thrown;
    throw new UsageError([`The capture ${path} cannot be read: ${systemErrorReason(thrown)}.`]);
  }
  throw new UsageError([`The capture ${path} is neither a folder nor a file.`]);
}

function checkedManifest(store: CaptureStore, standStillAt: number | undefined): CaptureManifest {
  const manifest = store.manifest();
  if (manifest === undefined) {
    throw new UsageError([`${manifestName} does not exist, but a capture needs one.`]);
  }
  const count = manifest.frames.length;
  const problems = manifest.frames
    .filter(({ name }) => !store.hasFrame(name))
    .map(({ name }) => `${framePlace(name)} is not there, but the manifest lists it.`);
  if (standStillAt !== undefined && standStillAt >= count) {
    problems.push(`manifest.json has the frames 0 to ${count - 1}, but frame=${standStillAt} was asked for.`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return manifest;
}

interface OpenCapture {
  readonly description: string;
  readonly host: string | null;
  readonly store: CaptureStore;
  readonly parser: StatsParser;
  readonly player: Playback;
}

interface OpenFrame {
  readonly name: string;
  readonly tree: PageTree;
  /** The topology of the folders and the manifest. */
  listed?: { readonly topology: Topology; readonly manifest: Manifest };
  areas?: readonly StatisticsArea[];
}

function captureSource({ description, host, store, parser, player }: OpenCapture): Source {
  /** The frame that was read last: most reads are of the same one, and frames do not change. */
  let current: OpenFrame | undefined;
  let latest: Topology | undefined;

  function open(name: string): OpenFrame {
    if (current?.name !== name) current = { name, tree: store.frame(name) };
    return current;
  }

  function topology(): Topology {
    const { name } = player.peek().frame;
    store.assertFrame(name);
    const manifest = currentManifest(store);
    const frame = open(name);
    if (frame.listed?.manifest === manifest) return (latest = frame.listed.topology);
    latest = sameOrNext(
      latest,
      treeTopology(frame.tree, () => manifest),
    );
    // A list that failed may succeed the next time.
    if (isListed(latest)) frame.listed = { topology: latest, manifest };
    return latest;
  }

  /** The areas of the current frame; null if it cannot be read or has texts. */
  function areas(): readonly StatisticsArea[] | null {
    const frame = open(player.peek().frame.name);
    const { has } = frame.tree;
    if (has === undefined) return null;
    try {
      return (frame.areas ??= areasIn({ topology: topology(), has }));
    } catch {
      return null;
    }
  }

  /** The frame to read a batch from: an empty batch, which only needs the moment, does not start to play. */
  const shownFor = ({ length }: readonly unknown[]): ShownFrame =>
    length === 0 ? player.peek() : player.play();

  return {
    kind: 'capture',
    description,
    host,
    get unreadableLines() {
      return parser.texts === 0 ? null : parser.unreadableLines;
    },
    get areas() {
      return areas();
    },
    async topology(signal) {
      signal.throwIfAborted();
      return topology();
    },
    async read(objects, signal) {
      signal.throwIfAborted();
      const { frame, at } = shownFor(objects);
      const outcomes = await readObjects(open(frame.name).tree, { objects, signal });
      return { at, outcomes: movedOn(outcomes, { recorded: frame.at, shown: at }) };
    },
    past: (questions, options) =>
      capturePast({ player, treeOf: (name) => store.frame(name) }, questions, options),
    sync: {
      topology,
      read(objects) {
        const { frame, at } = shownFor(objects);
        const outcomes = readObjectsSync(open(frame.name).tree, objects);
        return outcomes && { at, outcomes: movedOn(outcomes, { recorded: frame.at, shown: at }) };
      },
    },
    async close() {
      store.close();
    },
  };
}

/** The parents of partitions, from the current manifest. The list of frames is from when the capture was opened. */
function currentManifest(store: CaptureStore): Manifest {
  let manifest;
  try {
    manifest = store.manifest();
  } catch (thrown) {
    throw manifestUnavailable(thrown);
  }
  if (manifest === undefined) throw manifestGone();
  return manifest;
}

function isListed(topology: Topology): boolean {
  return [topology, ...topology.partitions].every(({ listError }) => listError === undefined);
}
