/** The files of GraphiQL: served from here under names that change with what is in them, so that none comes from elsewhere. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Where the files stand. */
export const assetFolder = '/graphql/assets/';

/** A file, gzipped once. */
export interface Asset {
  readonly path: string;
  readonly contentType: string;
  readonly gzipped: Buffer;
}

/** GraphiQL's files by what they are for. */
export interface GraphiqlAssets {
  readonly script: Asset;
  readonly style: Asset;
  readonly icon: Asset;
  /** By the label under which the editor asks for a worker. */
  readonly workers: { readonly editorWorkerService: Asset; readonly json: Asset; readonly graphql: Asset };
}

/** Reads and compresses the files: 9 MB, so only once somebody opens the page. */
export async function loadGraphiqlAssets(): Promise<GraphiqlAssets> {
  const files = await import('@graphql-yoga/render-graphiql/graphiql');
  const script = (text: string): Promise<Asset> => makeAsset(Buffer.from(text), 'js');
  const [page, style, icon, editorWorkerService, json, graphql] = await Promise.all([
    script(files.js),
    makeAsset(Buffer.from(files.css), 'css'),
    makeAsset(Buffer.from(files.favicon.slice(files.favicon.indexOf(',') + 1), 'base64'), 'ico'),
    script(files.editorWorkerService),
    script(files.jsonWorker),
    script(files.graphqlWorker),
  ]);
  return { script: page, style, icon, workers: { editorWorkerService, json, graphql } };
}

/** All the files. */
export function listAssets({ script, style, icon, workers }: GraphiqlAssets): readonly Asset[] {
  return [script, style, icon, ...Object.values(workers)];
}

/** The file as it is, for those few who do not take gzip: made when it is first asked for, and kept. */
export function plainBytes(asset: Asset): Promise<Buffer> {
  const known = plain.get(asset);
  if (known !== undefined) return known;
  const made = decompress(asset.gzipped);
  plain.set(asset, made);
  made.catch(() => plain.delete(asset));
  return made;
}

const plain = new WeakMap<Asset, Promise<Buffer>>();

const contentTypes = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  ico: 'image/x-icon',
} as const;

async function makeAsset(bytes: Buffer, extension: keyof typeof contentTypes): Promise<Asset> {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return {
    path: `${assetFolder}${hash}.${extension}`,
    contentType: contentTypes[extension],
    gzipped: await compress(bytes),
  };
}
