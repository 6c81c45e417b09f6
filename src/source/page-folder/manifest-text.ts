/** A manifest as text. */
import type { ManifestPartition } from './manifest.ts';

/** The text of a manifest that says this of these partitions, and whatever else is given. */
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
