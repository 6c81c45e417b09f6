/** Static files of the service's pages, under names that change with their content, compressed in advance. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Negotiator from 'negotiator';

const contentTypes = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
} as const;

/** Media types by file name extension. */
export type AssetType = keyof typeof contentTypes;

/** A file, compressed once. */
export interface Asset {
  readonly path: string;
  readonly type: AssetType;
  readonly gzipped: Buffer;
  /** Smaller than gzip; browsers accept it over TLS and on loopback. @default none */
  readonly brotli?: Buffer;
  /** For the few clients that accept neither encoding: created for the first one, and shared. */
  readonly plain: () => Buffer;
}

/** The part of an HttpExchange that serving a file needs, without a dependency on the server. */
export interface AssetRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

/** A client that does not read holds at most one piece in memory: TLS would encrypt and keep a single large write. */
const pieceInBytes = 65_536;

/** Whether a file with this extension can be served. */
export function isAssetType(ending: string): ending is AssetType {
  return Object.hasOwn(contentTypes, ending);
}

/** Sends the file. Its name changes with its content, so browsers may cache it indefinitely. */
export async function sendAsset(asset: Asset, { request, response }: AssetRequest): Promise<void> {
  const { encoding, body } = encode(asset, request);
  response.writeHead(200, {
    'content-type': contentTypes[asset.type],
    'content-length': body.length,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
    vary: 'accept-encoding',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(piecesOf(body), { objectMode: false }), response);
}

/** The file in the best encoding that the client accepts. */
function encode(
  { gzipped, brotli, plain }: Asset,
  request: IncomingMessage,
): { readonly encoding: string; readonly body: Buffer } {
  const negotiator = new Negotiator(request);
  // A client that accepts anything may be a program that cannot decompress.
  const accepts = (encoding: string): boolean =>
    negotiator.encoding([encoding, 'identity']) === encoding &&
    String(request.headers['accept-encoding']).includes(encoding);
  if (brotli !== undefined && accepts('br')) return { encoding: 'br', body: brotli };
  if (negotiator.encoding(['gzip', 'identity']) === 'gzip') return { encoding: 'gzip', body: gzipped };
  return { encoding: 'identity', body: plain() };
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceInBytes) yield bytes.subarray(at, at + pieceInBytes);
}
