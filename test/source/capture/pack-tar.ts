import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { filesBelow, scratchFolder } from '../scratch.ts';

/** Packs what is in a folder, names led by `prefix`, into a tar that is removed after the test. */
export async function packTar(folder: string, prefix = ''): Promise<string> {
  const path = join(scratchFolder(), 'packed.tar');
  const archive = pack();
  for (const [place, bytes] of filesBelow(folder)) archive.entry({ name: `${prefix}${place}` }, bytes);
  archive.finalize();
  await pipeline(archive, createWriteStream(path));
  return path;
}
