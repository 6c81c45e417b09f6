/** Serves GraphiQL: its page, and its files under names that depend on their content. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sendAsset, type Asset, type AssetRequest, type AssetType } from './asset.ts';
import { graphiqlPage, type GraphiqlAssets, type GraphiqlOptions, type Page } from './graphiql-page.ts';

/** Where the files are. */
export const assetFolder = '/graphql/assets/';

/** Whether a request comes from a browser's address bar. */
export function wantsPage(request: IncomingMessage): boolean {
  return request.method === 'GET' && acceptsPage(request);
}

/** Whether a request is for a page or, with HEAD, for the headers of its response. */
export function wantsPageOrHead(request: IncomingMessage): boolean {
  return (request.method === 'HEAD' || request.method === 'GET') && acceptsPage(request);
}

function acceptsPage({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? '').includes('text/html');
}

interface Loaded {
  readonly page: Page;
  readonly html: Buffer<ArrayBuffer>;
  readonly assets: ReadonlyMap<string, Asset>;
}

/** The page and its files (9 MB), which are loaded and compressed on the first request. */
export class Graphiql {
  readonly #options: GraphiqlOptions;
  readonly #loadAssets: () => Promise<GraphiqlAssets>;
  #loading: Promise<Loaded> | null = null;

  constructor(options: GraphiqlOptions, loadAssets = loadGraphiqlAssets) {
    this.#options = options;
    this.#loadAssets = loadAssets;
  }

  /** The page as HTML in UTF-8. */
  async page(): Promise<Buffer<ArrayBuffer>> {
    return (await this.#load()).html;
  }

  /** Sets the headers that the page needs. */
  async preparePage(response: ServerResponse): Promise<void> {
    const { page } = await this.#load();
    response.setHeader('content-security-policy', page.contentSecurityPolicy);
    // It may hold tokens.
    response.setHeader('cache-control', 'no-store');
  }

  /** Sends the file at the path of the request; false without such a file. */
  async sendAsset(exchange: AssetRequest): Promise<boolean> {
    const asset = (await this.#load()).assets.get(exchange.path);
    if (asset === undefined) return false;
    await sendAsset(asset, exchange);
    return true;
  }

  /** Loads the files once, and again after a failure. */
  #load(): Promise<Loaded> {
    this.#loading ??= this.#loadAssets()
      .then((assets) => {
        const { script, style, icon, workers } = assets;
        const all = [script, style, icon, ...Object.values(workers)];
        const page = graphiqlPage(this.#options, assets);
        const byPath = new Map(all.map((asset) => [asset.path, asset]));
        return { page, html: Buffer.from(page.html), assets: byPath };
      })
      .catch((thrown: unknown) => {
        this.#loading = null;
        throw thrown;
      });
    return this.#loading;
  }
}

/** Imports the files and compresses them. */
export async function loadGraphiqlAssets(): Promise<GraphiqlAssets> {
  const files = await import('@graphql-yoga/render-graphiql/graphiql');
  const script = (text: string): Promise<Asset> => makeAsset(() => Buffer.from(text), 'js');
  const [page, style, icon, editorWorkerService, json, graphql] = await Promise.all([
    script(files.js),
    makeAsset(() => Buffer.from(files.css), 'css'),
    makeAsset(() => Buffer.from(files.favicon.slice(files.favicon.indexOf(',') + 1), 'base64'), 'ico'),
    script(files.editorWorkerService),
    script(files.jsonWorker),
    script(files.graphqlWorker),
  ]);
  return { script: page, style, icon, workers: { editorWorkerService, json, graphql } };
}

const compress = promisify(gzip);

async function makeAsset(read: () => Buffer, extension: AssetType): Promise<Asset> {
  const bytes = read();
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const path = `${assetFolder}${hash}.${extension}`;
  let kept: Buffer | null = null;
  const plain = (): Buffer => (kept ??= read());
  return { path, type: extension, gzipped: await compress(bytes), plain };
}
