/** `manifest.json` of a page folder or capture: the parents and names of partitions. */
import { parsePartitionId } from '../../snapshot/object-name.ts';
import { maxUInt64 } from '../../catalogue/counter.ts';
import { ManifestCheck } from './manifest-check.ts';

/** The entry of a partition. */
export interface ManifestPartition {
  readonly parent: bigint | null;
  readonly name: string | null;
}

/** A valid manifest. Partitions without an entry have no name, and the root as their parent. */
export interface Manifest {
  readonly root: bigint;
  readonly partitions: ReadonlyMap<bigint, ManifestPartition>;
}

export const manifestName = 'manifest.json';
/** Used if there is no manifest: partition 1 is the root. */
export const emptyManifest: Manifest = { root: 1n, partitions: new Map() };

/** The parent of a partition, null for the root. */
export function parentOf(manifest: Manifest, id: bigint): bigint | null {
  const entry = manifest.partitions.get(id);
  if (entry !== undefined) return entry.parent;
  return id === manifest.root ? null : manifest.root;
}

/**
 * Parses the manifest of a page folder. Throws a UsageError with all its problems, or if it is the manifest of a capture.
 * Unknown keys are ignored.
 */
export function parseManifest(text: string): Manifest {
  const check = new ManifestCheck(manifestName);
  const json = check.parse(text);
  if ('frames' in json) check.note('it has frames, so it is a capture: use capture:<folder>');
  const manifest = checkManifest(check, json);
  check.end();
  return manifest;
}

/** The partitions of a manifest's JSON; problems are collected, not thrown. */
export function checkManifest(check: ManifestCheck, json: Readonly<Record<string, unknown>>): Manifest {
  const { format, version, partitions: entries = [] } = json;
  if (format !== 'hvql-pages') check.noteNeed({ path: 'format', value: format }, '"hvql-pages"');
  if (version !== 1) check.noteNeed({ path: 'version', value: version }, '1');

  const partitions = new Map<bigint, ManifestPartition>();
  const roots: bigint[] = [];
  for (const { path, fields } of check.objects({ path: 'partitions', value: entries })) {
    const id = parseId(fields['id']);
    const parent = fields['parent'] === null ? null : parseId(fields['parent']);
    const name = fields['name'] ?? null;
    if (id === undefined) check.noteNeed({ path: `${path}.id`, value: fields['id'] }, idNeed);
    if (parent === undefined) {
      check.noteNeed({ path: `${path}.parent`, value: fields['parent'] }, `null for the root, or ${idNeed}`);
    }
    if (name !== null && typeof name !== 'string') {
      check.noteNeed({ path: `${path}.name`, value: name }, 'a string or null');
    }
    if (id === undefined) continue;
    if (partitions.has(id)) check.note(`${path}.id ${id} stands there a second time`);
    if (parent === null) roots.push(id);
    partitions.set(id, { parent: parent ?? null, name: typeof name === 'string' ? name : null });
  }
  const manifest = { root: roots[0] ?? emptyManifest.root, partitions };
  checkRoots(check, { manifest, roots });
  checkAncestors(check, manifest);
  return manifest;
}

const idNeed = `a partition's id, a whole number from 1 to ${maxUInt64} in a string`;

function parseId(value: unknown): bigint | undefined {
  return typeof value === 'string' ? (parsePartitionId(value) ?? undefined) : undefined;
}

function checkRoots(check: ManifestCheck, found: { manifest: Manifest; roots: readonly bigint[] }): void {
  const { manifest, roots } = found;
  if (roots.length > 1) {
    check.note(`only one partition, the root, has no parent, but ${roots.join(', ')} have none`);
  }
  const parent = manifest.partitions.get(manifest.root)?.parent ?? null;
  if (roots.length === 0 && parent !== null) {
    check.note(
      `one partition must have the parent null, as the root, but even partition 1 has parent ${parent}`,
    );
  }
}

/** Adds each cycle of parents once as a problem. */
function checkAncestors(check: ManifestCheck, manifest: Manifest): void {
  const cleared = new Set<bigint>();
  for (const start of manifest.partitions.keys()) {
    const line = new Set<bigint>();
    let id: bigint | null = start;
    for (; id !== null && !cleared.has(id) && !line.has(id); id = parentOf(manifest, id)) line.add(id);
    if (id !== null && line.has(id)) {
      const ids = Array.from(line);
      check.note(`partition ${id} is its own ancestor: ${[...ids.slice(ids.indexOf(id)), id].join(' → ')}`);
    }
    for (const checked of line) cleared.add(checked);
  }
}

/** The text of a manifest with these partitions and other fields. */
export function formatManifest(
  partitions: ReadonlyMap<bigint, ManifestPartition>,
  others: Readonly<Record<string, unknown>> = {},
): string {
  const entries = Array.from(partitions, ([id, { parent, name }]) => ({
    id: String(id),
    parent: parent === null ? null : String(parent),
    name,
  }));
  return `${JSON.stringify({ format: 'hvql-pages', version: 1, partitions: entries, ...others }, null, 1)}\n`;
}

/**
 * Whether a page folder has had a manifest. Without one, partition 1 is the root. Once there has been one, its absence
 * does not tell which partition is the root: partition 1 may be a guest. Each process that reads the folder has one of
 * these, and they are kept in step, since a process that starts later cannot see what was there before.
 */
export class ManifestMemory {
  #isKnown: boolean;
  readonly #onFirst: () => void;

  /** `isKnown`: another process has seen a manifest; `onFirst` is called when this one is the first to see it. */
  constructor(isKnown = false, onFirst: () => void = () => undefined) {
    this.#isKnown = isKnown;
    this.#onFirst = onFirst;
  }

  /** Whether there has been a manifest, even an invalid one. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Records that there is a manifest. */
  note(): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#onFirst();
  }

  /** Records that another process has seen one. */
  noteFromOther(): void {
    this.#isKnown = true;
  }
}
