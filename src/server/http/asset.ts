/** Files of the service's pages, under names that change with their content, compressed before anyone asks. */
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

/** What a file is, by the ending of its name. */
export type AssetType = keyof typeof contentTypes;

/** A file, compressed once. */
export interface Asset {
  readonly path: string;
  readonly type: AssetType;
  readonly gzipped: Buffer;
  /** Smaller than by gzip; browsers accept it over TLS and on loopback. @default none */
  readonly brotli?: Buffer;
  /** For the few clients that accept neither: made for the first of them, and shared. */
  readonly plain: () => Buffer;
}

/** A request for a file: of an HttpExchange, which knows the server and so this. */
export interface AssetRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

/** A client that reads nothing holds no more than a piece: of one write, TLS would keep all of it encrypted. */
const pieceInBytes = 65_536;

/** Whether a file with this ending can be served. */
export function isAssetType(ending: string): ending is AssetType {
  return Object.hasOwn(contentTypes, ending);
}

/** Sends the file. Its name changes with its content, so browsers may keep it for ever. */
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
  // A client that accepts anything may be a program that decodes nothing.
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
