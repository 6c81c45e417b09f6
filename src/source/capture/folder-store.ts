/** A capture in a folder. */
import { HvqlError, UsageError } from '../../errors.ts';
import { isNotThere, systemErrorCode, systemErrorReason } from '../../lib/system-error.ts';
import { readTextFile } from '../page-folder/file-system.ts';
import { StatsFiles } from '../mshv/stats-file.ts';
import { confineFiles } from '../page-folder/confined-files.ts';
import { FileMemory } from '../page-folder/file-memory.ts';
import { folderTree } from '../page-folder/folder-tree.ts';
import { manifestName } from '../page-folder/manifest.ts';
import { manifestError } from '../page-folder/page-folder.ts';
import { framePlace, type CaptureStore, type StoreTools } from './capture-store.ts';
import { parseCaptureManifest } from './frame.ts';
import { withTexts } from './text-tree.ts';

/** The capture in this folder. */
export function folderStore(folder: string, { files, parser }: StoreTools): CaptureStore {
  const confined = confineFiles(folder, files);
  const manifests = new FileMemory(files, (path) => parseCaptureManifest(readTextFile(path, confined)));
  return {
    manifest() {
      try {
        return manifests.get(`${folder}/${manifestName}`);
      } catch (thrown) {
        throw manifestError(thrown);
      } finally {
        manifests.forgetUnused();
      }
    },
    hasFrame(name) {
      try {
        confined.assertWithin(`${folder}/${framePlace(name)}`);
        return files.statSync(`${folder}/${framePlace(name)}`).isDirectory();
      } catch (thrown) {
        if (isNotThere(thrown)) return false;
        throw new UsageError([`${framePlace(name)} cannot be read: ${systemErrorReason(thrown)}.`]);
      }
    },
    assertFrame(name) {
      const place = framePlace(name);
      try {
        confined.assertWithin(`${folder}/${place}`);
        if (files.statSync(`${folder}/${place}`).isDirectory()) return;
      } catch (thrown) {
        const reason = systemErrorCode(thrown);
        if (reason === undefined) throw thrown;
        const problem = isNotThere(thrown) ? 'is not there' : `cannot be read: ${systemErrorReason(thrown)}`;
        throw new HvqlError('PAGE_UNAVAILABLE', `${place} ${problem}.`, { folder: place, reason });
      }
      throw new HvqlError('PAGE_UNAVAILABLE', `${place} is not a folder.`, {
        folder: place,
        reason: 'ENOTDIR',
      });
    },
    frame(name) {
      const path = `${folder}/${framePlace(name)}`;
      const label = `${framePlace(name)}/`;
      // Of its own, since what is known of links is the frame's.
      const own = confineFiles(folder, files);
      const texts = new StatsFiles(own);
      const read = (place: string): Uint8Array => texts.read(`${path}/${place}`);
      return withTexts(folderTree({ folder: path, label, files: own }), { label, parser, read });
    },
    close: () => {},
  };
}
