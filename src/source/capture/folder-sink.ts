/** A capture that is being written to a folder. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from '../../errors.ts';
import { systemErrorCode } from '../../lib/system-error.ts';
import { manifestName } from '../page-folder/manifest.ts';
import { unwritable, type CaptureSink } from './capture-store.ts';

/** Creates the folder if it does not exist. Rejects with a UsageError if it is not empty. */
export async function openFolderSink(folder: string): Promise<CaptureSink> {
  const isNew = await makeFolder(folder);
  /** Folders that were created; most of a frame's pages share a folder. */
  const createdFolders = new Set<string>();
  return {
    async writeFile({ place, bytes }) {
      const path = `${folder}/${place}`;
      const parent = dirname(path);
      if (!createdFolders.has(parent)) await mkdir(parent, { recursive: true });
      createdFolders.add(parent);
      await writeFile(path, bytes, { flag: 'wx' });
    },
    finish: async () => {},
    async abandon() {
      const written = isNew ? [folder] : ['frames', manifestName].map((name) => `${folder}/${name}`);
      for (const path of written) await rm(path, { recursive: true, force: true });
    },
  };
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'EEXIST') throw unwritable(folder, thrown);
  }
  let names;
  try {
    names = await readdir(folder);
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
  if (names.length === 0) return false;
  throw new UsageError([
    `The folder ${folder} needs to be empty for a capture, but holds ${String(names[0])}.`,
  ]);
}
