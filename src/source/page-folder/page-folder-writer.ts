/** Writes snapshots to a page folder while others read it. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { areaOf, objectKey, pagePlace } from '../../snapshot/object-name.ts';
import { namesOf, type HostSnapshot, type NamedPage } from '../host-snapshot.ts';
import { formatManifest, manifestName } from './manifest.ts';
import { hiddenPlace, prepareFolder } from './page-folder-takeover.ts';

/** A page folder that is being written. */
export interface PageFolderWriter {
  /**
   * Updates the folder to this snapshot. Files are replaced, and objects' folders created and removed, atomically,
   * so that no reader sees an incomplete one. A page that is not in the snapshot is not changed. Throws what the file
   * system throws.
   */
  write(snapshot: HostSnapshot): void;
}

/**
 * Creates the folder, or takes over that of an earlier run. Throws a UsageError if it has other content. Only
 * one writer at a time. Synchronous, since a page in memory costs some 25 microseconds and nothing else runs.
 */
export function pageFolderWriter(folder: string): PageFolderWriter {
  /** Keys of the objects whose folders exist, a partition before its virtual processors. */
  const present = prepareFolder(folder);
  let manifest: string | undefined;

  function replaceFile(place: string, content: Uint8Array | string): void {
    const temporary = `${folder}/${hiddenPlace(place, 'new')}`;
    writeFileSync(temporary, content);
    renameSync(temporary, `${folder}/${place}`);
  }

  /** Builds an object's folder, and those within it, under a hidden name before it appears. */
  function addObject(key: string, pages: readonly NamedPage[]): void {
    const hidden = hiddenPlace(key, 'new');
    for (const { name, bytes } of pages) {
      const place = `${folder}/${hidden}${pagePlace(name, areaOf(name)).slice(key.length)}`;
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, bytes);
    }
    mkdirSync(dirname(`${folder}/${key}`), { recursive: true });
    renameSync(`${folder}/${hidden}`, `${folder}/${key}`);
    present.add(key);
    for (const { name } of pages) present.add(objectKey(name));
  }

  function removeObject(key: string): void {
    const hidden = hiddenPlace(key, 'gone');
    renameSync(`${folder}/${key}`, `${folder}/${hidden}`);
    rmSync(`${folder}/${hidden}`, { recursive: true, force: true });
    for (const other of present) if (other === key || other.startsWith(`${key}/`)) present.delete(other);
  }

  return {
    write({ topology, pages }) {
      // An object that goes is removed before the manifest changes, and one that comes is added after that.
      const wanted = new Set(namesOf(topology).map(objectKey));
      for (const key of present) if (!wanted.has(key)) removeObject(key);

      const text = formatManifest(new Map(topology.partitions.map((partition) => [partition.id, partition])));
      if (text !== manifest) replaceFile(manifestName, text);
      manifest = text;

      const appearing = new Map<string, NamedPage[]>();
      for (const page of pages) {
        const key = absentKey(page, present);
        if (key === undefined) replaceFile(pagePlace(page.name, areaOf(page.name)), page.bytes);
        else appearing.set(key, [...(appearing.get(key) ?? []), page]);
      }
      for (const [key, newPages] of appearing) addObject(key, newPages);
    },
  };
}

/** The outermost folder that is missing for this page; undefined if the page only needs to be replaced. */
function absentKey({ name }: NamedPage, present: ReadonlySet<string>): string | undefined {
  if (name.object === 'HYPERVISOR') return undefined;
  if (name.object === 'VIRTUAL_PROCESSOR') {
    const partitionKey = objectKey({ object: 'PARTITION', partitionId: name.partitionId });
    if (!present.has(partitionKey)) return partitionKey;
  }
  const key = objectKey(name);
  return present.has(key) ? undefined : key;
}
