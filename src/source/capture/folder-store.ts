/** A capture in a folder. */
import { UsageError } from '../../errors.ts';
import { isNotThere, type FileSystem } from '../page-folder/file-system.ts';
import { folderTree } from '../page-folder/folder-tree.ts';
import { manifestName } from '../page-folder/manifest.ts';
import { manifestError } from '../page-folder/page-folder.ts';
import { readTextFile } from '../page-folder/text-file.ts';
import { framePlace, type CaptureStore } from './capture-store.ts';

/** The capture in this folder. */
export function folderStore(folder: string, files: FileSystem): CaptureStore {
  return {
    readManifest() {
      try {
        return readTextFile(`${folder}/${manifestName}`, files);
      } catch (thrown) {
        if (isNotThere(thrown))
          throw new UsageError([`${manifestName} is not there, and a capture needs one.`]);
        throw manifestError(thrown);
      }
    },
    hasFrame(name) {
      try {
        return files.statSync(`${folder}/${framePlace(name)}`).isDirectory();
      } catch (thrown) {
        if (isNotThere(thrown)) return false;
        throw manifestError(thrown);
      }
    },
    frame: (name) =>
      folderTree({ folder: `${folder}/${framePlace(name)}`, label: `${framePlace(name)}/`, files }),
    close: () => {},
  };
}
