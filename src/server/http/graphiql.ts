/** Serves GraphiQL to browsers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { assetFolder, listAssets, loadGraphiqlAssets, plainBytes, type Asset } from './graphiql-asset.ts';
import { graphiqlPage, type GraphiqlOptions, type Page } from './graphiql-page.ts';
import type { Exchange } from './exchange.ts';

/** The page and its files. */
export interface Graphiql {
  /** The page as HTML in UTF-8, the same bytes for all who ask; Yoga sends it. */
  page(): Promise<Buffer<ArrayBuffer>>;
  /** Sets the headers that the page needs on a response that it will be sent in. */
  preparePage(response: ServerResponse): Promise<void>;
  /** The folder that its files stand in. */
  readonly assetFolder: string;
  /** Answers with the file at the path that was asked for; false where there is none. */
  sendAsset(exchange: Exchange): Promise<boolean>;
}

/** Whether a request for the endpoint is a person's: the address typed into a browser. */
export function wantsGraphiql({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html');
}

/**
 * GraphiQL with these options; its files are made ready when the first one is asked for, and where that fails, when the
 * next one is.
 */
export function graphiql(options: GraphiqlOptions, loadAssets = loadGraphiqlAssets): Graphiql {
  let ready: Promise<{ page: Page; html: Buffer<ArrayBuffer>; assets: ReadonlyMap<string, Asset> }> | null =
    null;
  const load = (): NonNullable<typeof ready> => {
    ready ??= loadAssets()
      .then((assets) => {
        const page = graphiqlPage(options, assets);
        const byPath = new Map(listAssets(assets).map((asset) => [asset.path, asset]));
        return { page, html: Buffer.from(page.html), assets: byPath };
      })
      .catch((thrown: unknown) => {
        ready = null;
        throw thrown;
      });
    return ready;
  };
  return {
    page: async () => (await load()).html,
    preparePage: async (response) => {
      const { page } = await load();
      response.setHeader('content-security-policy', page.contentSecurityPolicy);
      // It may hold tokens.
      response.setHeader('cache-control', 'no-store');
    },
    assetFolder,
    sendAsset: async ({ request, response, path }) => {
      const asset = (await load()).assets.get(path);
      if (asset === undefined) return false;
      const takesGzip = acceptsGzip(request);
      const body = takesGzip ? asset.gzipped : await plainBytes(asset);
      response.writeHead(200, {
        'content-type': asset.contentType,
        'content-length': body.length,
        ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
        vary: 'accept-encoding',
        'cache-control': 'public, max-age=31536000, immutable',
      });
      if (request.method === 'HEAD') response.end();
      else await pipeline(Readable.from(piecesOf(body), { objectMode: false }), response);
      return true;
    },
  };
}

/** A client that takes nothing holds no more than a piece: in one write, TLS would keep all of it encrypted. */
const pieceInBytes = 65_536;

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceInBytes) yield bytes.subarray(at, at + pieceInBytes);
}

function acceptsGzip({ headers }: IncomingMessage): boolean {
  const codings = (headers['accept-encoding'] ?? '').split(',');
  return codings.some((coding) => /^\s*gzip\s*(?:;\s*q=(?:1|0\.0*[1-9]).*)?$/.test(coding));
}
