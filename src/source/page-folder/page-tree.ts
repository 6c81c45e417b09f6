/** What a page folder, the folder of a driver and the frames of captures have in common. */
import { HvqlError } from '../../errors.ts';
import { type ObjectName, parsePartitionId } from '../../snapshot/object-name.ts';
import type { Reading } from '../../snapshot/reading.ts';
import { topologyOf, type PartitionEntry, type Topology } from '../../snapshot/topology.ts';
import { parentOf, type Manifest } from './manifest.ts';

/** A tree of pages or of texts in place of pages: in a folder, a driver or a capture. */
export interface PageTree {
  /**
   * Names of the folders within this place, "partition/5/vp", in any order; an empty list if there is no such
   * place. Throws PAGE_UNAVAILABLE if it cannot be listed.
   */
  folders(place: string): readonly string[];
  /** The reading of an object, in bytes that do not change. Throws PAGE_UNAVAILABLE or PAGE_MALFORMED. */
  read(name: ObjectName): Reading;
  /** Whether there is a page at this place, as a tree may have one for each area; left out if the tree has no areas. */
  readonly has?: (place: string) => boolean;
}

/** What GraphQL's Int holds; the hypervisor numbers its processors far below. */
const maxIndex = 0x7fff_ffff;
const canonicalIndex = /^(?:0|[1-9]\d{0,9})$/;

/** The last topology of a tree, and the partitions whose virtual processors may have changed. */
export interface TreeBefore {
  readonly topology: Topology;
  readonly lists: ReadonlySet<bigint>;
}

/**
 * The topology of a tree: the folders are the objects, the manifest adds parents and names. The root exists even without
 * a folder, because every hypervisor has a root and the access rules depend on it. Folders whose names are not plain numbers
 * ("007", ".new-12") are ignored.
 *
 * The manifest is read after the folders are listed: a writer adds the entry of a partition before its folder, and removes
 * it after its folder. So no readable partition is treated as a child of the root because its entry is missing.
 *
 * With `before`, only the lists that it names and those of new partitions are read again.
 */
export function treeTopology(tree: PageTree, readManifest: () => Manifest, before?: TreeBefore): Topology {
  const listed = tree.folders('partition').flatMap(partitionIdOf);
  const manifest = readManifest();
  const ids = new Set(listed).add(manifest.root);
  const partitions = Array.from(ids, (id) => ({
    ...(virtualProcessorsBefore(id, before) ?? virtualProcessorsOf(tree, id)),
    id,
    parent: parentOf(manifest, id),
    name: manifest.partitions.get(id)?.name ?? null,
  }));
  return topologyOf(indexesIn(tree, 'lp'), partitions);
}

/** The folder of a partition's virtual processors. */
export function virtualProcessorsPlace(id: bigint): string {
  return `partition/${id}/vp`;
}

type ListedProcessors = Pick<PartitionEntry, 'virtualProcessors' | 'listError'>;

function virtualProcessorsBefore(id: bigint, before: TreeBefore | undefined): ListedProcessors | undefined {
  return before?.lists.has(id) === false ? before.topology.partition(id) : undefined;
}

/** One folder that cannot be listed does not fail the others. */
function virtualProcessorsOf(tree: PageTree, id: bigint): ListedProcessors {
  const indexes = indexesIn(tree, virtualProcessorsPlace(id));
  if (indexes instanceof HvqlError) return { virtualProcessors: [], listError: indexes };
  return { virtualProcessors: indexes.sort((a, b) => a - b) };
}

function indexesIn(tree: PageTree, place: string): number[] | HvqlError {
  try {
    return tree.folders(place).flatMap(indexOf);
  } catch (thrown) {
    if (thrown instanceof HvqlError) return thrown;
    throw thrown;
  }
}

function partitionIdOf(name: string): bigint | [] {
  return parsePartitionId(name) ?? [];
}

function indexOf(name: string): number[] {
  return canonicalIndex.test(name) && Number(name) <= maxIndex ? [Number(name)] : [];
}
