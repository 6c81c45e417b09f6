/** What a page folder, a frame of a capture in a folder and a frame in a tar have in common. */
import { HvqlError } from '../../errors.ts';
import type { OverlayPage } from '../../page/decode.ts';
import type { ObjectName } from '../../snapshot/object-name.ts';
import { topologyOf, type Topology } from '../../snapshot/topology.ts';
import { parentOf, type Manifest } from './manifest.ts';

/** A tree of pages, wherever it lies. */
export interface PageTree {
  /**
   * Names of the folders within this place, "partition/5/vp", in any order, and none where there is no such place.
   * Throws PAGE_UNAVAILABLE where it cannot be listed.
   */
  folders(place: string): readonly string[];
  /** The page of an object, in bytes of its own. Throws PAGE_UNAVAILABLE or PAGE_MALFORMED. */
  readPage(name: ObjectName): OverlayPage;
}

const maxUInt64 = 0xffff_ffff_ffff_ffffn;
/** What GraphQL's Int holds; the hypervisor numbers its processors far below. */
const maxIndex = 0x7fff_ffff;
const canonicalDecimal = /^(?:0|[1-9]\d{0,19})$/;

/**
 * What exists in a tree: the folders say it, the manifest adds parents and names. The root exists even without a
 * folder, since a hypervisor has one and the access rules turn on it. Folders whose names are not plain numbers
 * ("007", ".new-12") are none of ours.
 */
export function treeTopology(tree: PageTree, manifest: Manifest): Topology {
  const ids = new Set(tree.folders('partition').flatMap(partitionIdOf)).add(manifest.root);
  const partitions = Array.from(ids, (id) => ({
    id,
    parent: parentOf(manifest, id),
    name: manifest.partitions.get(id)?.name ?? null,
    virtualProcessors: virtualProcessorsOf(tree, id),
  }));
  return topologyOf(tree.folders('lp').flatMap(indexOf), partitions);
}

function virtualProcessorsOf(tree: PageTree, id: bigint): number[] {
  try {
    return tree
      .folders(`partition/${id}/vp`)
      .flatMap(indexOf)
      .sort((a, b) => a - b);
  } catch (thrown) {
    // One partition's closed folder must not take the others along; its own page says what is the matter.
    if (thrown instanceof HvqlError && thrown.extensions['reason'] === 'EACCES') return [];
    throw thrown;
  }
}

function partitionIdOf(name: string): bigint[] {
  if (!canonicalDecimal.test(name)) return [];
  const id = BigInt(name);
  return id > 0n && id <= maxUInt64 ? [id] : [];
}

function indexOf(name: string): number[] {
  return canonicalDecimal.test(name) && Number(name) <= maxIndex ? [Number(name)] : [];
}
